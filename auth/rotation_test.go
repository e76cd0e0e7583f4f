package auth_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
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

// How many changes are made, and under how much load.
const (
	changes = 100
	workers = 27
)

// rotating is a password that changes on both sides.
type rotating struct {
	mu             sync.Mutex
	source, server string
}

func newRotating(password string) *rotating { return &rotating{source: password, server: password} }

// set changes one side, or both at the same time; empty leaves a side as it is.
func (r *rotating) set(source, server string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.source, r.server = cmp.Or(source, r.source), cmp.Or(server, r.server)
}

func (r *rotating) now() (source, server string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source, r.server
}

// accepts reports whether a request with Basic has the server's password.
func (r *rotating) accepts(req *http.Request) bool {
	_, got, _ := req.BasicAuth()
	_, want := r.now()
	return got == want
}

func (r *rotating) credential(t testing.TB, user string) auth.Credential {
	t.Helper()
	c, err := auth.NewCredentialFunc(user, func(context.Context) (string, error) {
		source, _ := r.now()
		return source, nil
	})
	require.NoError(t, err)
	return c
}

// some returns how many changes are made where each takes a long time.
func some() int {
	if *whole {
		return changes
	}
	return changes / 20
}

// few returns how many changes are made where each is quick.
func few() int {
	if *whole {
		return changes
	}
	return changes / 4
}

// underLoad runs the workers, each of which makes requests until the changes have
// ended, and returns how many they made; none may fail.
func underLoad(t testing.TB, n int, request func() (int, string, error), change func(i int)) int64 {
	t.Helper()
	var over atomic.Bool
	var made atomic.Int64
	_, _, err := request()
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for !over.Load() {
				status, _, err := request()
				if !assert.NoError(t, err) || !assert.Equal(t, http.StatusOK, status) {
					return
				}
				made.Add(1)
			}
		})
	}
	for i := range n {
		change(i)
	}
	over.Store(true)
	wg.Wait()
	return made.Load()
}

// Requests in flight when the password changes are refused; they are sent again with the new
// one, and no others are sent with the old one.
func TestBasicPasswordChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		password := newRotating("password 0")
		var changed atomic.Value // of time.Time
		changed.Store(time.Now())
		var refused, late atomic.Int64
		fake := &fakeTransport{answer: func(req *http.Request) (*http.Response, error) {
			sent := time.Now()
			time.Sleep(5 * time.Millisecond)
			code := http.StatusOK
			if !password.accepts(req) {
				code = http.StatusUnauthorized
				refused.Add(1)
				if sent.After(changed.Load().(time.Time)) {
					late.Add(1)
				}
			}
			time.Sleep(5 * time.Millisecond)
			return status(code)(req)
		}}
		rt, err := auth.Basic("https://mail.example.test/", password.credential(t, "svc"), &auth.BasicOptions{Transport: fake})
		require.NoError(t, err)
		made := underLoad(t, few(), func() (int, string, error) { return read(rt.RoundTrip(post(t, "https://mail.example.test/", "x"))) }, func(i int) {
			time.Sleep(17*time.Millisecond + time.Nanosecond)
			next := fmt.Sprintf("password %d", i+1)
			password.set(next, next)
			changed.Store(time.Now())
		})
		assert.Greater(t, made, int64(few()))
		assert.Positive(t, refused.Load())
		assert.LessOrEqual(t, refused.Load(), int64(changes*workers))
		assert.Zero(t, late.Load(), "sent after the change, with the old password")
	})
}

// If nothing is in flight between a request and its check, a change costs at most one
// refused sign-in.
func TestPasswordComesFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		password := newRotating("password 0")
		var refused atomic.Int64
		fake := &fakeTransport{answer: func(req *http.Request) (*http.Response, error) {
			code := http.StatusOK
			if !password.accepts(req) {
				code = http.StatusUnauthorized
				refused.Add(1)
			}
			time.Sleep(5 * time.Millisecond)
			return status(code)(req)
		}}
		rt, err := auth.Basic("https://mail.example.test/", password.credential(t, "svc"), &auth.BasicOptions{Transport: fake})
		require.NoError(t, err)
		underLoad(t, few(), func() (int, string, error) { return read(rt.RoundTrip(post(t, "https://mail.example.test/", "x"))) }, func(i int) {
			before := refused.Load()
			next := fmt.Sprintf("password %d", i+1)
			switch i % 3 {
			case 0: // the file is written before the account is changed
				password.set(next, "")
				time.Sleep(6 * time.Millisecond)
			case 1: // and after it
				password.set("", next)
				time.Sleep(6 * time.Millisecond)
			}
			password.set(next, next)
			time.Sleep(6 * time.Millisecond)
			assert.LessOrEqual(t, refused.Load()-before, int64(1+workers*min(1, 2-i%3)), "change %d", i)
		})
	})
}

