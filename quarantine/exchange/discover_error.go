package exchange

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
)

// discoveryError says why no EWS URL was found. Package ews recognises it by its
// methods.
type discoveryError struct {
	address  string
	attempts []autodiscover.Attempt
	err      error     // of the search; nil if it gave a URL that must not be used
	until    time.Time // no new search before, if this one is repeated from memory
}

// maxDiscoverTold is how many attempts a message repeats.
const maxDiscoverTold = 12

// Error returns all that was tried and what to do, as one line.
func (e *discoveryError) Error() string {
	var b strings.Builder
	b.WriteString("quarantine: ewsUrl is not set, and Autodiscover for " + e.address)
	if refusedAt := e.refusedAt(); refusedAt != "" {
		b.WriteString(" ended at " + refusedAt + ", where the credentials were refused; they are not tried again, so that the account is not locked: check authentication.username and authentication.password, or set ewsUrl if only this service refuses them")
		return b.String()
	}
	if e.attempts == nil && e.err != nil {
		b.WriteString(": " + e.err.Error() + "; set ewsUrl")
		return b.String()
	}
	b.WriteString(" found nothing: ")
	for i, a := range e.attempts {
		if i == maxDiscoverTold {
			fmt.Fprintf(&b, "and %d more; ", len(e.attempts)-i)
			break
		}
		if i == 0 {
			b.WriteString("tried ")
		}
		b.WriteString(a.URL + ": " + attemptText(a.Err) + "; ")
	}
	b.WriteString("set ewsUrl")
	if !e.until.IsZero() {
		b.WriteString(" (it is not asked again before " + e.until.Format(time.TimeOnly) + ")")
	}
	return b.String()
}

// attemptText says why an attempt gave nothing, and of a host that may not be
// asked which setting allows it.
func attemptText(err error) string {
	host, ok := errors.AsType[*autodiscover.HostError](err)
	switch {
	case !ok:
		return err.Error()
	case msclouds.Has(host.Host):
		return fmt.Sprintf("it leads to %q, which is Exchange Online and accepts tokens only: set authentication.type to \"azureAD\" if the mailbox is there", host.Host)
	}
	return fmt.Sprintf("it leads to %q, which is outside of the mailbox's domain and gets no password: put the host into autodiscoverHosts if it is yours", host.Host)
}

// again returns the error for a call that came before a new search is due.
func (e *discoveryError) again(until time.Time) *discoveryError {
	c := *e
	c.until = until
	return &c
}

// refusedAt returns where the credentials were refused, empty if nowhere.
func (e *discoveryError) refusedAt() string {
	for _, a := range e.attempts {
		if errors.Is(a.Err, autodiscover.ErrUnauthorized) {
			return a.URL
		}
	}
	return ""
}

// Unwrap returns the error of the search.
func (e *discoveryError) Unwrap() error { return e.err }

// Unauthorized reports whether the credentials were refused.
func (e *discoveryError) Unauthorized() bool { return e.refusedAt() != "" }

// NotSent reports that no byte of the request has been sent.
func (e *discoveryError) NotSent() bool { return true }

// Temporary reports whether a later search may find it.
func (e *discoveryError) Temporary() bool {
	if e.Unauthorized() {
		return false
	}
	t, ok := errors.AsType[*autodiscover.Error](e.err)
	return ok && t.Temporary()
}
