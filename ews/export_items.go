package ews

import (
	"context"
	"errors"
	"io"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// Exports is the response to ExportItems, streamed from the server as the
// caller reads:
//
//	exports, err := client.ExportItems(ctx, ids)
//	if err != nil { … }
//	defer exports.Close()
//	for exports.Next() {
//		if err := exports.ItemErr(); err != nil { … }
//		_, err := io.Copy(dst, exports.Reader())
//	}
//	err = exports.Err()
//
// The response occupies a slot of the limiter until it is closed or Next returns false.
type Exports struct {
	ids    []ItemID
	a      *answer // nil if the only item was refused
	index  int
	peeked bool // Next was already called internally
	ended  bool // there are no more response messages
	done   bool
	err    error

	depth   int // of the response message
	m       *message
	data    *exportReader
	decoded *base64Reader
	itemErr error
}

// ExportItems returns items as opaque streams that hold every MAPI property, for
// [Client.UploadItems]. The change keys of the ids are not sent. Request at most a
// hundred items per call, and large ones individually.
//
// It needs Exchange 2010 SP1 or later; otherwise the error is
// [ErrUnsupportedVersion].
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/exportitems-operation.
func (c *Client) ExportItems(ctx context.Context, ids []ItemID) (*Exports, error) {
	exports, err := do(ctx, c, exportItems(withoutKeys(ids)))
	if e, ok := errors.AsType[*itemRefused](err); ok {
		return &Exports{ids: withoutKeys(ids), itemErr: e.error, peeked: true}, nil
	}
	return exports, err
}

// exportItems are ids without change keys.
type exportItems []ItemID

func (r exportItems) task() (task, error) {
	t := task{op: OpExportItems, least: Exchange2010SP1, what: "ExportItems", stream: true}
	return t, checkItemIDs("ExportItems argument ids", r)
}

func (r exportItems) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:ExportItems")
	encodeItemIDs(e, r)
	e.Close()
}

// itemRefused is the error of the only item. Within the call it is treated as an error of
// the whole request, so that it is retried in the same way.
type itemRefused struct{ error }

func (e *itemRefused) Unwrap() error { return e.error }

// decode reads the answer up to the data of the first item, and keeps it open.
func (r exportItems) decode(a *answer) (*Exports, error) {
	e := &Exports{ids: r, a: a, index: -1}
	d := a.d
	for d.NextChild(a.depth) {
		if d.Is(xmlwire.SpaceMessages, "ResponseMessages") {
			break
		}
	}
	if d.Err() != nil {
		return nil, a.unreadable(d.Err())
	}
	e.peeked = e.Next()
	switch {
	case !e.peeked:
		return nil, e.err
	case len(r) == 1 && e.itemErr != nil:
		return nil, &itemRefused{e.itemErr}
	}
	a.detached = true
	return e, nil
}

// Next advances to the next item and reports whether there is one. Any unread
// data of the previous item is skipped.
func (e *Exports) Next() bool {
	switch {
	case e.peeked:
		e.peeked = false
		return true
	case e.done:
		return false
	}
	e.leave()
	if e.fatal() {
		return false
	}
	e.data, e.decoded, e.itemErr, e.m = nil, nil, nil, nil
	if e.index++; e.a == nil || e.index == len(e.ids) {
		e.end(e.rest())
		return false
	}
	if e.ended || !e.a.d.NextChild(e.a.depth+1) {
		if e.ended = true; e.fatal() {
			return false
		}
		e.a.line.distrust()
		e.itemErr = e.a.missing()
		return true
	}
	if e.a.d.Local() != string(e.a.op)+"ResponseMessage" {
		e.end(e.a.misfit("a response message of another operation"))
		return false
	}
	e.message()
	return !e.fatal()
}

// leave skips the unread data of the item.
func (e *Exports) leave() {
	if e.data != nil {
		e.data.expire()
		for e.a.d.NextChild(e.depth) {
		}
	}
}

