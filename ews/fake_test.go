package ews_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

const endpoint = "https://mail.example.test/EWS/Exchange.asmx"

// fakeServer is a RoundTripper that gives its answers in turn and records the requests.
type fakeServer struct {
	mu       sync.Mutex
	answers  []answerFunc
	requests []seenRequest
}

type seenRequest struct {
	header http.Header
	body   string
}

type answerFunc func(r *http.Request, body string) (*http.Response, error)

func serve(answers ...answerFunc) *fakeServer { return &fakeServer{answers: answers} }

func (f *fakeServer) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	n := len(f.requests)
	f.requests = append(f.requests, seenRequest{r.Header.Clone(), string(body)})
	var answer answerFunc
	if len(f.answers) > 0 {
		answer = f.answers[min(n, len(f.answers)-1)]
	}
	f.mu.Unlock()
	return answer(r, string(body))
}

func (f *fakeServer) seen() []seenRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]seenRequest(nil), f.requests...)
}

func (f *fakeServer) count() int { return len(f.seen()) }

// respond answers with a status and a body of text/xml.
func respond(status int, body string) answerFunc {
	return respondWith(status, body, nil)
}

func respondWith(status int, body string, header http.Header) answerFunc {
	return func(r *http.Request, _ string) (*http.Response, error) {
		h := http.Header{"Content-Type": {"text/xml; charset=utf-8"}}
		for k, v := range header {
			h[http.CanonicalHeaderKey(k)] = v
		}
		return &http.Response{
			StatusCode: status, Header: h, Request: r,
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		}, nil
	}
}

// fail breaks the connection after the request.
func fail(err error) answerFunc {
	return func(*http.Request, string) (*http.Response, error) { return nil, err }
}

const versionInfo = `<t:ServerVersionInfo MajorVersion="15" MinorVersion="1" MajorBuildNumber="2507" MinorBuildNumber="6" Version="V2017_07_11"/>`

// soap wraps a response in an envelope of Exchange 2016.
func soap(body string) string { return soapOf(versionInfo, body) }

func soapOf(header, body string) string {
	return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"` +
		` xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"` +
		` xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"` +
		`><s:Header>` + header + `</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

// ok answers an operation with response messages.
func ok(op ews.Operation, messages ...string) answerFunc {
	return respond(200, soap(response(op, messages...)))
}

func response(op ews.Operation, messages ...string) string {
	return "<m:" + string(op) + "Response><m:ResponseMessages>" + strings.Join(messages, "") +
		"</m:ResponseMessages></m:" + string(op) + "Response>"
}

// success is a response message of an operation.
func success(op ews.Operation, content string) string {
	return "<m:" + string(op) + `ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>` +
		content + "</m:" + string(op) + "ResponseMessage>"
}

// refusal is a response message that reports an error.
func refusal(op ews.Operation, code ews.ResponseCode) string {
	return "<m:" + string(op) + `ResponseMessage ResponseClass="Error"><m:MessageText>refused</m:MessageText><m:ResponseCode>` +
		string(code) + "</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey></m:" + string(op) + "ResponseMessage>"
}

// fault is a SOAP fault as Exchange returns it, without a header.
func fault(code ews.ResponseCode, messageXML string) string {
	return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>` +
		`<faultcode xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">a:` + string(code) + `</faultcode>` +
		`<faultstring xml:lang="en-US">refused</faultstring><detail>` +
		`<e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">` + string(code) + `</e:ResponseCode>` +
		`<e:Message xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">refused</e:Message>` +
		messageXML + `</detail></s:Fault></s:Body></s:Envelope>`
}

func newClient(t testing.TB, transport http.RoundTripper, opts *ews.Options) *ews.Client {
	t.Helper()
	var o ews.Options
	if opts != nil {
		o = *opts
	}
	o.Transport = transport
	c, err := ews.NewClient(endpoint, &o)
	require.NoError(t, err)
	return c
}

func inbox() ews.FolderRef { return ews.DistinguishedFolder{Name: ews.FolderInbox} }

// staticServer returns the same response to everything and remembers nothing.
type staticServer struct{ body string }

func (s *staticServer) RoundTrip(r *http.Request) (*http.Response, error) {
	_, err := io.Copy(io.Discard, r.Body)
	r.Body.Close()
	if err != nil {
		return nil, err
	}
	return respond(200, s.body)(r, "")
}

func readAll(t testing.TB, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(b)
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, f func(t *testing.T)) { synctest.Test(t, f) }
