package autodiscover

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Sentinels for errors.Is.
var (
	// ErrNotFound matches every [*Error].
	ErrNotFound = errors.New("autodiscover: no EWS URL was found")
	// ErrUnauthorized matches credentials that a server refused. They are used
	// nowhere else then: repeating a wrong password locks the account.
	ErrUnauthorized = errors.New("autodiscover: credentials refused")
	// ErrHost matches a host that the rule does not allow; see [HostError].
	ErrHost = errors.New("autodiscover: host not allowed")
)

// HostError is a host that a server named and that the rule does not allow.
type HostError struct{ Host string }

// Error says how to allow it.
func (e *HostError) Error() string {
	return "it leads to " + quote(e.Host) + ", which is not within the mailbox's domain; if that is where your mailboxes are, allow the host, or set the EWS URL by hand"
}

// Is reports whether target is [ErrHost].
func (e *HostError) Is(target error) bool { return target == ErrHost }

// Attempt is one question that did not give a URL.
type Attempt struct {
	URL string // that was asked; of an SRV record, its name
	Err error
}

// Error says why no URL was found. It matches [ErrNotFound].
type Error struct {
	Address  string
	Attempts []Attempt // in the order in which they were made
}

// maxTold is how many attempts a message repeats.
const maxTold = 12

// Error returns all that was tried, as one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("autodiscover: no EWS URL for " + e.Address)
	for i, a := range e.Attempts {
		if i == maxTold {
			fmt.Fprintf(&b, "; and %d more", len(e.Attempts)-i)
			break
		}
		b.WriteString("; " + a.URL + ": " + a.Err.Error())
	}
	return b.String()
}

// Is reports whether target is [ErrNotFound].
func (e *Error) Is(target error) bool { return target == ErrNotFound }

// Unwrap returns the errors of the attempts.
func (e *Error) Unwrap() []error {
	errs := make([]error, len(e.Attempts))
	for i, a := range e.Attempts {
		errs[i] = a.Err
	}
	return errs
}

// Temporary reports whether the same may succeed later: no server refused the
// credentials, and one did not answer, or said that it cannot now.
func (e *Error) Temporary() bool {
	temporary := false
	for _, a := range e.Attempts {
		if errors.Is(a.Err, ErrUnauthorized) {
			return false
		}
		if t, ok := errors.AsType[interface {
			error
			Temporary() bool
		}](a.Err); ok && t.Temporary() {
			temporary = true
		}
	}
	return temporary
}

// refusal is a server that says no.
type refusal struct {
	text      string
	temporary bool
}

func (r *refusal) Error() string { return r.text }

// Temporary reports whether the server may say something else later.
func (r *refusal) Temporary() bool { return r.temporary }

// silence is a server that did not answer.
type silence struct{ err error }

func (s silence) Error() string { return "no answer: " + shorten(s.err.Error()) }

func (s silence) Unwrap() error { return s.err }

// Temporary reports whether it may answer later: neither is its name unknown nor
// its certificate wrong.
func (s silence) Temporary() bool {
	if dns, ok := errors.AsType[*net.DNSError](s.err); ok {
		return !dns.IsNotFound
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](s.err); ok {
		return false
	}
	return !errors.Is(s.err, context.Canceled)
}

// maxQuote is how much of a server's text a message repeats, in bytes.
const maxQuote = 200

func quote(s string) string { return strconv.Quote(shorten(s)) }

// shorten cuts a text, between two characters.
func shorten(s string) string {
	if len(s) <= maxQuote {
		return s
	}
	s = s[:maxQuote]
	for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	if len(s) > 0 && s[len(s)-1] >= utf8.RuneSelf {
		s = s[:len(s)-1]
	}
	return s + "…"
}
