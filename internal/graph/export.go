package graph

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// ErrTruncated reports that an export was cut off.
var ErrTruncated = errors.New("the export is cut off")

// Export is a whole item, with all its MAPI properties, as base64 text that is read as it
// arrives. It must be closed.
type Export struct {
	a    *answer
	in   *jsonStream
	data *jsonString
	text base64Check

	asked, named string // ids of the item
	failed       *Error // of the item
	err          error  // of Read, once it has ended
}

// ExportItem exports one item of the mailbox with the given id from [Mailbox.ExchangeID].
// One item per request allows its text to be streamed. An error that Graph reports for
// the item is an [*Error]. See
// https://learn.microsoft.com/en-us/graph/api/mailbox-exportitems.
// See https://learn.microsoft.com/en-us/graph/api/mailbox-exportitems.
func (m Mailbox) ExportItem(ctx context.Context, exchangeID, itemID string) (*Export, error) {
	k := write("exportItems", m.payer, http.MethodPost, to("/admin/exchange/mailboxes", exchangeID, "exportItems"),
		map[string]any{"itemIds": []string{itemID}}, http.StatusOK)
	k.read, k.limit = true, maxStream
	if itemID == "" {
		k.route.err = errNoID
	}
	a, err := m.client.do(ctx, k)
	if err != nil {
		return nil, err
	}
	e := &Export{a: a, in: &jsonStream{bufio.NewReaderSize(a.body, 32<<10)}, asked: itemID}
	if err := e.open(); err != nil {
		err = e.problem(err)
		a.close()
		return nil, err
	}
	return e, nil
}

// Read reads the text. It returns [io.EOF] only if the whole answer was valid. Any other
// error is an [*Error].
func (e *Export) Read(p []byte) (int, error) {
	if e.err != nil || len(p) == 0 {
		return 0, e.err
	}
	n, err := e.data.Read(p)
	if bad := e.text.add(p[:n]); bad != nil {
		n, err = 0, bad
	}
	switch {
	case err == io.EOF:
		if err = e.end(); err == nil {
			e.err = io.EOF
			return n, io.EOF
		}
		n = 0
		fallthrough
	case err != nil:
		e.err = e.problem(err)
		return n, e.err
	}
	return n, nil
}

// Close ends the request.
func (e *Export) Close() error {
	e.a.close()
	return nil
}

func (e *Export) problem(err error) error {
	if refused, ok := err.(*Error); ok {
		e.a.failed = refused
		return refused
	}
	return e.a.broken(err)
}

// open reads up to the text.
func (e *Export) open() error {
	if _, err := e.in.take("{"); err != nil {
		return err
	}
	for {
		key, err := e.in.key()
		if err != nil {
			return err
		}
		if strings.EqualFold(key, "value") {
			break
		}
		if more, err := e.skip("}"); err != nil || !more {
			return errors.Join(err, errJSON)
		}
	}
	if _, err := e.in.take("["); err != nil {
		return err
	}
	if c, err := e.in.take("{]"); err != nil || c == ']' {
		return errors.Join(err, errors.New("the server exported nothing"))
	}
	found, err := e.item()
	if err == nil && !found {
		err = e.lacking()
	}
	return err
}

// lacking returns the error of an item without a text.
func (e *Export) lacking() error {
	if e.failed != nil {
		return e.failed
	}
	return errors.New("the server says neither what the item is nor why not")
}

// skip takes a value that does not matter, and reports whether another member precedes
// the end.
func (e *Export) skip(end string) (more bool, err error) {
	if _, err := e.in.value(false); err != nil {
		return false, err
	}
	c, err := e.in.take("," + end)
	return c == ',', err
}

// item reads members of the item, up to the text or to the end of the item. It reports
// whether there is a text.
func (e *Export) item() (bool, error) {
	for {
		key, err := e.in.key()
		if err != nil {
			return false, err
		}
		c, err := e.in.next()
		if err != nil {
			return false, cut(err)
		}
		switch {
		case strings.EqualFold(key, "data") && c == '"':
			_, err = e.in.take(`"`)
			if err == nil && e.data != nil {
				err = errJSON // a second one
			}
			e.data = &jsonString{s: e.in}
			return true, err
		case strings.EqualFold(key, "itemId") && c == '"':
			e.named, err = e.in.text()
		case strings.EqualFold(key, "error") && c == '{':
			err = e.fail()
		default:
			_, err = e.in.value(false)
		}
		if err != nil {
			return false, err
		}
		if c, err := e.in.take(",}"); err != nil || c == '}' {
			return false, err
		}
	}
}

// fail reads the reason why the item was not exported.
func (e *Export) fail() error {
	text, err := e.in.value(true)
	if err != nil {
		return err
	}
	var w wireError
	if json.Unmarshal(text, &w) != nil {
		return errJSON
	}
	e.failed = &Error{Operation: e.a.call.op, Status: e.a.status, RequestID: e.a.spent.RequestID, read: true, part: true}
	e.failed.from(&w)
	if e.failed.Code == "" {
		e.failed.Code = "unknown"
	}
	return nil
}

// end reads what follows the text: it must be the rest of a single item, the requested
// one, and the end of the answer.
func (e *Export) end() error {
	if err := e.text.end(); err != nil {
		return err
	}
	c, err := e.in.take(",}")
	if err == nil && c == ',' {
		var again bool
		if again, err = e.item(); again && err == nil {
			err = errJSON
		}
	}
	switch {
	case err != nil:
		return err
	case e.failed != nil:
		return e.failed
	case e.named != "" && !sameID(e.named, e.asked):
		return errMisfit
	}
	if c, err = e.in.take(",]"); err != nil {
		return err
	} else if c == ',' {
		return errMisfit // only one was requested
	}
	for {
		if c, err = e.in.take(",}"); err != nil {
			return err
		}
		if c == '}' {
			break
		}
		key, err := e.in.key()
		if err != nil {
			return err
		}
		if strings.EqualFold(key, "error") {
			return errors.New("the answer ends with an error")
		}
		if _, err := e.in.value(false); err != nil {
			return err
		}
	}
	if _, err := e.in.next(); err != io.EOF {
		return errors.Join(err, errJSON)
	}
	return nil
}
