package driver

import (
	"context"
	"io"
	"time"
)

// Criteria describes messages whose Message-ID is not known, as plain data: the
// engine has validated it, and decides what matches. All fields that are set
// must match.
type Criteria struct {
	Sender    string // address in From or Sender, of which either may have several, or in Return-Path
	Recipient string // address in To, Cc or Bcc
	ReplyTo   string // address in Reply-To

	// Subject is compared as SubjectMatch says, ignoring case and white space,
	// because mail systems add and remove blanks.
	Subject      string
	SubjectMatch SubjectMatch

	// ReceivedAfter and ReceivedBefore bound the time of receipt, to the second:
	// ReceivedAfter is inclusive, ReceivedBefore exclusive.
	ReceivedAfter  time.Time
	ReceivedBefore time.Time

	AttachmentName   string // whole name of an attachment, ignoring case
	AttachmentSHA256 string // of an attachment's content, in hexadecimal
	URL              string // that the text links to
}

// SubjectMatch is how a subject is compared.
type SubjectMatch string

// Ways to compare a subject.
const (
	SubjectExact    SubjectMatch = "exact"
	SubjectPrefix   SubjectMatch = "prefix"
	SubjectContains SubjectMatch = "contains"
)

// CutLength is the length in characters from which on the engine assumes that a
// text of an item, such as its subject, may have been truncated. Properties of
// a stamp are shorter.
const CutLength = 255

// Searcher is a [Mailbox] that can be searched by criteria. Without it, targets
// with criteria are refused.
type Searcher interface {
	// Candidates calls visit for each message that the query asks for and that may match
	// the criteria. It must not omit a match, but may include other messages: it leaves
	// to the server what the server decides reliably, and the engine checks the rest, and
	// counts. Visit may call other methods of the mailbox. An error from visit ends the
	// search and is returned unchanged, with what was found until then. A message may be
	// passed more than once; if a driver sees that a message is no longer where it was,
	// it passes it a last time with [ErrGone].
	//
	// A server may decide on people only if its properties show everyone whom the
	// header names. Messages that it finds by these properties should come first:
	// the engine stops when it has examined as many as its limits allow.
	//
	// A message is an item that has been received, or is of a kind that people send
	// to each other: a driver leaves out what is neither, such as the owner's
	// appointments, contacts, tasks and notes.
	//
	// The findings contain no items, only the folders that were searched.
	Candidates(ctx context.Context, filter Criteria, q Query, visit func(Candidate) error) (Findings, error)

	// Open returns the message in MIME form, to be read once and closed. The error
	// matches [ErrGone] if the message is gone.
	Open(ctx context.Context, it Item) (io.ReadCloser, error)
}

// Candidate is a message that may match criteria, with the details they ask
// for.
type Candidate struct {
	// Item is the message as Find returns it, with its attachments if the
	// criteria ask about them.
	Item Item
	// Senders are the people in From and Sender, and Recipients those in To, Cc and Bcc,
	// as far as the mail system keeps them, if the criteria ask about them.
	Senders, Recipients []Party
	// Header is the header of the message as it was received, if the criteria ask
	// about people: properties show less. If it is empty or has no From, and the
	// properties do not match, the engine reads the header of what Open returns,
	// which costs a request for each message, unless Own is set.
	Header string
	// Own means that the owner of the mailbox wrote the message, which is a draft or
	// was sent, so Senders and Recipients are complete; for Reply-To the engine still
	// reads its header.
	Own bool
	// Err is set if the details could not be read. The engine then reports the
	// message as undecided; or, if the error matches [ErrGone] because the message
	// was moved or deleted in the meantime, it searches again.
	Err error
}

// Party is a person or group named in a message.
type Party struct {
	// Addresses are all addresses that the server returns: SMTP addresses, and
	// others that do not identify the party by themselves.
	Addresses []string
}
