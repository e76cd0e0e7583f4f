package autodiscover_test

import (
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

type refusedByTransport struct{ error }

func (refusedByTransport) Unauthorized() bool { return true }

// TestWrongPassword checks that a wrong password is not repeated, which would lock the
// account: a refusal by the web server of the domain is followed by one more attempt, at
// the host that is meant for Autodiscover.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	wrong := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", "Basic")
		w.Header().Set("X-Feserver", "EX1")
		w.WriteHeader(http.StatusUnauthorized)
	}
	third := "https://third.example.com"
	record := map[string][]*net.SRV{"_autodiscover._tcp.example.com": {{Target: "third.example.com.", Port: 443}}}
	for name, refused := range map[string]error{"the server says": nil, "the transport says": refusedByTransport{errors.New("locked")}} {
		for where, tc := range map[string]struct {
			servers map[string]http.HandlerFunc
			want    []string
		}{
			"everywhere":      {map[string]http.HandlerFunc{apex: wrong, service: wrong, third: wrong}, []string{"example.com", "autodiscover.example.com"}},
			"at Autodiscover": {map[string]http.HandlerFunc{apex: website, service: wrong, third: wrong}, []string{"autodiscover.example.com"}},
		} {
			t.Run(name+" "+where, func(t *testing.T) {
				t.Parallel()
				var asked []string
				n := &internet{refused: refused, servers: tc.servers, records: record}
				_, err := n.client(t, func(o *autodiscover.Options) {
					all := o.Transport
					o.Transport = func(host string) http.RoundTripper { asked = append(asked, host); return all(host) }
				}).EWSURL(t.Context(), alice)
				require.ErrorIs(t, err, autodiscover.ErrUnauthorized)
				assert.ErrorIs(t, err, autodiscover.ErrNotFound)
				assert.Equal(t, tc.want, asked)
				e, ok := errors.AsType[*autodiscover.Error](err)
				require.True(t, ok)
				assert.False(t, e.Temporary())
			})
		}
	}
}

