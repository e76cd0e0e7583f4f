package quarantine

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Held is a message that lies in quarantine, as [Service.List] yields it. It is plain
// data with stable JSON names. Subject and Sender were written by an attacker: escape
// them before showing them.
type Held struct {
	// Server is the name of the service: see [Options].
	Server string `json:"server,omitempty"`
	// Operation identifies the item in quarantine permanently: see [driver.Stamp].
	Operation string `json:"operation"`
	// Mailbox and Folder are where it came from, as people see them.
	Mailbox string `json:"mailbox"`
	Folder  string `json:"folder"`

	MessageID string `json:"messageId"`
	Subject   string `json:"subject"` // a long one may be cut, as at 255 characters by Exchange
	// Sender is the address in From or, if the server returns none, the address in
	// Sender or a name. It is empty for an item without a sender.
	Sender string `json:"sender,omitempty"`
	// WasRead reports whether the user had read it.
	WasRead bool `json:"wasRead"`
	// Reach is what else the user had done with it, as far as the item in quarantine
	// still shows: by MIME ([WayMIME]), only the flag is carried along. The receipt of
	// the run that took it has all of it.
	Reach driver.Reach `json:"reach,omitzero"`

	// Reason and Reference come from the [Target]; a long reason is cut.
	Reason    string `json:"reason,omitempty"`
	Reference string `json:"reference,omitempty"`
	// Quarantined is when it was taken, and Received when it had arrived.
	Quarantined time.Time `json:"quarantined"`
	Received    time.Time `json:"received,omitzero"`

	Class string `json:"class"` // such as IPM.Note
	Size  int64  `json:"size"`  // in bytes, as the server counts
	// InPlace means that it is kept in the mailbox itself: see [Options].
	InPlace bool `json:"inPlace,omitempty"`
	// Place is where it is now.
	Place Place `json:"place"`
	// Direction is [driver.ToQuarantine]; [driver.ToUser] if a restore of it is in
	// progress or was interrupted; or [driver.Surplus] for a copy that nobody needs.
	Direction driver.Direction `json:"direction"`

	from Place
}

// Receipt returns a receipt for the message, with which [Service.Restore] and
// [Router.Restore] can put it back. Its target names the message by its Message-ID or,
// if it has none that can be searched for, by the time it was received (or, if that is
// not known, the time it was taken). It does not say that the run which took the message
// has finished: see [Service.Restore].
func (h Held) Receipt() *Receipt {
	from := h.from
	if from.Mailbox == "" { // read from JSON
		from = Place{Mailbox: h.Mailbox, Folder: driver.Folder{Path: h.Folder}, IDs: h.Place.IDs}
	}
	t := Target{Mailbox: h.Mailbox, MessageID: h.MessageID, Reason: h.Reason, Reference: h.Reference}
	if t.Validate() != nil {
		at := h.Received
		if at.IsZero() {
			at = h.Quarantined
		}
		at = at.UTC().Truncate(time.Second)
		t.MessageID, t.Criteria = "", Criteria{Recipient: h.Mailbox, ReceivedAfter: at, ReceivedBefore: at.Add(time.Second)}
	}
	return &Receipt{
		Action: "quarantine", Server: h.Server, Target: t, IDs: h.Place.IDs, InPlace: h.InPlace, Started: h.Quarantined, Finished: h.Quarantined,
		Items: []ReceiptItem{{
			Outcome: AlreadyQuarantined, Operation: h.Operation, Folder: h.Folder, WasRead: h.WasRead, Reach: h.Reach, MessageID: h.MessageID,
			Class: h.Class, Size: h.Size, Received: h.Received, From: from, To: h.Place,
		}},
	}
}

// held describes an item in quarantine for people and programs.
func (s *Service) held(it driver.Item) Held {
	st := it.Stamp
	return Held{
		Server: s.name, Operation: st.Operation, Mailbox: st.Mailbox, Folder: st.Folder.Path,
		MessageID: it.MessageID, Subject: it.Subject, Sender: it.Sender, WasRead: st.Read, Reach: it.Reach,
		Reason: st.Reason, Reference: st.Reference, Quarantined: st.At, Received: it.Received,
		Class: it.Class, Size: it.Size, InPlace: s.inPlace(), Place: s.place(it), Direction: st.Direction, from: origin(*st),
	}
}

// ListRequest says what [Service.List] returns.
type ListRequest struct {
	Mailbox   string // only items from this mailbox; empty: all, except with InPlace of [Options]
	MessageID string // only this message; empty: all
}

// List yields the messages in quarantine, oldest first. An error ends the
// iteration. With InPlace of [Options] the request must name a mailbox.
func (s *Service) List(ctx context.Context, req ListRequest) iter.Seq2[Held, error] {
	return func(yield func(Held, error) bool) {
		if s.inPlace() && req.Mailbox == "" {
			yield(Held{}, errEachMailbox("list"))
			return
		}
		q := driver.Query{Origin: req.Mailbox, MessageID: req.MessageID, Stamped: true}
		found, err := s.inQuarantine(ctx, req.Mailbox, Target{}, q)
		if err == nil && len(found.Items) == 0 {
			// Someone may have renamed or moved the folder, or a policy may have moved
			// its contents.
			q.Archive = true
			found, err = s.search(ctx, s.vaultOf(req.Mailbox), Target{}, unlimited, q)
			found.Items = slices.DeleteFunc(found.Items, unneeded)
		}
		if err != nil {
			yield(Held{}, err)
			return
		}
		slices.SortStableFunc(found.Items, func(a, b driver.Item) int { return a.Stamp.At.Compare(b.Stamp.At) })
		for _, it := range found.Items {
			if !yield(s.held(it), nil) {
				return
			}
		}
		if len(found.Unsearched) > 0 {
			yield(Held{}, (&Receipt{Unsearched: found.Unsearched}).Err())
		}
	}
}