// message reads the current response message up to its data.
func (e *Exports) message() {
	a, d := e.a, e.a.d
	e.depth = d.Depth()
	e.m = &message{class: d.AttrInterned("ResponseClass")}
	for d.NextChild(e.depth) {
		if a.messageHead(e.m) || !e.m.succeeds() {
			continue
		}
		switch d.Local() {
		case "ItemId":
			if err := a.about(e.ids[e.index].ID, decodeItemID(d).ID); err != nil {
				e.end(err)
				return
			}
		case "Data":
			e.data = &exportReader{exports: e, src: d.TextReader(false)}
			return
		}
	}
	if d.Err() != nil {
		return
	}
	if e.itemErr = e.verdict(); e.itemErr == nil {
		e.itemErr = a.malformed("a response message reports success without Data")
	}
}

// verdict returns nil if the response message that was read reports success.
func (e *Exports) verdict() error {
	err, ok := e.a.outcome(e.m, "")
	e.a.messages++
	if !ok {
		return e.a.malformed("a response message reports neither success nor failure")
	}
	return err
}

// settle reads what follows an item's data: the rest of its response message
// and, if it is the last one, of the whole answer.
func (e *Exports) settle() error {
	if err := e.between(e.depth); err != nil {
		return err
	}
	if err := e.verdict(); err != nil {
		return err
	}
	if e.index < len(e.ids)-1 {
		return nil
	}
	e.end(e.rest())
	return e.err
}

// rest reads from after the last response message to the end of the answer.
func (e *Exports) rest() error {
	if e.a == nil || e.done {
		return nil
	}
	a := e.a
	for depth := a.d.Depth(); depth > 0; depth-- {
		if err := e.between(depth); err != nil {
			return err
		}
	}
	if err := a.d.Finish(); err != nil {
		return e.unreadable(err)
	}
	return nil
}

// end ends the loop.
func (e *Exports) end(err error) {
	e.done = true
	e.err = err
	if e.a != nil {
		e.a.close(err)
	}
}

// fatal ends the loop if the answer cannot be read any further, and reports
// whether the loop has ended.
func (e *Exports) fatal() bool {
	if e.a == nil || e.done || e.a.d.Err() == nil {
		return e.done
	}
	e.end(e.unreadable(e.a.d.Err()))
	return true
}

// Index returns the position of the item among those requested.
func (e *Exports) Index() int { return max(e.index, 0) }

// ID returns the id of the item as requested.
func (e *Exports) ID() ItemID { return e.ids[min(e.Index(), len(e.ids)-1)] }

// ItemErr returns the error of the item, or nil if it has data.
func (e *Exports) ItemErr() error { return e.itemErr }

// Reader returns the data as the base64 text that the server sent, without white space,
// ready for a [Content] with Base64 set. Instead of io.EOF it returns an error matching
// [ErrTruncated] if the data ends in the server's truncation marker, and another error if
// the response breaks off. The reader is valid until the next call of Next or Close.
func (e *Exports) Reader() io.Reader {
	if e.data == nil {
		return failedReader{e.noData()}
	}
	return e.data
}

// Decoded returns the decoded data, under the same conditions as Reader. Only one of
// Reader and Decoded can be used for an item.
func (e *Exports) Decoded() io.Reader {
	if e.data == nil {
		return failedReader{e.noData()}
	}
	if e.decoded == nil {
		e.decoded = newBase64Reader(e.data, func(err error) error { return e.a.malformed("Data: " + err.Error()) })
	}
	return e.decoded
}

func (e *Exports) noData() error {
	if e.itemErr != nil {
		return e.itemErr
	}
	return errors.New("ews: the item has no data: call Exports.Next first")
}

type failedReader struct{ err error }

func (r failedReader) Read([]byte) (int, error) { return 0, r.err }

// Err returns the error that ended the loop, if any. A response that lacks a well-formed
// end is such an error.
func (e *Exports) Err() error { return e.err }

// Close ends the call. It does nothing once Next has returned false.
func (e *Exports) Close() error {
	if e.data != nil {
		e.data.expire()
	}
	e.peeked, e.done = false, true
	if e.a != nil {
		e.a.close(nil)
	}
	return nil
}
