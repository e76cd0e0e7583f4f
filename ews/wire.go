package ews

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// wire shows requests and responses to a person.
type wire struct {
	bodies bool // contents of messages as well

	mu  sync.Mutex
	out io.Writer
}

// wireCall is one request with its response, on their way to the wire's writer.
type wireCall struct {
	wire     *wire
	head     http.Header // of the request
	request  *wireText
	status   string
	header   http.Header // of the response
	response *wireText
}

// watch begins to record a call; it does nothing without a wire.
func (w *wire) watch(a *answer) {
	if w == nil {
		return
	}
	a.wire = &wireCall{wire: w, request: &wireText{bodies: w.bodies}, response: &wireText{bodies: w.bodies}}
	a.request.tap = a.wire.request
}

// sends keeps the header of the request.
func (w *wireCall) sends(h http.Header) {
	if w != nil {
		w.head = h.Clone()
	}
}

// gets keeps what a response begins with.
func (w *wireCall) gets(resp *http.Response) {
	if w == nil {
		return
	}
	w.status = fmt.Sprintf("%s %d %s", resp.Proto, resp.StatusCode, http.StatusText(resp.StatusCode))
	w.header = resp.Header.Clone()
}

// show writes the call, without the secrets that went with it.
func (w *wireCall) show(a *answer, err error) {
	if w == nil {
		return
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, ">>> %s %s, mailbox %q, attempt %d, %s\n", a.op, a.client.place(), a.client.mailbox, a.call.start.Attempt, a.started.UTC().Format(time.RFC3339Nano))
	writeHeader(&b, w.head)
	w.request.writeTo(&b)
	fmt.Fprintf(&b, "<<< %s, after %v\n", cmp.Or(w.status, "no response"), time.Since(a.started).Round(time.Microsecond))
	writeHeader(&b, w.header)
	w.response.writeTo(&b)
	if err != nil {
		fmt.Fprintf(&b, "!!! %s\n", strings.Map(printable, err.Error()))
	}
	b.WriteByte('\n')
	text := a.sent.StrikeLong(strings.ToValidUTF8(b.String(), "\uFFFD"))
	w.wire.mu.Lock()
	defer w.wire.mu.Unlock()
	// A log that cannot be written must not change what a call does.
	_, _ = io.WriteString(w.wire.out, text)
}

// hiddenValue stands for what is never shown.
const hiddenValue = "[not shown]"

// writeHeader writes the fields of a header in order. Of those that sign in, it shows
// the scheme; of cookies, the name; of an address to go to, what precedes its query.
func writeHeader(b *bytes.Buffer, h http.Header) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range h[name] {
			switch name {
			case "Cookie", "Set-Cookie":
				value = cookieNames(name, value)
			case "Www-Authenticate", "Proxy-Authenticate":
				value = schemeOf(value, true)
			case "Authorization", "Proxy-Authorization", "Authentication-Info", "Proxy-Authentication-Info":
				value = schemeOf(value, false)
			case "Location", "Content-Location", "Referer":
				if before, _, ok := strings.Cut(value, "?"); ok {
					value = before + "?" + hiddenValue
				}
			default:
				if secretField.MatchString(name) {
					value = hiddenValue
				}
			}
			fmt.Fprintf(b, "%s: %s\n", name, strings.Map(printable, value))
		}
	}
	b.WriteByte('\n')
}

// secretField matches the names of header fields in which programs, proxies and sign-ins
// of the caller's own carry what lets somebody in.
var secretField = regexp.MustCompile(`(?i)token|secret|passw|cookie|canary|session|ticket|credential|assertion|api-?key`)

// schemeOf returns the scheme of a value that signs in (RFC 9110, section 11.4). A value of one
// word is a scheme only if it asks for one.
func schemeOf(value string, asks bool) string {
	scheme, rest, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(value), "\t", " "), " ")
	switch {
	case !schemeName.MatchString(scheme), rest == "" && !asks:
		return hiddenValue
	case rest == "":
		return scheme
	}
	return scheme + " " + hiddenValue
}

// schemeName matches what can be a scheme, and is too short for a secret.
var schemeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,19},?$`)

// cookieNames returns the value of a header without the values of its cookies.
func cookieNames(header, value string) string {
	var shown []string
	for part := range strings.SplitSeq(value, ";") {
		name, _, _ := strings.Cut(strings.TrimSpace(part), "=")
		shown = append(shown, name+"="+hiddenValue)
		if header == "Set-Cookie" {
			break // its attributes follow
		}
	}
	return strings.Join(shown, "; ")
}

// printable replaces control characters, which would end the line or move the cursor.
func printable(r rune) rune {
	if r < ' ' && r != '\t' || r == 0x7F {
		return '\uFFFD'
	}
	return r
}
