package auth_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

// fakeTransport responds without a network.
type fakeTransport struct {
	mu       sync.Mutex
	requests []*http.Request
	closed   int
	answer   func(*http.Request) (*http.Response, error) // nil: 200
}

func (f *fakeTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.requests = append(f.requests, req)
	f.mu.Unlock()
	if req.Body != nil {
		defer req.Body.Close()
	}
	if f.answer != nil {
		return f.answer(req)
	}
	return status(http.StatusOK)(req)
}

func (f *fakeTransport) CloseIdleConnections() { f.closed++ }

func (f *fakeTransport) last() *http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests[len(f.requests)-1]
}

func (f *fakeTransport) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests)
}

func status(code int) func(*http.Request) (*http.Response, error) {
	return func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Request: req, Header: http.Header{}, Body: http.NoBody}, nil
	}
}

func post(t testing.TB, url, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	return req
}

// watchedBody records that it was closed.
type watchedBody struct {
	io.Reader
	times atomic.Int64
}

func (b *watchedBody) Close() error { b.times.Add(1); return nil }

// closed reports whether it was closed; once is enough.
func (b *watchedBody) closed() bool { return b.times.Load() == 1 }

func TestBasicIsPreemptive(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, pass, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, user+"|"+pass+"|"+string(body))
	}))
	t.Cleanup(srv.Close)
	rt, err := auth.Basic(srv.URL+"/EWS/Exchange.asmx", credential(t, `EXAMPLE\svc`), nil)
	require.NoError(t, err)
	req := post(t, srv.URL+"/EWS/Exchange.asmx", "<x/>")
	resp, err := rt.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, `EXAMPLE\svc|`+password+`|<x/>`, string(got))
	assert.Empty(t, req.Header, "the caller's request is left alone")
	assert.Same(t, req, resp.Request, "the response does not carry the password around")
}

func TestBasicRefusesEndpoints(t *testing.T) {
	t.Parallel()
	cred := credential(t, "svc@example.test")
	for name, tc := range map[string]struct{ url, want string }{
		"plain http":  {"http://mail.example.test/EWS/Exchange.asmx", "SendPasswordOverPlainHTTP"},
		"no scheme":   {"mail.example.test/EWS", "https://"},
		"other":       {"ftp://mail.example.test/", "https://"},
		"no host":     {"https:///EWS", "no host"},
		"port alone":  {"https://:443/EWS", "no host"},
		"user info":   {"https://u:" + password + "@mail.example.test/", "authentication.username"},
		"unparseable": {"https://u:" + password + "@mail.example.test:port/%zz", "not a URL"},
		"lookalike":   {"http://localhost.example.test/", "plain HTTP"},
		"not ours":    {"http://127.0.0.1.example.test/", "plain HTTP"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := auth.Basic(tc.url, cred, nil)
			require.ErrorContains(t, err, tc.want)
			assert.NotContains(t, err.Error(), password)
		})
	}
	for _, url := range []string{
		"http://localhost/EWS", "http://127.0.0.1:8080/EWS", "http://127.9.9.9/", "http://[::1]:8080/", "http://[::ffff:127.0.0.1]/", "https://mail.example.test",
	} {
		_, err := auth.Basic(url, cred, nil)
		require.NoError(t, err, url)
	}
	_, err := auth.Basic("http://mail.example.test/", cred, &auth.BasicOptions{SendPasswordOverPlainHTTP: true})
	require.NoError(t, err)
}

func TestBasicRefusesCredentials(t *testing.T) {
	t.Parallel()
	_, err := auth.Basic("https://mail.example.test/", auth.Credential{}, nil)
	require.ErrorContains(t, err, "NewCredential")
	_, err = auth.Basic("https://mail.example.test/", credential(t, "a:b"), nil)
	require.ErrorContains(t, err, "authentication.username")
}

