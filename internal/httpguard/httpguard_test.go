package httpguard_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/httpguard"
)

func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost":            true,
		"LOCALHOST:8081":       true,
		"127.0.0.1":            true,
		"127.8.9.10:80":        true,
		"[::1]":                true,
		"[::1]:8081":           true,
		"[::ffff:127.0.0.1]:1": true,
		"":                     false,
		"[":                    false,
		"[127.0.0.1":           false,
		"127.0.0.1]":           false,
		"localhost.":           false,
		"localhost.example":    false,
		"127.0.0.1.example:80": false,
		"0.0.0.0:80":           false,
		"[::]:80":              false,
		"192.0.2.1:80":         false,
		"::1":                  false,
	} {
		assert.Equal(t, want, httpguard.IsLoopback(host), "%q", host)
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	request := func(from, host string, headers ...string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr, r.Host = from, host
		for _, name := range headers {
			r.Header.Set(name, "192.0.2.1")
		}
		return r
	}
	assert.Nil(t, httpguard.Local(request("127.0.0.1:40000", "localhost:8081")))
	assert.Equal(t, &httpguard.Refusal{Status: http.StatusForbidden}, httpguard.Local(request("192.0.2.1:40000", "localhost")))
	assert.Equal(t, &httpguard.Refusal{Status: http.StatusMisdirectedRequest}, httpguard.Local(request("127.0.0.1:40000", "rebinds.example")))
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		assert.Equal(t, &httpguard.Refusal{Status: http.StatusForbidden, Proxy: name}, httpguard.Local(request("127.0.0.1:40000", "localhost", name)))
	}
}

func TestHasToken(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]bool{
		"Bearer correct-horse":  true,
		"bearer correct-horse":  true,
		"Bearer correct-horsE":  false,
		"Bearer correct":        false,
		"Bearer  correct-horse": false,
		"Bearer":                false,
		"Basic correct-horse":   false,
		"correct-horse":         false,
		"":                      false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", sent)
		assert.Equal(t, want, httpguard.HasToken(r, "correct-horse"), "%q", sent)
		assert.False(t, httpguard.HasToken(r, ""), "%q", sent)
	}
}
