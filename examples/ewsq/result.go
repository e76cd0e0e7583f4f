package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Outcomes in addition to those of package quarantine, for addresses that cannot be
// searched.
const (
	// outside: the address has no mailbox on these servers, so a copy there stays there.
	outside quarantine.Outcome = "outside"
	// unknown: the address may stand for recipients that are not known.
	unknown quarantine.Outcome = "unknown"
)

func isAside(o quarantine.Outcome) bool { return o == outside || o == unknown }

// result is the line that reports what became of one target.
type result struct {
	Server    string `json:"server,omitempty"`
	Mailbox   string `json:"mailbox"`
	MessageID string `json:"messageId"` // empty if the message is described by criteria
	// Criteria describe the message instead.
	Criteria quarantine.Criteria `json:"criteria,omitzero"`
	Outcome  quarantine.Outcome  `json:"outcome"`
	Strategy string              `json:"strategy"`
	// Way is how the first copy was carried; the receipt has the others.
	Way     quarantine.Way      `json:"way,omitempty"`
	Copies  int                 `json:"copies"` // found, each with its own outcome in the receipt
	Error   string              `json:"error,omitempty"`
	origin                      // where the target comes from if it was not named
	Receipt *quarantine.Receipt `json:"receipt,omitempty"`

	single bool // there is only one server, so it need not be named
}

// origin explains why there is a target that was not named.
type origin struct {
	Group   string   `json:"group,omitempty"`   // the mailbox is a member of this group
	Forward *forward `json:"forward,omitempty"` // the message was forwarded
}

// forward describes how a message reached a mailbox that was not named.
type forward struct {
	From   string              `json:"from"`   // mailbox that forwarded it
	Parent string              `json:"parent"` // Message-ID of the forwarded message
	By     driver.ForwardTrace `json:"by,omitempty"`
	Depth  int                 `json:"depth,omitempty"`
}

// resultOf sums up what became of a target. If there is an error, the receipt only names the
// target.
func resultOf(receipt *quarantine.Receipt, err error) result {
	t := receipt.Target
	r := result{
		Server: receipt.Server, Mailbox: t.Mailbox, MessageID: t.MessageID, Criteria: t.Criteria, Strategy: receipt.Strategy,
	}
	if e, ok := err.(*quarantine.ServerError); ok { // only at the top: deeper, the name tells servers apart
		r.Server, err = e.Server, e.Err
	}
	if errors.Is(err, context.Canceled) {
		err = interrupted(err)
	}
	if err != nil {
		r.Error, r.Outcome = err.Error(), quarantine.NotBegun
		if refused(err) {
			r.Outcome = quarantine.Refused
		}
		return r
	}
	r.Receipt, r.Outcome, r.Copies = receipt, receipt.Outcome(), len(receipt.Items)
	for _, it := range receipt.Items {
		if r.Way == "" {
			r.Way = it.Way
		}
	}
	if err := receipt.Err(); err != nil {
		r.Error = err.Error()
		if r.Outcome != quarantine.Refused && r.Outcome != quarantine.Undecided && r.Outcome != quarantine.NotBegun {
			r.Outcome = quarantine.Failed // some folder was not searched, so there may be more copies
		}
	}
	return r
}

// errNotBegun reports that a target was not touched because the run ended.
var errNotBegun = errors.New("not started: the run was interrupted; run it again")

// interrupted explains an error that an interrupt caused.
func interrupted(err error) error {
	if err == context.Canceled || errors.Is(err, quarantine.ErrNotBegun) { // while waiting for its turn
		return errNotBegun
	}
	return fmt.Errorf("interrupted; run it again: %w", err)
}

