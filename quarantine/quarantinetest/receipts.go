package quarantinetest

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Alert returns the n-th of any number of targets, for the tests of a product that
// receives alerts. Each names a different message, in one of ten mailboxes in turn. None
// of them exists, and their domains are reserved for tests (RFC 2606).
func Alert(n int) quarantine.Target {
	return quarantine.Target{
		Mailbox:   fmt.Sprintf("user%d@example.test", ((n%10)+10)%10),
		MessageID: fmt.Sprintf("<20261124.%d@evil.example>", n),
		Reason:    "credential phishing",
	}
}

// Receipt returns a receipt as a [quarantine.Service] would have returned it for a target
// with that outcome: the receipt of a quarantine, or of a restore or a search if only
// these have the outcome. It has one item, or none for [quarantine.NotFound]. The item
// has an error unless [quarantine.Outcome.Done] holds for its outcome. The receipt is the
// same each time for the same arguments, with ids that look like those of Exchange and
// belong to nothing; so [quarantine.Service.Restore] accepts it, unless it is that of a
// search, and finds nothing.
//
// If a test changes the receipt, it is up to that test to keep it plausible. Items with
// outcomes that this version of the package does not know are like failed ones.
func Receipt(outcome quarantine.Outcome, t quarantine.Target) *quarantine.Receipt {
	const server, vault = "Head office", "quarantine@example.test"
	began := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	inbox := driver.Folder{ID: exchangeID(t.Mailbox, "inbox"), Path: "/Inbox", Base: "inbox"}
	kept := driver.Folder{ID: exchangeID(vault, "quarantine"), Path: "/Quarantine", Base: "msgfolderroot", Below: "Quarantine"}
	user := quarantine.Place{Mailbox: t.Mailbox, Folder: inbox, ItemID: exchangeID(t.Mailbox, t.MessageID)}
	quarantined := quarantine.Place{Mailbox: vault, Folder: kept, ItemID: exchangeID(vault, t.Mailbox+t.MessageID)}

	r := &quarantine.Receipt{
		Action: "quarantine", Server: server, Target: t, Strategy: "Impersonation", Started: began, Finished: began.Add(1500 * time.Millisecond),
		Items: []quarantine.ReceiptItem{}, Searched: []driver.Searched{{Folder: inbox, Pages: 1, Hits: 1}},
	}
	it := quarantine.ReceiptItem{
		Outcome: outcome, Operation: operationOf(t), Folder: inbox.Path, MessageID: t.MessageID, Class: "IPM.Note", Size: 4711,
		Received: began.Add(-time.Hour), From: user,
	}
	if it.MessageID == "" { // target described by criteria
		it.MessageID = "<20261124@evil.example>"
	}
	switch outcome {
	case quarantine.Quarantined:
		it.Way, it.To = quarantine.WayTransfer, quarantined
	case quarantine.AlreadyQuarantined:
		it.To = quarantined
	case quarantine.Restored, quarantine.AlreadyRestored:
		r.Action, r.Searched = "restore", nil
		it.From, it.To = quarantined, user
		if outcome == quarantine.Restored {
			it.Way = quarantine.WayTransfer
		}
	case quarantine.Found:
		r.Action, it.Operation = "find", ""
	case quarantine.NotFound:
		r.Searched[0].Hits = 0
		return r
	case quarantine.Refused:
		it.Operation, it.Err = "", &quarantine.Failure{Message: "the account may not change the mailbox", Code: "ErrorAccessDenied"}
	case quarantine.Undecided:
		it.Err = &quarantine.Failure{Message: "an upload may still take effect; run it again after 10:15", Transient: true}
	default:
		it.Err = &quarantine.Failure{Message: "the server is busy", Code: "ErrorServerBusy", Transient: true}
	}
	r.Items = append(r.Items, it)
	return r
}

// Failed returns the receipt and the error for a target for which nothing could be done
// at all, such as one in a mailbox that cannot be opened. The error matches the cause. A
// nil cause means that the mailbox cannot be opened.
func Failed(t quarantine.Target, cause error) (*quarantine.Receipt, error) {
	if cause == nil {
		cause = fmt.Errorf("%w: %s", quarantine.ErrUnreachable, t.Mailbox)
	}
	r := &quarantine.Receipt{Action: "quarantine", Server: "Head office", Strategy: "Impersonation", Target: t, Items: []quarantine.ReceiptItem{}}
	if errors.Is(cause, quarantine.ErrInvalid) {
		r.Server, r.Strategy = "", ""
		return r, cause
	}
	return r, &quarantine.ServerError{Server: r.Server, Err: cause}
}

// exchangeID returns an id in the form of Exchange, for something in a mailbox.
func exchangeID(mailbox, what string) string {
	box := sha256.Sum256([]byte(strings.ToLower(mailbox)))
	item := sha256.Sum256([]byte(mailbox + "\x00" + what))
	return "AAMkAD" + base64.StdEncoding.EncodeToString(append(box[:24], item[:]...))
}

// operationOf returns the name of the operation that took a target.
func operationOf(t quarantine.Target) string {
	sum := sha256.Sum256([]byte(t.Mailbox + "\x00" + t.MessageID + "\x00" + t.Criteria.String()))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))
}
