package ews

import (
	"bytes"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Statuses that net/http does not name.
const (
	statusLoginTimeout  = 440 // IIS, forms-based authentication
	statusAccountLocked = 456 // Exchange Online
)

// maxPage is how much is read of an answer that is not SOAP, and of a fault.
const maxPage = 1 << 20

// page makes the error of an answer that is not SOAP.
func (a *answer) page(resp *http.Response) error {
	h := resp.Header
	e := &HTTPError{
		Operation:  a.op,
		Mailbox:    a.client.mailbox,
		URL:        a.client.place(),
		Status:     a.status,
		RetryAfter: retryAfter(h.Get("Retry-After"), time.Now()),
		RequestID:  a.requestID,
	}
	location := h.Get("Location")
	if a.status >= 300 && a.status < 400 {
		e.outage = strings.Contains(strings.ToLower(location), "genericerrorpage.htm")
	}
	text, err := io.ReadAll(io.LimitReader(a.body, 64<<10))
	empty := err == nil && a.d == nil && len(bytes.TrimSpace(text)) == 0
	if empty && a.status == http.StatusOK {
		e.outage = true
	}
	e.version = a.status == http.StatusInternalServerError && bytes.Contains(text, []byte("The specified server version is invalid"))
	e.Reason = reason(e, location, empty)
	e.Diagnostic = first(h, "X-Caserrorcode", "X-Ms-Diagnostics")
	if e.Diagnostic == "" {
		e.Diagnostic = title(text)
	}
	return e
}

// reason says what a status means with EWS and what to do.
func reason(e *HTTPError, location string, empty bool) string {
	switch s := e.Status; {
	case e.outage && s >= 300 && s < 400:
		return "the server redirects to its error page, which it does for a moment under load; try again later"
	case s >= 300 && s < 400:
		return "redirected, which is not followed, because credentials must not go to an address nobody configured; " +
			"if the mailbox has moved to another server, set ewsUrl to its EWS address" + target(location)
	case s == http.StatusOK && empty:
		return "an empty answer, where SOAP was expected; a proxy or load balancer in between may have cut it off"
	case s == http.StatusOK:
		return "a page, where SOAP was expected: ewsUrl does not lead to EWS, or a sign-in page or proxy answers in its place; " +
			"it has to end in /EWS/Exchange.asmx"
	case s == http.StatusBadRequest:
		return "the server could not read the request; if it was large, it is beyond maxReceivedMessageSize of the server's web.config"
	case s == http.StatusUnauthorized:
		return "credentials refused: check authentication.type, authentication.username and authentication.password " +
			"(or the certificate and application), and whether the server offers this kind of sign-in for EWS; " +
			"it is not tried again, so that the account is not locked"
	case s == http.StatusForbidden:
		return "EWS is blocked for this tenant, mailbox, application or user agent: an administrator has to allow it " +
			"(EWSEnabled, EwsAllowedAppIDs, EwsApplicationAccessPolicy with its allow and block lists)"
	case s == http.StatusNotFound:
		return "there is nothing at this address, or the request was too large for the request filter of IIS: " +
			"check ewsUrl, which has to end in /EWS/Exchange.asmx"
	case s == http.StatusMethodNotAllowed:
		return "what answers does not take EWS requests: check ewsUrl, which has to end in /EWS/Exchange.asmx"
	case s == http.StatusProxyAuthRequired:
		return "the proxy asks for credentials: check useProxy and proxyUrl"
	case s == http.StatusRequestEntityTooLarge:
		return "the request is too large for the server: maxAllowedContentLength and maxReceivedMessageSize of its web.config allow less"
	case s == http.StatusTooManyRequests:
		return "too many requests; ask again later"
	case s == statusLoginTimeout:
		return "the sign-in page of a proxy or of Outlook on the web answers in the place of EWS: " +
			"check that ewsUrl leads to EWS without forms-based authentication"
	case s == statusAccountLocked:
		return "the account is locked: unlock it by signing in at a browser, then check authentication.username and authentication.password"
	case s == http.StatusInternalServerError && e.version:
		return "the server does not know the schema version of the request"
	case s == http.StatusInternalServerError:
		return "the server failed without a SOAP fault, which it does for a moment under load; if it stays, " +
			"check the mailbox's server and whether X-AnchorMailbox names an existing mailbox"
	case s == http.StatusServiceUnavailable:
		return "the server is too busy, or its EWS application pool is stopped; ask again later"
	case s == http.StatusBadGateway || s == http.StatusGatewayTimeout:
		return "a proxy got no answer from the mailbox's server; what became of the request is unknown"
	}
	return "an answer that is not SOAP"
}

// target names the host that a redirect leads to, which is what the
// administrator has to know of it.
func target(location string) string {
	rest, ok := strings.CutPrefix(location, "https://")
	if !ok {
		return ""
	}
	host, _, _ := strings.Cut(rest, "/")
	return " (the server names host " + quote(host) + ")"
}

// retryAfter reads a Retry-After header; 0 if there is none.
func retryAfter(value string, now time.Time) time.Duration {
	if value == "" {
		return 0
	}
	if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil {
		return time.Duration(min(max(n, 0), int64(maxBackOff/time.Second))) * time.Second
	}
	t, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(t.Sub(now), 0), maxBackOff)
}

// title returns the title of an HTML page.
func title(page []byte) string {
	lower := bytes.ToLower(page)
	i := bytes.Index(lower, []byte("<title"))
	if i < 0 {
		return ""
	}
	j := bytes.IndexByte(lower[i:], '>')
	if j < 0 {
		return ""
	}
	text := page[min(i+j+1, len(page)):]
	end := bytes.Index(bytes.ToLower(text), []byte("</title"))
	if end < 0 {
		return ""
	}
	words := strings.Fields(html.UnescapeString(strings.ToValidUTF8(string(text[:end]), "")))
	return shorten(strings.Join(words, " "), 120)
}
