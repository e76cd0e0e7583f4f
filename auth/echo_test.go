package auth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/internal/azuread"
)

// shown returns everything that an error and those that it wraps show.
func shown(err error) string {
	var b strings.Builder
	for err != nil {
		text, _ := json.Marshal(err)
		fmt.Fprintf(&b, "%v %+v %#v %q %s\n", err, err, err, err, text)
		err = errors.Unwrap(err)
	}
	return b.String()
}

// Secrets that the other side echoes are in no error: a broken response shows the header
// that the server received.
func TestBasicEcho(t *testing.T) {
	t.Parallel()
	var sent string
	fake := &fakeTransport{answer: func(req *http.Request) (*http.Response, error) {
		sent = req.Header.Get("Authorization")
		return nil, fmt.Errorf("malformed HTTP response %q with %q", "got "+sent, password)
	}}
	rt, err := auth.Basic("https://mail.example.test/", credential(t, "svc"), &auth.BasicOptions{Transport: fake})
	require.NoError(t, err)
	_, err = rt.RoundTrip(post(t, "https://mail.example.test/", "x"))
	require.ErrorContains(t, err, `malformed HTTP response "got Basic [redacted]" with "[redacted]"`)
	assert.NotContains(t, shown(err), sent[6:])
	assert.NotContains(t, shown(err), password)
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		assert.NotContains(t, fmt.Sprintf(verb, rt), password)
	}
}

func TestNTLMEcho(t *testing.T) {
	t.Parallel()
	var message string
	e := newExchange(t, func(o *exchangeOptions) {
		o.plain = true
		o.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.HasPrefix(token, "TlRMTVNTUAADAAAA") {
					message = token
					_, _ = io.Copy(io.Discard, r.Body) // otherwise writing it may be what fails
					conn, _, err := w.(http.Hijacker).Hijack()
					if assert.NoError(t, err) {
						_, _ = io.WriteString(conn, "HTTP/1.1 "+token+" "+password+"\r\n\r\n")
						_ = conn.Close()
					}
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	})
	_, _, err := e.ask(t, e.ntlm(t, svc, nil), "x")
	require.ErrorContains(t, err, "[redacted]")
	raw, decodeErr := base64.StdEncoding.DecodeString(message)
	require.NoError(t, decodeErr)
	for _, part := range []string{password, message, message[40:], fmt.Sprintf("%x", raw[88:120])} {
		assert.NotContains(t, shown(err), part)
	}
}

func TestAzureADEcho(t *testing.T) {
	t.Parallel()
	var assertion string
	echo := func(w http.ResponseWriter, r *http.Request) bool {
		_ = r.ParseForm()
		assertion = r.PostForm.Get("client_assertion")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": "x " + assertion, "error_description": "got " + assertion, "correlation_id": assertion})
		return true
	}
	o := newOnline(t, func(opts *azuread.Options) { opts.BeforeToken = echo })
	_, _, err := o.ask(t, o.client(t, nil), "x")
	require.ErrorContains(t, err, "got [redacted]")
	parts := strings.Split(assertion, ".")
	for _, part := range append(parts[1:], assertion) {
		assert.NotContains(t, shown(err), part)
	}

	for name, answer := range map[string]http.HandlerFunc{
		"blocked": func(w http.ResponseWriter, r *http.Request) {
			assertion = r.Header.Get("Authorization")[7:]
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "<html>you sent "+assertion+strings.Repeat(" filler", 300)+assertion+"</html>")
		},
		"refused": func(w http.ResponseWriter, r *http.Request) {
			assertion = r.Header.Get("Authorization")[7:]
			w.Header().Set("WWW-Authenticate", `Bearer error="`+assertion+`"`)
			w.Header().Set("X-Ms-Diagnostics", "2000008;reason="+assertion)
			w.WriteHeader(http.StatusUnauthorized)
		},
	} {
		o := newOnline(t, nil)
		o.answer.Store(answer)
		_, _, err := o.ask(t, o.client(t, nil), "x")
		require.ErrorContains(t, err, "[redacted]", name)
		for part := range strings.SplitSeq(assertion, ".") {
			assert.NotContains(t, shown(err), part[:20], name)
		}
	}
}
