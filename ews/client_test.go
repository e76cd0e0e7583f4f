package ews_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

func TestNewClient(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "mail.example.test", "/EWS/Exchange.asmx", "ftp://mail.example.test/EWS", "https:///EWS/Exchange.asmx",
		"https://mail.example.test", "https://user:hunter2@mail.example.test/EWS/Exchange.asmx", "https://mail.example.test/x#y", "https://a b/hunter2%zz",
	} {
		_, err := ews.NewClient(bad, nil)
		require.Error(t, err, bad)
		assert.NotContains(t, err.Error(), "hunter2")
		assert.ErrorContains(t, err, "ewsUrl")
	}
	for name, opts := range map[string]ews.Options{
		"ReadAttempts": {ReadAttempts: -1},
		"MaxVersion":   {MaxVersion: 99},
		"UserAgent":    {UserAgent: "a\r\nX-Evil: b"},
	} {
		_, err := ews.NewClient(endpoint, &opts)
		assert.ErrorContains(t, err, "Options."+name)
	}
	c, err := ews.NewClient(endpoint, nil)
	require.NoError(t, err)
	assert.Equal(t, endpoint, c.URL())
	assert.Empty(t, c.Mailbox())
	assert.Equal(t, ews.Exchange2013SP1, c.Version())
	assert.Equal(t, "alice@example.test", c.Impersonating("alice@example.test").Mailbox())
	assert.Equal(t, "bob@example.test", c.Impersonating("alice@example.test").ForMailbox("bob@example.test").Mailbox())
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	srv := serve(ok(ews.OpGetFolder, goodFolder))
	c := newClient(t, srv, &ews.Options{UserAgent: "product/7"})
	require.NoError(t, getFolder(t.Context(), c))
	require.NoError(t, getFolder(t.Context(), c.ForMailbox("alice@example.test")))
	require.NoError(t, getFolder(t.Context(), c.Impersonating("bob@example.test")))
	guids := map[string]bool{}
	for i, r := range srv.seen() {
		assert.Equal(t, "text/xml; charset=utf-8", r.header.Get("Content-Type"))
		assert.Equal(t, "text/xml", r.header.Get("Accept"))
		assert.Equal(t, "product/7 ewsquarantine/1", r.header.Get("User-Agent"))
		assert.Equal(t, "true", r.header.Get("return-client-request-id"))
		assert.Empty(t, r.header.Get("SOAPAction"))
		assert.Regexp(t, regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`), r.header.Get("client-request-id"))
		guids[r.header.Get("client-request-id")] = true
		assert.Equal(t, []string{"", "alice@example.test", "bob@example.test"}[i], r.header.Get("X-AnchorMailbox"))
		assert.Equal(t, i == 2, strings.Contains(r.body, "<t:PrimarySmtpAddress>bob@example.test<"))
	}
	assert.Len(t, guids, 3)
}

func TestWrongViews(t *testing.T) {
	t.Parallel()
	srv := serve(ok(ews.OpGetFolder, goodFolder))
	c := newClient(t, srv, nil)
	for _, address := range []string{"", "a@example.test\r\nX-Evil: b", "a\x00@example.test"} {
		for _, view := range []*ews.Client{c.Impersonating(address), c.ForMailbox(address)} {
			err := getFolder(t.Context(), view)
			require.Error(t, err)
			assert.True(t, ews.NotSent(err))
		}
	}
	assert.Zero(t, srv.count())
}

func TestCookies(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		set := func(lines ...string) answerFunc {
			return respondWith(200, soap(response(ews.OpGetFolder, goodFolder)), http.Header{"Set-Cookie": lines})
		}
		srv := serve(
			set("X-BackEndCookie=alice; path=/EWS; secure; HttpOnly", "short=1; Max-Age=60", "owa=1; path=/owa", "gone=1; Max-Age=0", "bad cookie"),
			set(),
			set("X-BackEndCookie=bob"),
			set("X-BackEndCookie=alice2; path=/EWS"),
			set("X-BackEndCookie=; path=/EWS; expires=Thu, 01 Jan 1970 00:00:00 GMT"),
			set(),
		)
		c := newClient(t, srv, nil)
		alice, bob := c.ForMailbox("alice@example.test"), c.ForMailbox("bob@example.test")
		for _, step := range []struct {
			view *ews.Client
			want string
			wait time.Duration
		}{
			{alice, "", 0},
			{c.Impersonating("ALICE@example.test"), "X-BackEndCookie=alice; short=1", 0},
			{bob, "", 61 * time.Second},
			{alice, "X-BackEndCookie=alice", 0},
			{alice, "X-BackEndCookie=alice2", 0},
			{alice, "", 0},
		} {
			time.Sleep(step.wait)
			require.NoError(t, getFolder(t.Context(), step.view))
			seen := srv.seen()
			assert.Equal(t, step.want, seen[len(seen)-1].header.Get("Cookie"), len(seen))
		}
	})
}

func TestCookiesAreBounded(t *testing.T) {
	t.Parallel()
	n := 0
	srv := serve(func(r *http.Request, body string) (*http.Response, error) {
		var lines []string
		for range 50 {
			n++
			lines = append(lines, fmt.Sprintf("c%d=%s", n, strings.Repeat("x", n%10)), "huge="+strings.Repeat("y", 5000))
		}
		return respondWith(200, soap(response(ews.OpGetFolder, goodFolder)), http.Header{"Set-Cookie": lines})(r, body)
	})
	c := newClient(t, srv, nil)
	for range 3 {
		require.NoError(t, getFolder(t.Context(), c))
	}
	assert.Len(t, strings.Split(srv.seen()[2].header.Get("Cookie"), "; "), 16)
}

func TestGzip(t *testing.T) {
	t.Parallel()
	zip := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		io.WriteString(z, s)
		z.Close()
		return b.String()
	}
	encoded := http.Header{"Content-Encoding": {"gzip"}}
	body := soap(response(ews.OpGetFolder, goodFolder))
	srv := serve(respondWith(200, zip(body), encoded))
	require.NoError(t, getFolder(t.Context(), newClient(t, srv, nil)))
	assert.Equal(t, "gzip", srv.seen()[0].header.Get("Accept-Encoding"))

	err := failing(t, respondWith(500, zip(fault("ErrorAccessDenied", "")), encoded))
	assert.ErrorIs(t, err, ews.ErrAccessDenied)
	err = failing(t, respondWith(200, zip(body)[:100], encoded))
	assert.True(t, ews.IsTransient(err), err)
	err = failing(t, respondWith(200, "not gzip", encoded))
	assert.Error(t, err)
	err = failing(t, respondWith(503, "", encoded))
	assert.ErrorIs(t, err, ews.ErrThrottled)
}

// TestAnswersAreBounded: a small compressed response that never ends is given up.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	begin, end, _ := strings.Cut(soap(response(ews.OpGetFolder, success(ews.OpGetFolder, "<m:x>HOLE</m:x>"))), "HOLE")
	endless := io.MultiReader(strings.NewReader(begin), io.LimitReader(letters{}, 1<<30), strings.NewReader(end))
	err := failing(t, func(r *http.Request, _ string) (*http.Response, error) {
		resp, err := respond(200, "")(r, "")
		resp.Body = io.NopCloser(endless)
		return resp, err
	})
	_, isDecode := errors.AsType[*ews.DecodeError](err)
	assert.True(t, isDecode, "%T", err)
	assert.ErrorContains(t, err, "256 MiB")
}

// TestRedirectsAreNotFollowed over a real connection.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/EWS/Exchange.asmx", http.RedirectHandler("/elsewhere", http.StatusFound))
	mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { t.Error("followed") })
	srv := httptest.NewServer(mux)
	defer srv.Close()
	c, err := ews.NewClient(srv.URL+"/EWS/Exchange.asmx?secret=1", nil)
	require.NoError(t, err)
	err = getFolder(t.Context(), c)
	e, isPage := errors.AsType[*ews.HTTPError](err)
	require.True(t, isPage)
	assert.Equal(t, http.StatusFound, e.Status)
	assert.Equal(t, srv.URL+"/EWS/Exchange.asmx", e.URL)
}

// TestUnsent distinguishes failures before the first byte from later ones.
func TestUnsent(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(secure.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := closed.Addr().String()
	require.NoError(t, closed.Close())
	cutting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(cutting.Close)
	ended, cancel := context.WithCancelCause(t.Context())
	why := errors.New("stopped before it began")
	cancel(why)

	for name, tt := range map[string]struct {
		ctx       context.Context
		url       string
		transport http.RoundTripper
		unsent    bool
		lasting   bool
	}{
		"refused":              {url: "http://" + address + "/EWS/Exchange.asmx", unsent: true},
		"unknown host":         {url: "http://host.invalid/EWS/Exchange.asmx", transport: &http.Transport{DialContext: failingDial}, unsent: true},
		"untrusted":            {url: secure.URL + "/EWS/Exchange.asmx", unsent: true, lasting: true},
		"no TLS":               {url: strings.Replace(cutting.URL, "http:", "https:", 1) + "/EWS/Exchange.asmx", unsent: true},
		"cut":                  {url: cutting.URL + "/EWS/Exchange.asmx"},
		"context ended before": {ctx: ended, url: cutting.URL + "/EWS/Exchange.asmx", unsent: true, lasting: true},
		"said by the sign-in":  {url: endpoint, transport: serve(fail(signInError{unsent: true})), unsent: true},
		"sign-in refused":      {url: endpoint, transport: serve(fail(signInError{refused: true})), lasting: true},
		"sign-in broke":        {url: endpoint, transport: serve(fail(signInError{}))},
		"fake without a body":  {url: endpoint, transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.EOF }), unsent: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := tt.transport
			if transport == nil {
				transport = &http.Transport{TLSClientConfig: &tls.Config{}}
			}
			c, err := ews.NewClient(tt.url, &ews.Options{Transport: transport, ReadAttempts: 1})
			require.NoError(t, err)
			ctx := tt.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			_, err = c.DeleteItem(ctx, deletion(false))
			e, isTransport := errors.AsType[*ews.TransportError](err)
			require.True(t, isTransport, "%T %v", err, err)
			assert.Equal(t, tt.unsent, e.Unsent, err)
			assert.Equal(t, tt.unsent, ews.NotSent(err))
			assert.Equal(t, !tt.lasting, ews.IsTransient(err), err)
			if tt.unsent {
				assert.True(t, ews.NotExecuted(err))
			}
			if s, ok := errors.AsType[signInError](err); ok && s.refused {
				assert.ErrorIs(t, err, ews.ErrUnauthorized)
				assert.True(t, ews.NotExecuted(err))
			} else {
				assert.NotErrorIs(t, err, ews.ErrUnauthorized)
			}
		})
	}
	err = getFolder(ended, newClient(t, serve(ok(ews.OpGetFolder, goodFolder)), nil))
	assert.ErrorIs(t, err, why)
}

func failingDial(context.Context, string, string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "host.invalid", IsNotFound: true}}
}

// signInError is what an authenticating RoundTripper returns.
type signInError struct{ refused, unsent bool }

func (signInError) Error() string        { return "sign-in failed" }
func (e signInError) Unauthorized() bool { return e.refused }
func (e signInError) NotSent() bool      { return e.unsent }

// TestCancelledStream: a stream can be ended by its context at any time.
func TestCancelledStream(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before, _, _ := strings.Cut(mimeAnswer("HOLE"), "HOLE")
		io.WriteString(w, before+strings.Repeat("QUJD", 1000))
		w.(http.Flusher).Flush()
		close(begun)
		<-r.Context().Done()
	}))
	defer srv.Close()
	c, err := ews.NewClient(srv.URL+"/EWS/Exchange.asmx", nil)
	require.NoError(t, err)
	why := errors.New("the operator stopped it")
	ctx, cancel := context.WithCancelCause(t.Context())
	m, err := c.OpenMIME(ctx, ews.ItemID{ID: "I"})
	require.NoError(t, err)
	defer m.Close()
	<-begun
	go cancel(why)
	_, err = io.Copy(io.Discard, m)
	assert.ErrorIs(t, err, why)
	assert.False(t, ews.IsTransient(err))
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		hang := roundTripper(func(r *http.Request) (*http.Response, error) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		for timeout, want := range map[time.Duration]time.Duration{0: 130 * time.Second, time.Second: time.Second} {
			begin := time.Now()
			err := getFolder(t.Context(), newClient(t, hang, &ews.Options{Timeout: timeout, ReadAttempts: 1}))
			assert.Equal(t, want, time.Since(begin))
			assert.ErrorContains(t, err, "Options.Timeout")
			assert.NotErrorIs(t, err, context.Canceled)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begin := time.Now()
		err := getFolder(ctx, newClient(t, hang, &ews.Options{Timeout: -1}))
		assert.Equal(t, time.Hour, time.Since(begin))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestLog(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	secretItem := success(ews.OpGetItem, `<m:Items><t:Message><t:ItemId Id="I"/><t:Subject>secret</t:Subject><t:From><t:Mailbox><t:EmailAddress>secret@evil.test</t:EmailAddress></t:Mailbox></t:From></t:Message></m:Items>`)
	secretRefusal := strings.Replace(refusal(ews.OpGetItem, "ErrorItemCorrupt"), ">refused<", ">secret subject<", 1)
	srv := serve(
		respondWith(200, soap(response(ews.OpGetItem, secretItem, secretRefusal)), http.Header{"Request-Id": {"server-id"}, "X-Feserver": {"FE1"}}),
		respond(500, strings.ReplaceAll(fault("ErrorAccessDenied", ""), "refused", "secret")),
		respond(403, "<title>secret</title>"),
		fail(io.EOF),
	)
	c := newClient(t, srv, &ews.Options{Logger: log, ReadAttempts: 1}).ForMailbox("alice@example.test")
	for range 4 {
		c.GetItem(t.Context(), ews.GetItemRequest{IDs: []ews.ItemID{{ID: "I"}, {ID: "J"}}})
	}
	text := b.String()
	assert.NotContains(t, text, "secret")
	assert.Equal(t, 4, strings.Count(text, "level=DEBUG"), text)
	assert.Equal(t, 3, strings.Count(text, "level=WARN"), text)
	for _, field := range []string{"operation=GetItem", "mailbox=alice@example.test", "requestID=server-id", "server=FE1", "status=403", "code=ErrorItemCorrupt", "code=ErrorAccessDenied", "duration=", "clientRequestID="} {
		assert.Contains(t, text, field)
	}
}
