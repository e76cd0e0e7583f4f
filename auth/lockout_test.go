package auth_test

import (
	"context"
	"encoding/base64"
	"errors"
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

// door is a server that is slow to answer some passwords.
type door struct {
	mu    sync.Mutex
	slow  map[string]time.Duration
	codes map[string]int // 0: 200
	tries map[string]int
}

func newDoor() *door {
	return &door{slow: map[string]time.Duration{}, codes: map[string]int{}, tries: map[string]int{}}
}

func (d *door) RoundTrip(req *http.Request) (*http.Response, error) {
	_, got, _ := req.BasicAuth()
	d.mu.Lock()
	d.tries[got]++
	pause, code := d.slow[got], max(d.codes[got], http.StatusOK)
	d.mu.Unlock()
	select {
	case <-time.After(pause):
		return status(code)(req)
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

// set determines how the next requests with a password are answered.
func (d *door) set(password string, code int, pause time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.codes[password], d.slow[password] = code, pause
}

func (d *door) tried(password string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.tries[password]
}

func (d *door) client(t testing.TB, cred auth.Credential) func() (int, error) {
	t.Helper()
	rt, err := auth.Basic("https://mail.example.test/", cred, &auth.BasicOptions{Transport: d})
	require.NoError(t, err)
	return func() (int, error) {
		code, _, err := read(rt.RoundTrip(post(t, "https://mail.example.test/", "x")))
		return code, err
	}
}

// While the first sign-in stalls, nothing else is sent, but nothing waits forever.
func TestFirstSignInStalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDoor()
		d.set(password, http.StatusOK, time.Hour)
		ask := d.client(t, credential(t, "svc"))
		go func() { _, _ = ask() }()
		synctest.Wait()
		var wg sync.WaitGroup
		start := time.Now()
		for range 27 {
			wg.Go(func() {
				_, err := ask()
				assert.ErrorContains(t, err, "a sign-in is under way")
				e := authError(t, err)
				assert.True(t, e.NotSent())
				assert.True(t, e.NotExecuted())
				assert.True(t, e.Temporary())
				assert.False(t, e.Unauthorized(), "nothing was refused")
			})
		}
		wg.Wait()
		assert.Equal(t, time.Minute, time.Since(start))
		assert.Equal(t, 1, d.tried(password))
		time.Sleep(time.Hour)
		d.set(password, http.StatusOK, 0)
		code, err := ask()
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, code)
	})
}

// When attempts stall one after another, the requests that wait do not wait for the sum.
func TestSignInsStallInARow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDoor()
		d.set(password, http.StatusServiceUnavailable, 25*time.Second)
		ask := d.client(t, credential(t, "svc"))
		var wg sync.WaitGroup
		var sent, waited atomic.Int64
		for range 6 {
			wg.Go(func() {
				start := time.Now()
				if _, err := ask(); err != nil {
					assert.ErrorContains(t, err, "a sign-in is under way")
					assert.Equal(t, time.Minute, time.Since(start))
					waited.Add(1)
					return
				}
				sent.Add(1)
			})
		}
		wg.Wait()
		assert.EqualValues(t, 3, sent.Load())
		assert.EqualValues(t, 3, waited.Load())
		assert.Equal(t, 3, d.tried(password))
	})
}

// While the trial of a new password stalls, the old one, which works, is used.
func TestTrialOfANewPasswordStalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, secret := newDoor(), newRotating("old")
		ask := d.client(t, secret.credential(t, "svc"))
		took := func() time.Duration {
			start := time.Now()
			code, err := ask()
			assert.NoError(t, err)
			assert.Equal(t, http.StatusOK, code)
			return time.Since(start)
		}
		took()
		secret.set("new", "")
		d.set("new", http.StatusOK, time.Hour)
		go func() { took() }()
		synctest.Wait()
		var wg sync.WaitGroup
		for range 27 {
			wg.Go(func() { assert.Equal(t, 10*time.Second, took()) })
		}
		wg.Wait()
		for range 3 {
			assert.Zero(t, took(), "it stalls already")
		}
		assert.Equal(t, 31, d.tried("old"))
		assert.Equal(t, 1, d.tried("new"))

		// The old one is refused, too: no other is tried until the trial ends.
		d.set("old", http.StatusUnauthorized, 0)
		start := time.Now()
		for range 3 {
			_, err := ask()
			require.ErrorContains(t, err, "a sign-in is under way")
		}
		assert.Equal(t, 3*time.Minute, time.Since(start))
		assert.Equal(t, 32, d.tried("old"))
		assert.Equal(t, 1, d.tried("new"))
		time.Sleep(time.Hour)
		d.set("new", http.StatusOK, 0)
		assert.Zero(t, took())
		assert.Equal(t, 32, d.tried("old"))
	})
}

