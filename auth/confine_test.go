package auth_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

type transportFunc func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestConfine(t *testing.T) {
	t.Parallel()
	const own = "https://mail.example.test/EWS/Exchange.asmx"
	var reached []string
	next := transportFunc(func(r *http.Request) (*http.Response, error) {
		reached = append(reached, r.URL.String())
		added := r.Clone(r.Context())
		added.Header.Set("Authorization", "Negotiate YII-a-long-ticket-of-this-account-0123456789")
		added.Header.Set("X-Gateway-Key", "the-key-of-a-gateway")
		if len(reached) > 1 {
			return nil, errors.New("broken after YII-a-long-ticket-of-this-account-0123456789 with the-key-of-a-gateway")
		}
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: added}, nil
	})
	rt, err := auth.Confine(own, next, nil)
	require.NoError(t, err)
	for _, url := range []string{"https://evil.example/", "http://mail.example.test/EWS/Exchange.asmx", "https://mail.example.test:444/", "https://mail.example.test.evil.example/"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("x"))
		require.NoError(t, err)
		_, err = rt.RoundTrip(req)
		refused, ok := errors.AsType[*auth.AuthError](err)
		require.True(t, ok, url)
		assert.True(t, refused.NotSent(), url)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, own, nil)
	require.NoError(t, err)
	req.Host = "evil.example"
	_, err = rt.RoundTrip(req)
	require.ErrorContains(t, err, "virtual host evil.example")
	assert.Empty(t, reached)

	for _, same := range []string{own, "https://MAIL.example.test:443/autodiscover/autodiscover.svc"} {
		if req, err = http.NewRequestWithContext(t.Context(), http.MethodPost, same, nil); err != nil {
			t.Fatal(err)
		}
		resp, err := rt.RoundTrip(req)
		if err == nil {
			assert.Same(t, req, resp.Request, "without what was added")
			continue
		}
		assert.ErrorContains(t, err, "broken after [redacted] with [redacted]")
	}
	assert.Len(t, reached, 2)

	for name, tc := range map[string]struct {
		url  string
		next http.RoundTripper
		opts *auth.ConfineOptions
		want string
	}{
		"plain HTTP":  {"http://mail.example.test/EWS/Exchange.asmx", next, nil, "SendOverPlainHTTP"},
		"no URL":      {"mail", next, nil, "https://"},
		"nothing":     {own, nil, nil, "needs a RoundTripper"},
		"it is asked": {"http://mail.example.test/EWS/Exchange.asmx", next, &auth.ConfineOptions{SendOverPlainHTTP: true}, ""},
		"loopback":    {"http://127.0.0.1:8080/EWS/Exchange.asmx", next, nil, ""},
	} {
		_, err := auth.Confine(tc.url, tc.next, tc.opts)
		if tc.want == "" {
			assert.NoError(t, err, name)
			continue
		}
		assert.ErrorContains(t, err, tc.want, name)
	}
}

// A custom way to sign in: what it adds goes only to the host of EWS.
func ExampleConfine() {
	signIn := transportFunc(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Negotiate the-ticket")
		return http.DefaultTransport.RoundTrip(r)
	})
	rt, err := auth.Confine("https://mail.example.test/EWS/Exchange.asmx", signIn, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	req, err := http.NewRequest(http.MethodPost, "https://evil.example/EWS/Exchange.asmx", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = rt.RoundTrip(req)
	refused, ok := errors.AsType[*auth.AuthError](err)
	fmt.Println(ok && refused.NotSent())
	// Output:
	// true
}

// Sign-ins that use other fields, or no scheme, are removed from errors as well.
func TestConfineStrikesOtherFields(t *testing.T) {
	t.Parallel()
	const secret = "a-long-secret-of-this-account-0123456789"
	for name, value := range map[string]string{
		"Authorization": secret, "X-Api-Key": secret, "Cookie": "a=b; session=" + secret, "X-Vault": "Token " + secret,
	} {
		calls := 0
		rt, err := auth.Confine("https://mail.example.test/EWS/Exchange.asmx", transportFunc(func(r *http.Request) (*http.Response, error) {
			if calls++; calls > 1 {
				return nil, fmt.Errorf("2 errors, after %s", secret)
			}
			added := r.Clone(r.Context())
			added.Header.Set(name, value)
			added.Header.Set("X-Attempt", "2")
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: added}, nil
		}), nil)
		require.NoError(t, err)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://mail.example.test/EWS/Exchange.asmx", nil)
		require.NoError(t, err)
		_, err = rt.RoundTrip(req)
		require.NoError(t, err)
		_, err = rt.RoundTrip(req)
		assert.EqualError(t, err, "2 errors, after [redacted]", name)
	}
}

// A sign-in that follows redirects, which it must not do, is detected: another host's
// response is not the server's.
func TestConfineRefusesFollowedRedirects(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"https://evil.example/EWS/Exchange.asmx", "http://mail.example.test/EWS/Exchange.asmx"} {
		rt, err := auth.Confine("https://mail.example.test/EWS/Exchange.asmx", transportFunc(func(r *http.Request) (*http.Response, error) {
			followed, err := http.NewRequestWithContext(r.Context(), http.MethodGet, to, nil)
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: followed}, err
		}), nil)
		require.NoError(t, err)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://mail.example.test/EWS/Exchange.asmx", nil)
		require.NoError(t, err)
		_, err = rt.RoundTrip(req)
		refused, ok := errors.AsType[*auth.AuthError](err)
		require.True(t, ok, to)
		assert.False(t, refused.NotSent())
		assert.ErrorContains(t, err, "must not follow redirects")
	}
}
