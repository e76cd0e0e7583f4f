package autodiscover

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Sentinels for errors.Is.
var (
	// ErrNotFound reports that no EWS URL was found; every [*Error] matches it.
	ErrNotFound = errors.New("autodiscover: no EWS URL was found")
	// ErrUnauthorized reports that a server refused the credentials. After a refusal they
	// are not tried elsewhere; after a refusal by the web server of the domain itself,
	// they are tried once more. Repeating a wrong password locks the account.
	ErrUnauthorized = errors.New("autodiscover: credentials refused")
	// ErrHost reports a host that the rule does not allow; see [HostError].
	ErrHost = errors.New("autodiscover: host not allowed")
)

// HostError reports a host that the rule does not allow.
type HostError struct{ Host string }

// Error names the host and suggests how to allow it.
func (e *HostError) Error() string {
	return "it leads to " + quote(e.Host) + ", which is outside the mailbox's domain; if your mailboxes are there, allow the host or set the EWS URL yourself"
}

// Is reports whether target is [ErrHost].
func (e *HostError) Is(target error) bool { return target == ErrHost }

// Attempt is a request, or an SRV lookup, that did not yield a URL.
type Attempt struct {
	URL string // the URL requested, or the name of the SRV record
	Err error
}

// Error reports why no URL was found. It matches [ErrNotFound].
type Error struct {
	Address  string
	Attempts []Attempt // in the order in which they were made
}

// maxTold is the maximum number of attempts listed in a message.
const maxTold = 12

// Error lists what was tried, on one line.
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

// Temporary reports whether a retry may succeed: the credentials were not refused
// permanently (see [Refusal]), and at least one failure was temporary, such as a timeout
// or a busy server.
func (e *Error) Temporary() bool {
	_, refused := Refusal(e.Address, e.Attempts)
	return !refused && slices.ContainsFunc(e.Attempts, func(a Attempt) bool { return temporary(a.Err) })
}

// Refusal returns the attempt, among those of a search for an address, that shows that
// the credentials are wrong, and whether there is one. The web server of the domain
// itself may belong to somebody else, so its refusal does not show that while another
// place may answer differently later.
func Refusal(address string, attempts []Attempt) (Attempt, bool) {
	domain := strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
	var own *Attempt
	later := false
	for i, a := range attempts {
		switch {
		case !errors.Is(a.Err, ErrUnauthorized):
			later = later || temporary(a.Err)
		case !strings.HasPrefix(a.URL, "https://"+domain+"/"):
			return a, true
		case own == nil:
			own = &attempts[i]
		}
	}
	if own == nil || later {
		return Attempt{}, false
	}
	return *own, true
}

func temporary(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && t.Temporary()
}

// refusal is the error for a server that answered without a URL.
type refusal struct {
	text      string
	temporary bool
}

func (r *refusal) Error() string { return r.text }

// Temporary reports whether the server may answer differently later.
func (r *refusal) Temporary() bool { return r.temporary }

// silence is the error for a server that did not answer.
type silence struct{ err error }

func (s silence) Error() string { return "no answer: " + shorten(s.err.Error()) }

func (s silence) Unwrap() error { return s.err }

// Temporary reports whether the server may answer later: not if its name is
// unknown, its certificate is invalid, or the request was cancelled.
func (s silence) Temporary() bool {
	if dns, ok := errors.AsType[*net.DNSError](s.err); ok {
		return !dns.IsNotFound
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](s.err); ok {
		return false
	}
	return !errors.Is(s.err, context.Canceled)
}

// maxQuote is the maximum length of server text quoted in a message, in bytes.
const maxQuote = 200

func quote(s string) string { return strconv.Quote(shorten(s)) }

// quote quotes a server's text without what was sent to the server. That is struck out
// first, because it would not be recognised once shortened.
func (l *lookup) quote(s string) string { return quote(l.sent.Strike(s)) }

// quoteURL is quote for a URL.
func (l *lookup) quoteURL(s string) string { return quote(safe(l.sent.Strike(s))) }

// shorten cuts a text to maxQuote bytes without splitting a character.
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
