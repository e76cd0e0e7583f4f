package driver

import (
	"context"
	"errors"
	"time"
)

// ErrTooMany reports that there are more results than a limit allows (test with
// errors.Is).
var ErrTooMany = errors.New("quarantine: more than the limit")

// Forwarder is a [Mailbox] that can find out to whom its owner passed a message
// on.
type Forwarder interface {
	// Forwarded returns the messages with which the owner forwarded or answered
	// the message with that Message-ID. The error matches [ErrTooMany] if there
	// are more than limit, and [ErrUnreachable] if the mailbox cannot be opened.
	Forwarded(ctx context.Context, messageID string, limit int) ([]Forwarded, error)
}

// Forwarded is a message with which someone forwarded or answered another.
type Forwarded struct {
	MessageID  string
	Sent       time.Time
	Recipients []Member // To, Cc and Bcc; the kind may be MemberOther
	By         ForwardTrace
}

// ForwardTrace is how a forward was recognised.
type ForwardTrace string

// Traces of forwards, most reliable first.
const (
	ByInReplyTo    ForwardTrace = "inReplyTo"    // its In-Reply-To header names the message
	ByReferences   ForwardTrace = "references"   // its References header names the message
	ByConversation ForwardTrace = "conversation" // it follows the message in its conversation
)
