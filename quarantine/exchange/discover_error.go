package exchange

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
)

// discoveryError reports why no EWS URL was found. Package ews recognises it by
// its methods.
type discoveryError struct {
	address  string
	external bool // the program signs in
	attempts []autodiscover.Attempt
	err      error     // of the search; nil if it returned a URL that must not be used
	until    time.Time // next search, if this failure was remembered
}

// maxDiscoverTold is how many attempts a message lists.
const maxDiscoverTold = 12

// Error returns, as one line, what was tried and what to do.
func (e *discoveryError) Error() string {
	var b strings.Builder
	b.WriteString("quarantine: ewsUrl is not set, and Autodiscover for " + e.address)
	refusedAt := e.refusedAt()
	if refusedAt != "" && e.external {
		b.WriteString(" stopped at " + refusedAt + ", which refused what SignIn of the program sent: check the account, or set ewsUrl if only this service refuses it")
		b.WriteString(e.next())
		return b.String()
	}
	if refusedAt != "" {
		b.WriteString(" stopped at " + refusedAt + ", which refused the credentials; they are not tried again, to avoid locking the account: check authentication.username and authentication.password, or set ewsUrl if only this service refuses them")
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
	b.WriteString(e.next())
	return b.String()
}

// next describes when the next search is due, if this failure was remembered.
func (e *discoveryError) next() string {
	if e.until.IsZero() {
		return ""
	}
	return " (the next attempt is not before " + e.until.Format(time.TimeOnly) + ")"
}

// final reports whether another search would lock the account, because its password was
// refused. A program that signs in itself takes care of that, and may have a new ticket.
func (e *discoveryError) final() bool { return e.Unauthorized() && !e.external }

// attemptText describes why an attempt failed, and which setting allows a host that is not
// trusted.
func attemptText(err error) string {
	host, ok := errors.AsType[*autodiscover.HostError](err)
	switch {
	case !ok:
		return err.Error()
	case msclouds.Has(host.Host):
		return fmt.Sprintf("it leads to %q, which is Exchange Online and accepts tokens only: set authentication.type to \"azureAD\" if the mailbox is there", host.Host)
	}
	return fmt.Sprintf("it leads to %q, which is outside the mailbox's domain and gets no password: add the host to autodiscoverHosts if it is yours", host.Host)
}

// again returns the error for a call made before the next search is due.
func (e *discoveryError) again(until time.Time) *discoveryError {
	c := *e
	c.until = until
	return &c
}

// refusedAt returns the URL that refused the credentials, or "".
func (e *discoveryError) refusedAt() string {
	if a, ok := autodiscover.Refusal(e.address, e.attempts); ok {
		return a.URL
	}
	return ""
}

// Unwrap returns the error of the search.
func (e *discoveryError) Unwrap() error { return e.err }

// Unauthorized reports whether the credentials were refused.
func (e *discoveryError) Unauthorized() bool { return e.refusedAt() != "" }

// NotSent reports that no byte of the request has been sent.
func (e *discoveryError) NotSent() bool { return true }

// Temporary reports whether a later search may succeed.
func (e *discoveryError) Temporary() bool {
	if e.Unauthorized() {
		return e.external
	}
	t, ok := errors.AsType[*autodiscover.Error](e.err)
	return ok && t.Temporary()
}
