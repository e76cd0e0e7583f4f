package ews

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/tlsadvice"
)

// maxQuote is the maximum number of bytes of a server's text that an error message
// quotes.
const maxQuote = 200

// Error returns the refusal as one line. The server's text is quoted and
// shortened.
func (e *ResponseError) Error() string {
	var b strings.Builder
	subject(&b, e.Operation, e.Mailbox)
	if e.Fault {
		b.WriteString("request refused: ")
	}
	b.WriteString(cmp.Or(plain(string(e.Code)), "no response code"))
	if e.Inner != "" {
		b.WriteString(" (inner code " + plain(string(e.Inner)) + ")")
	}
	if e.Property != "" {
		b.WriteString(", property " + plain(e.Property))
	}
	if strings.TrimSpace(e.Message) != "" {
		b.WriteString(": " + quote(e.Message))
	}
	if e.BackOff > 0 {
		b.WriteString("; the server says to wait " + e.BackOff.String())
	}
	requestID(&b, e.RequestID)
	return b.String()
}

// Error returns what the response means and what to do, as one line.
func (e *HTTPError) Error() string {
	var b strings.Builder
	subject(&b, e.Operation, e.Mailbox)
	fmt.Fprintf(&b, "HTTP %d", e.Status)
	if text := http.StatusText(e.Status); text != "" {
		b.WriteString(" " + text)
	}
	b.WriteString(" from " + e.URL)
	if e.Reason != "" {
		b.WriteString(": " + e.Reason)
	}
	if e.Diagnostic != "" {
		b.WriteString(" (" + quote(e.Diagnostic) + ")")
	}
	if e.RetryAfter > 0 {
		b.WriteString("; the server says to wait " + e.RetryAfter.String())
	}
	requestID(&b, e.RequestID)
	return b.String()
}

// Error returns where and why the response could not be read.
func (e *DecodeError) Error() string {
	var b strings.Builder
	subject(&b, e.Operation, e.Mailbox)
	b.WriteString("cannot read the response")
	if e.Path != "" {
		fmt.Fprintf(&b, " at byte %d in %s", e.Offset, quote(e.Path))
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *DecodeError) Unwrap() error { return e.Err }

// Error returns what broke.
func (e *TransportError) Error() string {
	var b strings.Builder
	subject(&b, e.Operation, e.Mailbox)
	switch {
	case e.URL == "":
		b.WriteString("nothing was sent, because the EWS address is unknown")
	case ofSignIn(e.Err):
		b.WriteString("not signed in to " + e.URL)
	case e.Unsent:
		b.WriteString("no response from " + e.URL + ", nothing was sent")
	case misfits(e.Err):
		b.WriteString("the response from " + e.URL + " is not the one to the request")
	default:
		b.WriteString("no response from " + e.URL)
	}
	if misfit, ok := errors.AsType[*DecodeError](e.Err); ok && misfit.Err != nil {
		b.WriteString(": " + misfit.Err.Error()) // the rest is stated above
	} else if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if remedy := connectionRemedy(e.Err); remedy != "" && e.URL != "" {
		b.WriteString("; " + remedy)
	}
	return b.String()
}

// ofSignIn reports whether an error came from signing in.
func ofSignIn(err error) bool {
	_, ok := errors.AsType[interface {
		error
		Unauthorized() bool
	}](err)
	return ok
}

// connectionRemedy suggests what to do about a connection that could not be made. It
// returns an empty string if the cause is not one of the usual ones.
func connectionRemedy(err error) string {
	if ofSignIn(err) {
		return "" // the error contains the remedy, perhaps for another server
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "proxyconnect" {
		return "check proxyUrl, and that the proxy is running, or set useProxy to false"
	}
	if advice := tlsadvice.Remedy(err); advice != "" {
		return advice
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "check the host name in ewsUrl and this machine's name servers"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "save the certificate of the CA that signed the server's certificate in a PEM file and set rootCAFile to it"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "use a host name in ewsUrl that is in the server's certificate"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "the server's certificate has expired, or the clock of one of the two machines is wrong"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not speak TLS on that port: check ewsUrl"
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return "check the host and port in ewsUrl, and that no firewall on the way blocks them"
	}
	return ""
}

// Unwrap returns the cause.
func (e *TransportError) Unwrap() error { return e.Err }

// Is matches [ErrUnauthorized] if the RoundTripper reported refused credentials.
func (e *TransportError) Is(target error) bool {
	return target == ErrUnauthorized && unauthorized(e.Err)
}

func subject(b *strings.Builder, op Operation, mailbox string) {
	b.WriteString("ews: ")
	if op != "" {
		b.WriteString(string(op))
		if mailbox != "" {
			b.WriteString(" in " + plain(mailbox))
		}
		b.WriteString(": ")
	}
}

func requestID(b *strings.Builder, id string) {
	if id != "" {
		b.WriteString("; request-id " + plain(id))
	}
}

// plain returns s as is if it is short and printable, else quoted and shortened.
func plain(s string) string {
	for _, r := range s {
		if r < '!' || r > '~' || r == '"' {
			return quote(s)
		}
	}
	if len(s) > maxQuote {
		return quote(s)
	}
	return s
}

func quote(s string) string { return strconv.Quote(shorten(s, maxQuote)) }

// shorten cuts s after at most n bytes, at a character boundary.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = s[:n]
	for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	if len(s) > 0 && s[len(s)-1] >= utf8.RuneSelf {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// maxBackOff bounds hints so that a nonsensical one does not overflow.
const maxBackOff = 24 * time.Hour

// milliseconds parses a back-off hint; it returns 0 if the hint is invalid.
func milliseconds(s string) time.Duration {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n <= 0 {
		return 0
	}
	return time.Duration(min(n, maxBackOff.Milliseconds())) * time.Millisecond
}
