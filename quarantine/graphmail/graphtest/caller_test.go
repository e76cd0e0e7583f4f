package graphtest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

const (
	alice = "alice@example.test"
	bob   = "bob@example.test"
	quar  = "quarantine@example.test"
	set   = "{7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2}"
	stamp = "String " + set + " Name QuarantineOperation"
)

// letter returns a message with a Message-ID of its own, which asks for receipts if asks
// is set.
func letter(name string, asks bool) []byte {
	head := "From: Eve <eve@evil.example>\r\nTo: Alice <alice@example.test>\r\nSubject: " + name +
		"\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <" + name + "@evil.example>\r\n"
	if asks {
		head += "Disposition-Notification-To: eve@evil.example\r\n"
	}
	return []byte(head + "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhello " + name + "\r\n")
}

// caller sends requests as an application.
type caller struct {
	t   *testing.T
	srv *graphtest.Server
	rt  http.RoundTripper
	url string
}

func newCaller(t *testing.T, opts *graphtest.Options) *caller {
	t.Helper()
	srv := graphtest.New(nil, opts)
	t.Cleanup(srv.Close)
	return &caller{t: t, srv: srv, rt: srv.As(srv.Direct(), "app"), url: srv.DirectURL()}
}

// as returns the caller as another application.
func (c *caller) as(app string) *caller {
	other := *c
	other.rt = c.srv.As(c.srv.Direct(), app)
	return &other
}

type object = map[string]any

// reply is an answer.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	text   string
	body   object
}

// try sends a request to a path, without the version, or to a full address. Headers are
// pairs.
func (c *caller) try(method, path string, body any, headers ...string) (*reply, error) {
	c.t.Helper()
	var in io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		in, kind = strings.NewReader(b), "text/plain"
	default:
		text, err := json.Marshal(b)
		require.NoError(c.t, err)
		in = bytes.NewReader(text)
	}
	if !strings.HasPrefix(path, "http") {
		path = c.url + "/v1.0" + path
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, path, in)
	require.NoError(c.t, err)
	if in != nil {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	res, err := c.rt.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	out := &reply{t: c.t, status: res.StatusCode, header: res.Header, text: string(b)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		require.NoError(c.t, json.Unmarshal(b, &out.body), out.text)
	}
	return out, nil
}

func (c *caller) do(method, path string, body any, headers ...string) *reply {
	c.t.Helper()
	r, err := c.try(method, path, body, headers...)
	require.NoError(c.t, err)
	return r
}

// want sends a request that must succeed with a status.
func (c *caller) want(status int, method, path string, body any, headers ...string) *reply {
	c.t.Helper()
	r := c.do(method, path, body, headers...)
	require.Equal(c.t, status, r.status, r.text)
	return r
}

// refused sends a request that must fail with a status and code.
func (c *caller) refused(status int, code, method, path string, body any, headers ...string) {
	c.t.Helper()
	r := c.do(method, path, body, headers...)
	require.Equal(c.t, status, r.status, r.text)
	require.Equal(c.t, code, r.code(), r.text)
}

func (r *reply) code() string {
	e, _ := r.body["error"].(object)
	code, _ := e["code"].(string)
	return code
}

// rows returns the objects of a list.
func (r *reply) rows() []object {
	r.t.Helper()
	all, ok := r.body["value"].([]any)
	require.True(r.t, ok, r.text)
	var rows []object
	for _, one := range all {
		rows = append(rows, one.(object))
	}
	return rows
}

func (r *reply) str(name string) string {
	s, _ := r.body[name].(string)
	return s
}

// column returns one text of each row.
func column(rows []object, name string) []string {
	all := []string{}
	for _, r := range rows {
		s, _ := r[name].(string)
		all = append(all, s)
	}
	return all
}

// user returns the path of a user.
func user(address string) string { return "/users/" + address }

// filter returns a query that filters.
func filter(text string) string { return "?$filter=" + url.QueryEscape(text) }

// find returns the ids of the messages with a Message-ID.
func (c *caller) find(address, name string, headers ...string) []string {
	c.t.Helper()
	return column(c.want(200, "GET", user(address)+"/messages"+filter("internetMessageId eq '<"+name+"@evil.example>'"), nil, headers...).rows(), "id")
}

// one returns the id of the only message with a Message-ID.
func (c *caller) one(address, name string, headers ...string) string {
	c.t.Helper()
	ids := c.find(address, name, headers...)
	require.Len(c.t, ids, 1)
	return ids[0]
}

// deliver delivers messages to Alice.
func (c *caller) deliver(names ...string) []*ewstest.Message {
	var all []*ewstest.Message
	for i, n := range names {
		all = append(all, c.srv.Mailbox(alice).DeliverWith(letter(n, false), ewstest.Delivery{Received: time.Date(2026, 11, 24, 10, i, 0, 0, time.UTC)}))
	}
	return all
}

// folders returns the folder paths of the messages of a mailbox with a Message-ID.
func (c *caller) folders(address, name string) []string {
	all := []string{}
	for _, m := range c.srv.Mailbox(address).Messages() {
		if m.MessageID == "<"+name+"@evil.example>" {
			all = append(all, m.Folder)
		}
	}
	return all
}