// The new password is wrong: it is tried once, and the old one is used as long as it
// works.
func TestWrongNewPasswordIsTriedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		password := newRotating("right")
		tries := map[string]int{}
		fake := &fakeTransport{answer: func(req *http.Request) (*http.Response, error) {
			_, got, _ := req.BasicAuth()
			tries[got]++
			if !password.accepts(req) {
				return status(http.StatusUnauthorized)(req)
			}
			return status(http.StatusOK)(req)
		}}
		rt, err := auth.Basic("https://mail.example.test/", password.credential(t, "svc"), &auth.BasicOptions{Transport: fake})
		require.NoError(t, err)
		ask := func() (int, error) {
			code, _, err := read(rt.RoundTrip(post(t, "https://mail.example.test/", "x")))
			return code, err
		}
		for i := range 6 {
			if i == 3 {
				password.set("wrong", "")
			}
			code, err := ask()
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, code)
		}
		assert.Equal(t, map[string]int{"right": 6, "wrong": 1}, tries)
		password.set("", "another")
		code, err := ask()
		require.NoError(t, err)
		assert.Equal(t, http.StatusUnauthorized, code)
		for range 5 {
			_, err = ask()
			require.ErrorContains(t, err, "not tried again until")
		}
		assert.Equal(t, map[string]int{"right": 7, "wrong": 2}, tries, "the old one was refused, so the new one may be right by now")
		password.set("another", "")
		code, err = ask()
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, code, "another value is tried at once")
	})
}

// If the body cannot be read again, the caller is told to make the request again.
func TestPasswordChangesUnderAStream(t *testing.T) {
	t.Parallel()
	password := newRotating("old")
	fake := &fakeTransport{answer: func(req *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, req.Body)
		if !password.accepts(req) {
			return status(http.StatusUnauthorized)(req)
		}
		return status(http.StatusOK)(req)
	}}
	rt, err := auth.Basic("https://mail.example.test/", password.credential(t, "svc"), &auth.BasicOptions{Transport: fake})
	require.NoError(t, err)
	ask := func(during func()) error {
		req := post(t, "https://mail.example.test/", "x")
		req.GetBody = nil
		req.Body = io.NopCloser(readerFunc(func(p []byte) (int, error) { during(); return 0, io.EOF }))
		resp, err := rt.RoundTrip(req)
		if err == nil {
			assert.Equal(t, http.StatusOK, resp.StatusCode)
		}
		return err
	}
	require.NoError(t, ask(func() {}))
	e := authError(t, ask(func() { password.set("new", "new") }))
	assert.True(t, e.NotExecuted())
	assert.True(t, e.Temporary())
	assert.False(t, e.Unauthorized())
	assert.False(t, e.NotSent())
	require.NoError(t, ask(func() {}))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestNTLMPasswordChanges(t *testing.T) {
	t.Parallel()
	secret := newRotating("password 0")
	e := newExchange(t, func(o *exchangeOptions) {
		o.plain = true
		o.Password = func(string, string) (string, bool) { _, server := secret.now(); return server, true }
		o.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.Header.Get("Authorization"), "NTLM TlRMTVNTUAAD") {
					w.Header().Set("Connection", "close") // so that each request signs in
				}
				next.ServeHTTP(w, r)
			})
		}
	})
	rt := e.ntlmAs(t, secret.credential(t, svc), nil)
	made := underLoad(t, some(), func() (int, string, error) { return e.ask(t, rt, "x") }, func(i int) {
		next := fmt.Sprintf("password %d", i+1)
		secret.set(next, next)
		for before := rt.Stats().Handshakes; rt.Stats().Handshakes < before+4*workers && !t.Failed(); {
			time.Sleep(100 * time.Microsecond) // real connections
		}
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	assert.GreaterOrEqual(t, made, int64(some()))
	assert.LessOrEqual(t, len(e.refusals), some()*workers, "those that were on their way")
}
