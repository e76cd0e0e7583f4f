package quarantine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Exported is what [Service.Export] has written.
type Exported struct {
	Size   int64  `json:"size"`   // in bytes
	SHA256 string `json:"sha256"` // of these bytes, in hexadecimal
	// Rendering means that the server generated the bytes from the properties that it
	// keeps. They are not the bytes that the sender sent, and the next export may differ.
	// It is always true.
	Rendering bool `json:"rendering"`
}

// ErrTruncated reports that the server returned only part of a message.
var ErrTruncated = errors.New("quarantine: the server has cut the message off")

// Export writes a message that lies in quarantine, in MIME form (RFC 5322), as a stream:
// it is not held in memory. Nothing is changed. The message is recognised by its operation,
// wherever it is in the quarantine mailbox now. The error matches [ErrGone] if it has left
// quarantine, [ErrTruncated] if what was written is not whole, and
// [errors.ErrUnsupported] if the strategy cannot read messages.
//
// The content was written by an attacker: a mail program that opens it does what it says.
func (s *Service) Export(ctx context.Context, h Held, w io.Writer) (Exported, error) {
	reader, ok := driver.As[driver.Searcher](s.vaultOf(h.Mailbox))
	if !ok {
		return Exported{}, fmt.Errorf("the strategy %q cannot read messages: %w", s.strategy.Name(), errors.ErrUnsupported)
	}
	items, err := s.byOperation(ctx, h, false)
	if err != nil {
		return Exported{}, err
	}
	body, err := reader.Open(ctx, items[0])
	if err != nil {
		return Exported{}, fmt.Errorf("reading the message: %w", err)
	}
	defer body.Close()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), body)
	if err != nil {
		return Exported{}, fmt.Errorf("reading the message: %w", err)
	}
	if cut, ok := body.(interface{ Truncated() bool }); ok && cut.Truncated() {
		return Exported{}, ErrTruncated
	}
	return Exported{Size: n, SHA256: hex.EncodeToString(sum.Sum(nil)), Rendering: true}, nil
}

// byOperation returns the items in quarantine that have the operation of a message, at
// least one, starting with the message's own item. Surplus copies are left out, unless the
// message is one. It looks below the quarantine folder, and in the whole mailbox if it
// finds nothing there or all are wanted.
func (s *Service) byOperation(ctx context.Context, h Held, all bool) ([]driver.Item, error) {
	if !driver.ValidOperation(h.Operation) {
		return nil, driver.Invalid("held", "operation", "is not one that quarantine gives; take it from a list of what is in quarantine, or from a receipt")
	}
	q := driver.Query{Operation: h.Operation, Stamped: true}
	var found driver.Findings
	var err error
	if !all {
		found, err = s.inQuarantine(ctx, h.Mailbox, Target{}, q)
	}
	if err == nil && len(found.Items) == 0 && len(found.Unsearched) == 0 {
		found, err = s.search(ctx, s.vaultOf(h.Mailbox), Target{}, unlimited, q) // somebody has moved it
	}
	if err != nil {
		return nil, err
	}
	var items []driver.Item
	for _, it := range found.Items {
		switch {
		case it.Stamp == nil || it.Stamp.Operation != h.Operation || unneeded(it) && h.Direction != driver.Surplus:
		case s.owns(h.Place) && it.ID == h.Place.ItemID:
			items = append([]driver.Item{it}, items...)
		default:
			items = append(items, it)
		}
	}
	switch {
	case len(found.Unsearched) > 0 && (all || len(items) == 0):
		return nil, (&Receipt{Unsearched: found.Unsearched}).Err()
	case len(items) > 0:
		return items, nil
	}
	return nil, fmt.Errorf("%w: the message has left quarantine", ErrGone)
}

// Export is [Service.Export] on the server that the message names or, if it names none,
// on the only one.
func (r *Router) Export(ctx context.Context, h Held, w io.Writer) (Exported, error) {
	rt, err := r.of(&Receipt{Server: h.Server, Target: Target{Mailbox: h.Mailbox}})
	if err != nil {
		return Exported{}, err
	}
	out, err := rt.service.Export(ctx, h, w)
	return out, onServer(rt, err)
}