// A late 200 says nothing about a password that was refused, or replaced, since the request
// was sent.
func TestLateAnswerToAnOldPassword(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]string{"the same": "old", "another": "new"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d, secret := newDoor(), newRotating("old")
				ask := d.client(t, secret.credential(t, "svc"))
				_, err := ask()
				require.NoError(t, err)
				d.set("old", http.StatusOK, 30*time.Second)
				done := make(chan struct{})
				go func() {
					defer close(done)
					code, err := ask()
					assert.NoError(t, err)
					assert.Equal(t, http.StatusOK, code)
				}()
				synctest.Wait()
				d.set("old", http.StatusUnauthorized, 0)
				d.set("new", http.StatusServiceUnavailable, 0)
				secret.set(next, "")
				code, err := ask() // with "new", or with "old"
				require.NoError(t, err)
				assert.Equal(t, map[string]int{"old": 401, "new": 503}[next], code)
				if next == "new" {
					secret.set("old", "")
					code, err = ask()
					require.NoError(t, err)
					assert.Equal(t, 401, code)
				}
				<-done
				before := d.tried("old")
				_, err = ask()
				require.ErrorContains(t, err, "not tried again until")
				secret.set("new", "")
				code, err = ask()
				require.NoError(t, err)
				assert.Equal(t, 503, code)
				assert.Equal(t, before, d.tried("old"))
			})
		})
	}
}

// The trial of a new password is not cut short by a late response to the old one, and the
// new one stays when such a response comes after the trial.
func TestLateAnswerDuringATrial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, secret := newDoor(), newRotating("old")
		ask := d.client(t, secret.credential(t, "svc"))
		_, err := ask()
		require.NoError(t, err)
		for _, late := range []time.Duration{20 * time.Second, 40 * time.Second} {
			d.set("old", http.StatusOK, late)
			go func() { _, _ = ask() }()
			synctest.Wait()
		}
		d.set("old", http.StatusUnauthorized, 0)
		go func() {
			code, err := ask() // refused, and then sent with "new"
			assert.NoError(t, err)
			assert.Equal(t, http.StatusOK, code)
		}()
		synctest.Wait()
		d.set("new", http.StatusOK, 30*time.Second)
		secret.set("new", "")
		time.Sleep(25 * time.Second) // the first late response has come
		code, err := ask()
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, code)
		time.Sleep(time.Minute)
		secret.set("wrong", "")
		d.set("wrong", http.StatusUnauthorized, 0)
		d.set("new", http.StatusOK, 0)
		for range 3 {
			code, err = ask()
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, code)
		}
		assert.Equal(t, 4, d.tried("old"))
		assert.Equal(t, 1, d.tried("wrong"))
	})
}

// If another call is refused with the same password between the two messages of a
// handshake, the second message is not sent.
func TestNTLMRefusedMeanwhile(t *testing.T) {
	t.Parallel()
	var right, hold atomic.Bool
	right.Store(true)
	held, release := make(chan struct{}), make(chan struct{})
	e := newExchange(t, func(o *exchangeOptions) {
		o.plain = true
		o.Password = func(string, string) (string, bool) {
			if right.Load() {
				return password, true
			}
			return "another", true
		}
		o.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
				msg, _ := base64.StdEncoding.DecodeString(token)
				switch {
				case len(msg) > 8 && msg[8] == 3:
					w.Header().Set("Connection", "close") // so that each request signs in
				case hold.Swap(false):
					close(held)
					<-release
				}
				next.ServeHTTP(w, r)
			})
		}
	})
	rt := e.ntlm(t, svc, nil)
	_, _, err := e.ask(t, rt, "x")
	require.NoError(t, err)
	right.Store(false)
	hold.Store(true)
	failed := make(chan error)
	go func() {
		_, _, err := e.ask(t, rt, "x")
		failed <- err
	}()
	<-held
	_, _, err = e.ask(t, rt, "x")
	require.ErrorContains(t, err, "refused the sign-in")
	close(release)
	err = <-failed
	require.ErrorContains(t, err, "not tried again until")
	assert.True(t, authError(t, err).NotSent())
	assert.True(t, authError(t, err).Unauthorized())
	assert.EqualValues(t, 1, e.Stats().Refusals)
}

// If the source fails between the two messages, the password already fetched is used.
func TestNTLMSourceFailsMeanwhile(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	why := errors.New("vault is sealed")
	cred, err := auth.NewCredentialFunc(svc, func(context.Context) (string, error) {
		if n.Add(1) == 2 {
			return "", why
		}
		return password, nil
	})
	require.NoError(t, err)
	e := newExchange(t, func(o *exchangeOptions) { o.plain = true })
	_, got, err := e.ask(t, e.ntlmAs(t, cred, nil), "x")
	require.NoError(t, err)
	assert.Equal(t, svc+" x", got)
}
