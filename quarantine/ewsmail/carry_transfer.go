package ewsmail

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// reserver is a limiter that can reserve several concurrent calls.
type reserver interface {
	Reserve(ctx context.Context, payers ...string) (context.Context, func(), error)
}

// carryByTransfer exports the item from one mailbox and uploads it to the other.
// It streams the answer to the export into the upload request.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/exporting-and-importing-items-by-using-ews-in-exchange.
func carryByTransfer(ctx context.Context, from, to *mailbox, c driver.Carriage) (driver.Carried, error) {
	ctx, done, err := from.x.reserve(ctx, from, to)
	if err != nil {
		return driver.Carried{}, err
	}
	defer done()

	source := &exportSource{client: from.client, id: ews.ItemID{ID: c.Item.ID}}
	defer source.close()
	// Open the export first: an item that cannot be exported then costs no
	// upload.
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
			return source.open(ctx) // the request is sent again
		}},
	}
	results, err := to.client.UploadItems(ctx, []ews.UploadItem{upload})
	if source.failed != nil {
		// The upload failed because the export did.
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

// exportFailed is the error of an upload that was cut off because its source
// failed.
type exportFailed struct{ error }

// Unwrap returns why the export failed.
func (e exportFailed) Unwrap() error { return e.error }

// Error returns the reason.
func (e exportFailed) Error() string {
	return fmt.Sprintf("the export failed midway, so nothing was uploaded: %v", e.error)
}

// NotExecuted reports that the server cannot have created an item: it discards an
// incomplete request.
func (exportFailed) NotExecuted() bool { return true }

// Temporary reports whether another attempt may succeed.
func (e exportFailed) Temporary() bool {
	return errors.Is(e.error, ews.ErrTruncated) || ews.IsTransient(e.error) || ews.IsThrottled(e.error)
}

// exportSource exports one item, repeatedly if necessary, with one export open at
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

// Close does nothing: the next open closes the export, or the end of the
// transfer.
func (s *exportSource) Close() error { return nil }

func (s *exportSource) close() {
	if s.exports != nil {
		s.exports.Close()
		s.exports = nil
	}
}

// reserve reserves a call in each of two mailboxes.
func (x *organisation) reserve(ctx context.Context, from, to *mailbox) (context.Context, func(), error) {
	if x.reserver == nil {
		return ctx, func() {}, nil
	}
	if x.delegate {
		return x.reserver.Reserve(ctx, x.payer, x.payer)
	}
	return x.reserver.Reserve(ctx, from.address, to.address)
}