// asking is a web server that asks for a password, with some headers.
func asking(headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="example.com"`)
		for i := 0; i < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// The web server of the domain may belong to somebody else: it gets no password just by
// asking for one, and does not end the search.
func TestForeignWebServer(t *testing.T) {
	t.Parallel()
	for name, foreign := range map[string]http.HandlerFunc{
		"Basic":      asking(),
		"NTLM":       asking("WWW-Authenticate", "NTLM", "Microsoftsharepointteamservices", "16.0.0.0"),
		"request id": asking("Request-Id", "1234-abcd"),
		"IIS":        asking("Server", "Microsoft-IIS/10.0", "X-Powered-By", "ASP.NET"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := &internet{servers: map[string]http.HandlerFunc{apex: foreign, service: exchange(external(ews), "")}}
			found, err := n.client(t, nil).Lookup(t.Context(), alice)
			require.NoError(t, err)
			assert.Equal(t, ews, found.EWSURL)
			assert.Equal(t, []string{service + bySOAP}, n.sentCredentials())
			assert.ErrorContains(t, found.Attempts[0].Err, "no sign of Exchange")
		})
	}
}

func TestSigns(t *testing.T) {
	t.Parallel()
	for _, header := range [][]string{
		{"X-SOAP-Enabled", "True"}, {"X-OAuth-Enabled", "True"}, {"X-FEServer", "EX1"}, {"X-DiagInfo", "EX1"}, {"X-OWA-Version", "15.2.1"},
		{"request-id", "11111111-2222-3333-4444-555555555555"},
	} {
		n := &internet{servers: map[string]http.HandlerFunc{apex: asking(header...)}}
		_, err := n.client(t, nil).Lookup(t.Context(), alice)
		require.ErrorIs(t, err, autodiscover.ErrUnauthorized, header)
		assert.Equal(t, []string{apex + bySOAP}, n.sentCredentials(), header)
	}
	// Hosts that somebody has named need no sign.
	for name, change := range map[string]func(*autodiscover.Options){
		"allowed": func(o *autodiscover.Options) { o.AllowedHosts = []string{"autodiscover.example.com"} },
		"named": func(o *autodiscover.Options) {
			o.Named = func(host string) bool { return host == "autodiscover.example.com" }
		},
	} {
		n := &internet{servers: map[string]http.HandlerFunc{apex: asking(), service: asking()}}
		_, err := n.client(t, change).Lookup(t.Context(), alice)
		require.ErrorIs(t, err, autodiscover.ErrUnauthorized, name)
		assert.Equal(t, []string{service + bySOAP}, n.sentCredentials(), name)
	}
	n := &internet{
		servers: map[string]http.HandlerFunc{apex: asking(), "https://mail.example.com": asking()},
		records: map[string][]*net.SRV{"_autodiscover._tcp.example.com": {{Target: "mail.example.com.", Port: 443}}},
	}
	_, err := n.client(t, nil).Lookup(t.Context(), alice)
	require.ErrorIs(t, err, autodiscover.ErrUnauthorized)
	assert.Equal(t, []string{"https://mail.example.com" + bySOAP}, n.sentCredentials())
}

// Redirects to other paths of the same host are followed.
func TestOtherPaths(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"/AutoDiscover", "/mail/autodiscover"} {
		moved := exchange(external(ews), "")
		n := &internet{servers: map[string]http.HandlerFunc{apex: website, service: func(w http.ResponseWriter, r *http.Request) {
			switch {
			case !strings.HasPrefix(r.URL.Path, folder+"/"):
				redirect(folder+"/"+r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])(w, r)
			default:
				r = r.Clone(r.Context())
				r.URL.Path = "/autodiscover" + r.URL.Path[len(folder):]
				moved(w, r)
			}
		}}}
		found, err := n.client(t, nil).Lookup(t.Context(), alice)
		require.NoError(t, err)
		assert.Equal(t, ews, found.EWSURL)
		assert.Equal(t, service+folder+"/autodiscover.svc", found.Source)
	}
	n := 0
	endless := func(w http.ResponseWriter, r *http.Request) { n++; redirect(r.URL.Path+"x")(w, r) }
	_, err := (&internet{servers: map[string]http.HandlerFunc{apex: endless}}).client(t, nil).Lookup(t.Context(), alice)
	require.ErrorContains(t, err, "redirected too often")
	assert.Less(t, n, 15)
}

func TestAddressesRedirectToEachOther(t *testing.T) {
	t.Parallel()
	n := &internet{servers: map[string]http.HandlerFunc{
		apex:                                    exchange(user("RedirectAddress", "alice@corp.example.com"), ""),
		"https://autodiscover.corp.example.com": exchange(user("RedirectAddress", "Alice@EXAMPLE.com"), ""),
	}}
	_, err := n.client(t, nil).Lookup(t.Context(), alice)
	require.ErrorIs(t, err, autodiscover.ErrNotFound)
	require.ErrorContains(t, err, "the two addresses redirect to each other")
	assert.Less(t, len(n.seen), 20)
}

// announcing is a transport with credentials, like those of package auth.
type announcing struct {
	signingIn
	sent *redact.Secrets
}

func (a announcing) RoundTrip(r *http.Request) (*http.Response, error) {
	a.sent.Announce(r.Context())
	return a.signingIn.RoundTrip(r)
}

// Echoes by a server, and user names in its URLs, appear in no error.
func TestEcho(t *testing.T) {
	t.Parallel()
	var sent redact.Secrets
	sent.Add("svc", "s3cr3tPW")
	basic := base64.StdEncoding.EncodeToString([]byte("svc:s3cr3tPW"))
	for name, answer := range map[string]string{
		"message":  user("InvalidUser", "", "x", "y"),
		"code":     user("s3cr3tPW", ""),
		"redirect": user("RedirectUrl", "https://other:s3cr3tPW@mail.evil.test/"),
		"URL":      external("https://other:pw@mail.example.com/EWS/Exchange.asmx?" + basic),
		"no URL":   external("https://other:pw@[mail.example.com/" + basic),
	} {
		n := &internet{servers: map[string]http.HandlerFunc{apex: exchange(strings.ReplaceAll(answer, "Text.", "you sent "+basic), "")}}
		_, err := n.client(t, func(o *autodiscover.Options) {
			o.Transport = func(host string) http.RoundTripper { return announcing{signingIn{n, host}, &sent} }
		}).Lookup(t.Context(), alice)
		require.Error(t, err)
		for _, secret := range []string{"s3cr3tPW", basic, "other:pw"} {
			assert.NotContains(t, err.Error(), secret, name)
		}
		e, ok := errors.AsType[*autodiscover.Error](err)
		require.True(t, ok)
		for _, a := range e.Attempts {
			assert.NotContains(t, a.Err.Error()+a.URL, "s3cr3tPW")
		}
	}
}