func TestBasicSendsCredentialsToTheEndpointOnly(t *testing.T) {
	t.Parallel()
	fake := &fakeTransport{}
	rt, err := auth.Basic("https://Mail.example.test/EWS/Exchange.asmx", credential(t, "svc"), &auth.BasicOptions{Transport: fake})
	require.NoError(t, err)
	for _, url := range []string{
		"https://other.example.test/EWS/Exchange.asmx", "http://mail.example.test/EWS", "https://mail.example.test:444/",
		"https://mail.example.test.evil.test/", "https://mail.example.test@evil.test/",
	} {
		req := post(t, url, "x")
		body := &watchedBody{Reader: strings.NewReader("x")}
		req.Body = body
		_, err := rt.RoundTrip(req)
		e, ok := errors.AsType[*auth.AuthError](err)
		require.True(t, ok, url)
		assert.True(t, e.NotSent())
		assert.False(t, e.Unauthorized())
		assert.ErrorContains(t, err, "ewsUrl")
		assert.NotContains(t, err.Error(), password)
		assert.True(t, body.closed())
	}
	req := post(t, "https://mail.example.test/", "x")
	req.Host = "intranet.example.test"
	_, err = rt.RoundTrip(req)
	require.ErrorContains(t, err, "virtual host intranet.example.test")
	_, err = rt.RoundTrip(&http.Request{Header: http.Header{}})
	require.ErrorContains(t, err, "nowhere")
	assert.Zero(t, fake.count())

	for _, url := range []string{"https://mail.example.test/other", "https://MAIL.EXAMPLE.TEST:443/"} {
		_, err := rt.RoundTrip(post(t, url, "x"))
		require.NoError(t, err, url)
	}
	assert.Equal(t, 2, fake.count())
}

func TestBasicDoesNotFollowRedirectsElsewhere(t *testing.T) {
	t.Parallel()
	var seen []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
	}))
	t.Cleanup(other.Close)
	srv := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(srv.Close)
	rt, err := auth.Basic(srv.URL, credential(t, "svc"), nil)
	require.NoError(t, err)
	resp, err := (&http.Client{Transport: rt}).Do(post(t, srv.URL, "x"))
	if err == nil {
		resp.Body.Close()
	}
	require.ErrorContains(t, err, "ewsUrl")
	assert.Empty(t, seen)
}

func TestBasicFirstRefusalIsFinal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return status(http.StatusUnauthorized)(req)
		}}
		rt, err := auth.Basic("https://mail.example.test/", credential(t, "svc"), &auth.BasicOptions{Transport: fake})
		require.NoError(t, err)
		var wg sync.WaitGroup
		var mu sync.Mutex
		answers, locked := 0, 0
		for range 64 {
			wg.Go(func() {
				resp, err := rt.RoundTrip(post(t, "https://mail.example.test/", "x"))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					assert.Equal(t, http.StatusUnauthorized, resp.StatusCode)
					answers++
					return
				}
				e, ok := errors.AsType[*auth.AuthError](err)
				assert.True(t, ok && e.Unauthorized() && e.NotSent())
				assert.ErrorContains(t, err, "authentication.password")
				assert.NotContains(t, err.Error(), password)
				locked++
			})
		}
		wg.Wait()
		assert.Equal(t, 1, answers)
		assert.Equal(t, 63, locked)
		time.Sleep(24 * time.Hour)
		_, err = rt.RoundTrip(post(t, "https://mail.example.test/", "x"))
		require.ErrorContains(t, err, "not tried again")
		assert.Equal(t, 1, fake.count(), "one wrong password reached the server")
	})
}

func TestBasicPausesAfterALaterRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		code := http.StatusOK
		fake := &fakeTransport{answer: func(req *http.Request) (*http.Response, error) { return status(code)(req) }}
		rt, err := auth.Basic("https://mail.example.test/", credential(t, "svc"), &auth.BasicOptions{Transport: fake})
		require.NoError(t, err)
		send := func() error {
			_, err := rt.RoundTrip(post(t, "https://mail.example.test/", "x"))
			return err
		}
		require.NoError(t, send())
		code = http.StatusUnauthorized
		for _, pause := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			require.NoError(t, send(), "the 401 itself")
			time.Sleep(pause*time.Minute - time.Second)
			require.ErrorContains(t, send(), "had worked before")
			time.Sleep(time.Second)
		}
		assert.Equal(t, 8, fake.count())
		code = http.StatusOK
		require.NoError(t, send())
		require.NoError(t, send(), "an acceptance ends the pauses")
		code = http.StatusUnauthorized
		require.NoError(t, send())
		time.Sleep(time.Minute)
		require.NoError(t, send())
	})
}

func TestBasicUndecidedAnswersDoNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := []func(*http.Request) (*http.Response, error){
			func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") },
			status(http.StatusServiceUnavailable),
			status(http.StatusUnauthorized),
		}
		fake := &fakeTransport{answer: func(req *http.Request) (*http.Response, error) {
			next := answers[0]
			answers = answers[1:]
			return next(req)
		}}
		rt, err := auth.Basic("https://mail.example.test/", credential(t, "svc"), &auth.BasicOptions{Transport: fake})
		require.NoError(t, err)
		_, err = rt.RoundTrip(post(t, "https://mail.example.test/", "x"))
		require.ErrorContains(t, err, "connection reset")
		for range 2 {
			_, err = rt.RoundTrip(post(t, "https://mail.example.test/", "x"))
			require.NoError(t, err)
		}
		_, err = rt.RoundTrip(post(t, "https://mail.example.test/", "x"))
		require.ErrorContains(t, err, "not tried again", "they were not taken for an acceptance either")
	})
}

func TestBasicWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeTransport{answer: func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Minute)
			return status(http.StatusOK)(req)
		}}
		rt, err := auth.Basic("https://mail.example.test/", credential(t, "svc"), &auth.BasicOptions{Transport: fake})
		require.NoError(t, err)
		go func() { _, _ = rt.RoundTrip(post(t, "https://mail.example.test/", "x")) }()
		synctest.Wait()
		why := errors.New("no time")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, why)
		defer cancel()
		start := time.Now()
		_, err = rt.RoundTrip(post(t, "https://mail.example.test/", "x").WithContext(ctx))
		require.ErrorIs(t, err, why)
		assert.Equal(t, time.Second, time.Since(start))
		time.Sleep(time.Hour)
	})
}

func TestBasicPasswordCannotBeHad(t *testing.T) {
	t.Parallel()
	why := errors.New("vault is sealed")
	for name, f := range map[string]func(context.Context) (string, error){
		"error": func(context.Context) (string, error) { return "", why },
		"empty": func(context.Context) (string, error) { return "", nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cred, err := auth.NewCredentialFunc("svc", f)
			require.NoError(t, err)
			fake := &fakeTransport{}
			rt, err := auth.Basic("https://mail.example.test/", cred, &auth.BasicOptions{Transport: fake})
			require.NoError(t, err)
			_, err = rt.RoundTrip(post(t, "https://mail.example.test/", "x"))
			e, ok := errors.AsType[*auth.AuthError](err)
			require.True(t, ok)
			assert.True(t, e.NotSent())
			assert.False(t, e.Unauthorized())
			if name == "error" {
				assert.ErrorIs(t, err, why)
			}
			assert.Zero(t, fake.count())
		})
	}
}

func TestBasicClosesIdleConnections(t *testing.T) {
	t.Parallel()
	fake := &fakeTransport{}
	rt, err := auth.Basic("https://mail.example.test/", credential(t, "svc"), &auth.BasicOptions{Transport: fake})
	require.NoError(t, err)
	(&http.Client{Transport: rt}).CloseIdleConnections()
	assert.Equal(t, 1, fake.closed)
}
