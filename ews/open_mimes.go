package ews

import (
	"context"
	"errors"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// MIMEs is the MIME form of several items, streamed from the server as the caller
// reads:
//
//	mimes, err := client.OpenMIMEs(ctx, ids)
//	if err != nil { … }
//	defer mimes.Close()
//	for mimes.Next() {
//		if err := mimes.ItemErr(); err != nil { … }
//		_, err := io.Copy(dst, mimes.MIME())
//	}
//	err = mimes.Err()
//
// The response occupies a slot of the limiter until it is closed or Next returns false.
type MIMEs struct {
	ids    []ItemID
	a      *answer // nil if the only item was refused
	index  int
	peeked bool // Next was already called internally
	ended  bool // there are no more response messages
	done   bool
	err    error

	element string // of the response message, with the item in it
	find    func(*MIME) bool
	depth   int // of the response message
	m       *message
	mime    *MIME
	itemErr error
}

// OpenMIMEs returns the MIME form of items of one mailbox as streams, one after the other
// in the order requested. The change keys of the ids are not sent. Request about ten
// items per call, as servers recommend, and large ones individually. See
// [Client.OpenMIME] for how servers rebuild a message.
//
// The caller must close the streams.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/mimecontent.
func (c *Client) OpenMIMEs(ctx context.Context, ids []ItemID) (*MIMEs, error) {
	mimes, err := do(ctx, c, openMIMEs(withoutKeys(ids)))
	if e, ok := errors.AsType[*itemRefused](err); ok {
		return &MIMEs{ids: withoutKeys(ids), itemErr: e.error, peeked: true}, nil
	}
	return mimes, err
}

type openMIMEs []ItemID

func (r openMIMEs) task() (task, error) {
	return task{op: OpGetItem, stream: true}, checkItemIDs("OpenMIMEs argument ids", r)
}

func (r openMIMEs) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:GetItem")
	e.Open("m:ItemShape")
	e.Leaf("t:BaseShape", string(ShapeIDOnly))
	e.Bool("t:IncludeMimeContent", true)
	e.Close()
	encodeItemIDs(e, r)
	e.Close()
}

func (r openMIMEs) decode(a *answer) (*MIMEs, error) {
	s := &MIMEs{ids: r, a: a, index: -1, element: "Items", find: (*MIME).find}
	if err := s.begin(); err != nil {
		return nil, err
	}
	return s, nil
}

// begin reads the answer up to the content of the first item, and keeps it open.
func (s *MIMEs) begin() error {
	a, d := s.a, s.a.d
	for d.NextChild(a.depth) {
		if d.Is(xmlwire.SpaceMessages, "ResponseMessages") {
			break
		}
	}
	if d.Err() != nil {
		return a.unreadable(d.Err())
	}
	s.peeked = s.Next()
	switch {
	case !s.peeked:
		return s.err
	case len(s.ids) == 1 && s.itemErr != nil:
		return &itemRefused{s.itemErr}
	}
	a.detached = true
	return nil
}

// Next advances to the next item and reports whether there is one. Any unread content of
// the previous item is skipped.
func (s *MIMEs) Next() bool {
	switch {
	case s.peeked:
		s.peeked = false
		return true
	case s.done:
		return false
	}
	if s.mime != nil {
		if err := s.mime.skip(); err != nil {
			s.end(err)
			return false
		}
	}
	s.mime, s.itemErr, s.m = nil, nil, nil
	if s.index++; s.a == nil || s.index == len(s.ids) {
		s.end(s.rest())
		return false
	}
	if s.ended || !s.a.d.NextChild(s.a.depth+1) {
		if s.ended = true; s.broken() {
			return false
		}
		s.a.line.distrust()
		s.itemErr = s.a.missing()
		return true
	}
	if s.a.d.Local() != string(s.a.op)+"ResponseMessage" {
		s.end(s.a.misfit("a response message of another operation"))
		return false
	}
	s.message()
	return !s.broken()
}

// message reads the current response message up to the content of its item.
func (s *MIMEs) message() {
	a, d := s.a, s.a.d
	s.depth = d.Depth()
	s.m = &message{class: d.AttrInterned("ResponseClass")}
	for d.NextChild(s.depth) {
		if !a.messageHead(s.m) && d.Local() == s.element && s.m.succeeds() && d.NextChild(d.Depth()) {
			m := &MIME{ItemID: s.ids[s.index], s: s, item: d.Depth(), what: "MimeContent"}
			if s.find(m) {
				s.mime = m
				return
			}
		}
	}
	if d.Err() != nil {
		return
	}
	if s.itemErr = s.verdict(); s.itemErr == nil {
		s.itemErr = a.malformed("a response message reports success without content")
	}
}

// verdict returns nil if the response message that was read reports success.
func (s *MIMEs) verdict() error {
	refusal, ok := s.a.outcome(s.m, "")
	if !ok {
		return s.a.malformed("a response message reports neither success nor failure")
	}
	s.a.messages++
	return refusal
}

// settle reads what follows the content of an item: the rest of its response message and,
// if it is the last one, of the whole answer.
func (s *MIMEs) settle(m *MIME) error {
	a, d := s.a, s.a.d
	named := false
	for d.NextChild(m.item) {
		if d.Local() == "ItemId" && !m.ItemID.IsZero() { // which follows the content
			id := decodeItemID(d).ID
			named = theItem(m.ItemID.ID, id)
			if err := a.about(m.ItemID.ID, id); err != nil {
				return err
			}
		}
	}
	for d.NextChild(s.depth) {
		a.messageHead(s.m)
	}
	if err := d.Err(); err != nil {
		return a.unreadable(err)
	}
	if err := s.verdict(); err != nil {
		return err
	}
	if !named && len(s.ids) > 1 {
		return a.misfit("it does not say which of several items it is about")
	}
	if s.index < len(s.ids)-1 {
		return nil
	}
	err := s.rest()
	s.end(err)
	return err
}

// rest reads from after the last response message to the end of the answer.
func (s *MIMEs) rest() error {
	if s.a == nil || s.done {
		return nil
	}
	if !s.ended && s.a.d.NextChild(s.a.depth+1) {
		return s.a.misfit("more response messages than requested")
	}
	return s.a.finish()
}

// end ends the loop.
func (s *MIMEs) end(err error) {
	if s.done {
		return
	}
	s.done, s.err = true, err
	if s.a != nil {
		s.a.close(err)
	}
}

// broken ends the loop if the answer cannot be read any further, and reports whether the
// loop has ended.
func (s *MIMEs) broken() bool {
	if s.a == nil || s.done || s.a.d.Err() == nil {
		return s.done
	}
	s.end(s.a.unreadable(s.a.d.Err()))
	return true
}

// Index returns the position of the item among those requested.
func (s *MIMEs) Index() int { return max(s.index, 0) }

// ItemErr returns the error of the item, or nil if it has MIME.
func (s *MIMEs) ItemErr() error { return s.itemErr }

// MIME returns the MIME of the item, or nil if it has none. It is valid until the next
// call of Next or Close.
func (s *MIMEs) MIME() *MIME { return s.mime }

// Err returns the error that ended the loop, if any. A response that lacks a well-formed
// end is such an error.
func (s *MIMEs) Err() error { return s.err }

// Close ends the call. It does nothing once Next has returned false.
func (s *MIMEs) Close() error {
	if s.mime != nil {
		s.mime.expire()
	}
	s.peeked = false
	if !s.done {
		s.done = true
		if s.a != nil {
			s.a.close(nil)
		}
	}
	return nil
}
