package ewsmail

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// reserver is a limiter that can give places for calls in flight together.
type reserver interface {
	Reserve(ctx context.Context, payers ...string) (context.Context, func(), error)
}

// carryByTransfer exports the item from one mailbox and uploads it to the
// other. The export goes from the one answer straight into the other request.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/exporting-and-importing-items-by-using-ews-in-exchange.
func carryByTransfer(ctx context.Context, from, to *mailbox, c driver.Carriage) (driver.Carried, error) {
	ctx, done, err := from.x.reserve(ctx, from, to)
	if err != nil {
		return driver.Carried{}, err
	}
	defer done()

	source := &exportSource{client: from.client, id: ews.ItemID{ID: c.Item.ID}}
	defer source.close()
	// The export is opened before the upload begins, so that an item that
	// cannot be exported costs no upload.
	first, err := source.open(ctx)
	if err != nil {
		return driver.Carried{}, asGone(err)
	}
	upload := ews.UploadItem{
		Parent: ews.FolderID{ID: c.Folder.ID},
		Data: ews.Content{Size: -1, Base64: true, Open: func() (io.ReadCloser, error) {
			if first != nil {
				r := first
				first = nil
				return r, nil
			}
			return source.open(ctx) // the request is put on the wire once more
		}},
	}
	results, err := to.client.UploadItems(ctx, []ews.UploadItem{upload})
	if source.failed != nil {
		// The upload broke off because the export did.
		return driver.Carried{}, exportFailed{asGone(source.failed)}
	}
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return driver.Carried{}, asGone(err)
	}
	return driver.Carried{ItemID: results[0].Value.ID}, nil
}

// exportFailed is an upload that the server never had the whole of.
type exportFailed struct{ error }

// Unwrap returns why the export failed.
func (e exportFailed) Unwrap() error { return e.error }

// Error returns the reason.
func (e exportFailed) Error() string {
	return fmt.Sprintf("the export broke off, so nothing was uploaded: %v", e.error)
}

// NotExecuted reports that the server cannot have made an item: a request that
// ends early is no request.
func (exportFailed) NotExecuted() bool { return true }

// Temporary reports whether another try may succeed.
func (e exportFailed) Temporary() bool {
	return errors.Is(e.error, ews.ErrTruncated) || ews.IsTransient(e.error) || ews.IsThrottled(e.error)
}

// exportSource gives the export of one item as often as it is asked for, one at
// a time.
type exportSource struct {
	client  *ews.Client
	id      ews.ItemID
	exports *ews.Exports
	failed  error
}

func (s *exportSource) open(ctx context.Context) (io.ReadCloser, error) {
	s.close()
	s.failed = nil
	exports, err := s.client.ExportItems(ctx, []ews.ItemID{s.id})
	if err != nil {
		return nil, err
	}
	s.exports = exports
	if !exports.Next() {
		err := exports.Err()
		if err == nil {
			err = errors.New("the server exported nothing")
		}
		return nil, err
	}
	if err := exports.ItemErr(); err != nil {
		return nil, err
	}
	return s, nil
}

// Read reads from the export and remembers why it failed.
func (s *exportSource) Read(p []byte) (int, error) {
	n, err := s.exports.Reader().Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.failed = err
	}
	return n, err
}

// Close ends one reading; the export itself ends with the next, or with the
// transfer.
func (s *exportSource) Close() error { return nil }

func (s *exportSource) close() {
	if s.exports != nil {
		s.exports.Close()
		s.exports = nil
	}
}

// reserve takes places for a call in each of two mailboxes.
func (x *organisation) reserve(ctx context.Context, from, to *mailbox) (context.Context, func(), error) {
	if x.reserver == nil {
		return ctx, func() {}, nil
	}
	if x.delegate {
		return x.reserver.Reserve(ctx, x.payer, x.payer)
	}
	return x.reserver.Reserve(ctx, from.address, to.address)
}
