package driver

import (
	"context"
	"errors"
	"time"
)

// ErrTooMany reports that there is more than a limit allows (test with
// errors.Is).
var ErrTooMany = errors.New("quarantine: more than the limit")

// Forwarder is a [Mailbox] that can tell to whom its owner passed a message on.
type Forwarder interface {
	// Forwarded returns the messages with which the owner forwarded or answered
	// the one of that Message-ID. If there are more than limit, the error matches
	// [ErrTooMany]; if the mailbox cannot be opened, [ErrUnreachable].
	Forwarded(ctx context.Context, messageID string, limit int) ([]Forwarded, error)
}

// Forwarded is a message with which somebody forwarded or answered another.
type Forwarded struct {
	MessageID  string
	Sent       time.Time
	Recipients []Member // To, Cc and Bcc; the kind may be MemberOther
	By         ForwardTrace
}

// ForwardTrace says how a forward was recognised.
type ForwardTrace string

// Traces of forwards, the surest first.
const (
	ByInReplyTo    ForwardTrace = "inReplyTo"    // it names the message as the one it follows
	ByReferences   ForwardTrace = "references"   // it names the message among those before
	ByConversation ForwardTrace = "conversation" // it stands below the message in its conversation
)
