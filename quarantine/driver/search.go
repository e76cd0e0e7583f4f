package driver

import (
	"context"
	"io"
	"time"
)

// Criteria is what is asked of a message whose Message-ID is not known, as plain
// data: the engine has checked it, and decides what matches. All that is set must
// hold.
type Criteria struct {
	Sender    string // address in From or Sender
	Recipient string // address in To, Cc or Bcc

	// Subject is compared without regard to case, to blanks around it and to how
	// many stand between words; SubjectMatch says how.
	Subject      string
	SubjectMatch SubjectMatch

	// ReceivedAfter and ReceivedBefore bound when the message was received, to
	// the second: at or after the one, before the other.
	ReceivedAfter  time.Time
	ReceivedBefore time.Time

	AttachmentName   string // whole name of an attachment, in any case
	AttachmentSHA256 string // of its content, in hexadecimal
	URL              string // that the text leads to
}

// SubjectMatch says how a subject is compared.
type SubjectMatch string

// Ways to compare a subject.
const (
	SubjectExact    SubjectMatch = "exact"
	SubjectPrefix   SubjectMatch = "prefix"
	SubjectContains SubjectMatch = "contains"
)

// CutLength is the length in characters from which on the engine takes a text of
// an item, such as its subject, for one that may have been cut. The properties of
// a stamp are shorter.
const CutLength = 255

// Searcher is a [Mailbox] that can be searched by criteria. Without it, targets
// that have them are refused.
type Searcher interface {
	// Candidates calls visit with each message that a query asks for and that may
	// match the criteria: none that matches is left out, others may be among
	// them. What the server decides well it is asked for; the engine sifts the
	// rest, and counts. Visit may call other methods of the mailbox. An error of
	// visit ends the search and is returned as it is.
	//
	// The findings have no items, only where it was looked.
	Candidates(ctx context.Context, filter Criteria, q Query, visit func(Candidate) error) (Findings, error)

	// Open returns the message in its MIME form, to be read once and closed. The
	// error matches [ErrGone] if it is gone.
	Open(ctx context.Context, it Item) (io.ReadCloser, error)
}

// Candidate is a message that may match criteria, with what they ask about.
type Candidate struct {
	// Item is the message as Find returns it, with its attachments if the
	// criteria ask about them.
	Item Item
	// Senders are whom it is from and who sent it, and Recipients those in To, Cc
	// and Bcc, if the criteria ask about them.
	Senders, Recipients []Party
	// Err: what the criteria ask about could not be read. The engine reports the
	// message as one that it could not decide on. If the error matches [ErrGone],
	// the message has been moved or deleted meanwhile, and the engine searches
	// again.
	Err error
}

// Party is somebody whom a message names.
type Party struct {
	// Addresses are all that the server gives: of SMTP, and of other kinds, which
	// alone do not tell who it is.
	Addresses []string
}
