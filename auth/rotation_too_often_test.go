package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

// A source that returns another password after each refusal does not keep a request going
// forever. Another attempt is worthwhile only if a password has worked before: otherwise it
// would be one guess after another, and the account would be locked.
func TestPasswordChangesTooOften(t *testing.T) {
	t.Parallel()
	for _, worked := range []bool{true, false} {
		t.Run(fmt.Sprint("worked before: ", worked), func(t *testing.T) {
			t.Parallel()
			right, asked, tried := worked, 0, 0
			cred, err := auth.NewCredentialFunc("svc", func(context.Context) (string, error) {
				if !right {
					asked++
				}
				return fmt.Sprint("password ", asked), nil
			})
			require.NoError(t, err)
			fake := &fakeTransport{answer: func(req *http.Request) (*http.Response, error) {
				if right {
					return status(http.StatusOK)(req)
				}
				tried++
				return status(http.StatusUnauthorized)(req)
			}}
			rt, err := auth.Basic("https://mail.example.test/", cred, &auth.BasicOptions{Transport: fake})
			require.NoError(t, err)
			ask := func() (int, error) {
				code, _, err := read(rt.RoundTrip(post(t, "https://mail.example.test/", "x")))
				return code, err
			}
			if worked {
				_, err := ask()
				require.NoError(t, err)
				right = false
			}
			code, err := ask()
			assert.Equal(t, 5, tried)
			if !worked {
				require.NoError(t, err)
				assert.Equal(t, http.StatusUnauthorized, code)
				return
			}
			require.ErrorContains(t, err, "it changes too often; make the request again")
			e := authError(t, err)
			assert.True(t, e.Temporary())
			assert.True(t, e.NotExecuted())
			assert.False(t, e.Unauthorized(), "the next one may be right")
		})
	}
}

func TestNTLMPasswordChangesTooOften(t *testing.T) {
	t.Parallel()
	for _, worked := range []bool{true, false} {
		t.Run(fmt.Sprint("worked before: ", worked), func(t *testing.T) {
			t.Parallel()
			var right atomic.Bool
			var asked atomic.Int32
			right.Store(worked)
			e := newExchange(t, func(o *exchangeOptions) {
				o.plain = true
				o.Password = func(string, string) (string, bool) {
					if right.Load() {
						return "password 0", true
					}
					return "of nobody", true
				}
				o.wrap = func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if strings.Contains(r.Header.Get("Authorization"), "NTLM TlRMTVNTUAAD") {
							w.Header().Set("Connection", "close") // so that each request signs in
						}
						next.ServeHTTP(w, r)
					})
				}
			})
			cred, err := auth.NewCredentialFunc(svc, func(context.Context) (string, error) {
				if right.Load() {
					return "password 0", nil
				}
				return fmt.Sprint("password ", asked.Add(1)), nil
			})
			require.NoError(t, err)
			rt := e.ntlmAs(t, cred, nil)
			if worked {
				_, _, err := e.ask(t, rt, "x")
				require.NoError(t, err)
				right.Store(false)
			}
			_, _, err = e.ask(t, rt, "x")
			require.Error(t, err)
			failed := authError(t, err)
			assert.True(t, failed.NotExecuted())
			assert.Equal(t, worked, failed.Temporary())
			assert.Equal(t, !worked, failed.Unauthorized())
			e.mu.Lock()
			defer e.mu.Unlock()
			assert.LessOrEqual(t, len(e.refusals), 8, "passwords for one request")
		})
	}
}