// refused reports whether an error means that something is not allowed or does not
// exist, rather than that it failed.
func refused(err error) bool {
	for _, kind := range []error{quarantine.ErrInvalid, quarantine.ErrUnreachable, quarantine.ErrTooManyHits, quarantine.ErrProtected} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// ok reports whether there is nothing left to do.
func (r result) ok() bool { return r.Error == "" }

// lines returns the result as lines for people: one for the target and, after a search or
// with criteria, one for each copy.
func (r result) lines() []string {
	what := r.MessageID
	if !r.Criteria.IsZero() {
		what = r.Criteria.String()
	}
	var head strings.Builder
	fmt.Fprintf(&head, "%s %s: %s", r.Mailbox, what, words(r.Outcome))
	if r.Receipt != nil && r.Receipt.DryRun && r.Outcome == quarantine.Found {
		head.WriteString(", would be taken")
	}
	if r.Server != "" && !r.single {
		head.WriteString(" on " + r.Server)
	}
	switch {
	case r.Group != "":
		head.WriteString(", of the group " + r.Group)
	case r.Forward != nil:
		fmt.Fprintf(&head, ", sent on by %s (%s)", r.Forward.From, r.Forward.Parent)
	}
	var below []string
	if r.Receipt != nil {
		apart := r.Receipt.DryRun || r.Receipt.Action == "find" || !r.Criteria.IsZero()
		for i, it := range r.Receipt.Items {
			switch {
			case apart:
				below = append(below, "    "+r.describe(it, true))
			case i == 0:
				head.WriteString(", " + r.describe(it, false))
			default:
				head.WriteString("; " + r.describe(it, false))
			}
		}
		for _, note := range r.Receipt.Notes {
			below = append(below, "    note: "+note)
		}
	}
	if problem := r.problem(); problem != "" {
		head.WriteString(": " + strings.ReplaceAll(problem, "\n", "; "))
	}
	return append([]string{head.String()}, below...)
}

// problem returns the error for people. If several folders were not searched they are only
// counted: the report lists them with the cause.
func (r result) problem() string {
	if r.Receipt == nil || len(r.Receipt.Unsearched) < 2 {
		return r.Error
	}
	ofCopies := quarantine.Receipt{Items: r.Receipt.Items}
	var folders strings.Builder
	folders.WriteString(count(len(r.Receipt.Unsearched), "folder") + " were not searched")
	for _, u := range r.Receipt.Unsearched {
		if u.Folder.Path == "" && u.Cause == quarantine.CauseUndecided {
			folders.WriteString("\n" + u.Reason) // says what to do
		}
	}
	if err := ofCopies.Err(); err != nil {
		return err.Error() + "\n" + folders.String()
	}
	return folders.String()
}

// describe describes a copy, in more detail if whole is set.
func (r result) describe(it quarantine.ReceiptItem, whole bool) string {
	var b strings.Builder
	b.WriteString(place(it) + readState(it.WasRead))
	if whole {
		if !it.Received.IsZero() {
			fmt.Fprintf(&b, ", received %s", clock(it.Received))
		}
		if it.Size > 0 {
			fmt.Fprintf(&b, ", %d kB", (it.Size+999)/1000)
		}
		fmt.Fprintf(&b, ", %s", it.MessageID)
	}
	if it.Way != "" {
		fmt.Fprintf(&b, ", by %s", it.Way)
	}
	if it.Outcome != r.Outcome {
		fmt.Fprintf(&b, " (%s)", words(it.Outcome))
	}
	if it.Residue != "" {
		fmt.Fprintf(&b, " [left behind: %s]", it.Residue)
	}
	return b.String()
}

// place returns the folder in the user's mailbox that an item was in or is in, followed by a
// blank, or nothing if the server did not tell.
func place(it quarantine.ReceiptItem) string {
	if it.Folder == "" {
		return ""
	}
	return it.Folder + " "
}

func readState(read bool) string {
	if read {
		return "read"
	}
	return "unread"
}

// words returns an outcome in plain words.
func words(o quarantine.Outcome) string {
	switch o {
	case quarantine.AlreadyQuarantined:
		return "already quarantined"
	case quarantine.AlreadyRestored:
		return "already restored"
	case quarantine.NotFound:
		return "not found"
	case quarantine.NotBegun:
		return "not begun"
	case outside:
		return "no mailbox here"
	case unknown:
		return "not fully known"
	}
	return string(o)
}
