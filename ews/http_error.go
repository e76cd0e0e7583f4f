package ews

import (
	"bytes"
	"errors"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Statuses that net/http does not name.
const (
	statusLoginTimeout  = 440 // IIS, forms-based authentication
	statusAccountLocked = 456 // Exchange Online
)

// ofGateway reports whether the status means that something in front of the server has
// stopped waiting for it: 502, 504, or one from 520 on, which no standard defines and
// gateways use. The server may still be at work.
func (e *HTTPError) ofGateway() bool {
	return e.Status == http.StatusBadGateway || e.Status == http.StatusGatewayTimeout || e.Status >= 520
}

// maxPage is the maximum number of bytes of a fault that are read.
const maxPage = 1 << 20

// page returns the error for an answer that is not SOAP.
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
	if empty && a.status == http.StatusOK || a.cookiesDropped {
		e.outage = true
	}
	e.version = a.status == http.StatusInternalServerError && bytes.Contains(text, []byte("The specified server version is invalid"))
	e.Reason = reason(e, a.target(location), empty)
	if e.Status == http.StatusOK && isBinary(text) {
		e.Reason = "the response is not text: something in between compresses it without saying so (Content-Encoding), or twice, or encrypts it; it must leave responses as they are, or use gzip"
	}
	e.Diagnostic = a.said(h, "X-Caserrorcode", "X-Ms-Diagnostics")
	if e.Diagnostic == "" {
		e.Diagnostic = title([]byte(a.sent.Strike(string(text))))
	}
	return e
}

// reason explains what a status means for EWS and what to do.
func reason(e *HTTPError, target string, empty bool) string {
	switch s := e.Status; {
	case e.outage && s >= 300 && s < 400:
		return "the server redirects to its error page, as it does briefly under load; try again later"
	case s >= 300 && s < 400:
		return "redirects are not followed, because credentials must not go to an address that nobody configured; " +
			"if the mailbox has moved to another server, set ewsUrl to its EWS address" + target
	case s == http.StatusOK && empty:
		return "empty response instead of SOAP; a proxy or load balancer in between may have cut it off"
	case s == http.StatusOK:
		return "a web page instead of SOAP: ewsUrl does not lead to EWS, or a sign-in page or proxy answers in its place; " +
			"ewsUrl must end in /EWS/Exchange.asmx"
	case s == http.StatusBadRequest:
		return "the server could not read the request; if it was large, it may exceed maxReceivedMessageSize in the server's web.config"
	case s == http.StatusUnauthorized:
		return "credentials refused: check authentication.type, authentication.username and authentication.password " +
			"(or the certificate and application), and that the server offers this kind of sign-in for EWS; " +
			"it is not tried again, so that the account is not locked"
	case s == http.StatusForbidden:
		return "EWS is blocked for this tenant, mailbox, application or user agent: an administrator must allow it " +
			"(EWSEnabled, EwsAllowedAppIDs, EwsApplicationAccessPolicy with its allow and block lists)"
	case s == http.StatusNotFound:
		return "nothing was found at this address, or the request was too large for IIS request filtering: " +
			"check ewsUrl, which must end in /EWS/Exchange.asmx"
	case s == http.StatusMethodNotAllowed:
		return "this address does not accept EWS requests: check ewsUrl, which must end in /EWS/Exchange.asmx"
	case s == http.StatusProxyAuthRequired:
		return "the proxy, not Exchange, asks for a user name and a password: check useProxy, and put them into proxyUrl; only Basic is supported there, not NTLM or Negotiate"
	case s == http.StatusRequestEntityTooLarge:
		return "the request is too large for the server: it exceeds maxAllowedContentLength or maxReceivedMessageSize in its web.config"
	case s == http.StatusTooManyRequests:
		return "too many requests; try again later"
	case s == statusLoginTimeout:
		return "a sign-in page of a proxy or of Outlook on the web answers in place of EWS: " +
			"check that ewsUrl leads to EWS without forms-based authentication"
	case s == statusAccountLocked:
		return "the account is locked: unlock it by signing in with a browser, then check authentication.username and authentication.password"
	case s == http.StatusInternalServerError && e.version:
		return "the server does not know the schema version of the request"
	case s == http.StatusInternalServerError:
		return "the server failed without a SOAP fault, as it does briefly under load; if this persists, " +
			"check the mailbox's server and whether X-AnchorMailbox names an existing mailbox"
	case s == http.StatusServiceUnavailable:
		return "the server is too busy, or its EWS application pool is stopped; try again later"
	case s == http.StatusLengthRequired:
		return "something in front of the server refuses requests without a length, and this one still; check useProxy and ewsUrl"
	case s == http.StatusMisdirectedRequest:
		return "the host in ewsUrl is not one that this server answers for; check ewsUrl, and the load balancer in front of the server"
	case s > http.StatusOK && s < 300:
		return "something in front of the server answers in its place; whether the request was carried out is unknown"
	case e.ofGateway():
		return "a proxy got no response from the mailbox's server; whether the request was carried out is unknown"
	}
	return "the response is not SOAP"
}

// target names the host that a redirect leads to. The administrator needs to know no
// more, and the rest may hold a password. Secrets are struck out before the URL is
// parsed, because a password may contain its delimiters.
func (a *answer) target(location string) string {
	u, err := url.Parse(a.sent.Strike(location))
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return " (the server redirects to host " + quote(u.Host) + ")"
}

// isBinary reports whether a body begins with control characters that no page of text
// contains, in any charset; ESC, SO and SI occur in Japanese and Korean ones.
func isBinary(body []byte) bool {
	return bytes.ContainsFunc(body[:min(len(body), 512)], func(r rune) bool {
		return r < ' ' && !strings.ContainsRune("\t\n\v\f\r\x0E\x0F\x1B", r)
	})
}

// retryAfter parses a Retry-After header; it returns 0 if the header is missing
// or invalid.
func retryAfter(value string, now time.Time) time.Duration {
	if value == "" {
		return 0
	}
	if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(max(n, 0), int64(maxBackOff/time.Second))) * time.Second
	}
	t, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(t.Sub(now), 0), maxBackOff)
}

var titleElement = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title`)

// title returns the title of an HTML page.
func title(page []byte) string {
	found := titleElement.FindSubmatch(page)
	if found == nil {
		return ""
	}
	words := strings.Fields(html.UnescapeString(strings.ToValidUTF8(string(found[1]), "")))
	return shorten(strings.Join(words, " "), 120)
}
