package autodiscover_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
)

const (
	alice   = "alice@example.com"
	ews     = "https://mail.example.com/EWS/Exchange.asmx"
	byXML   = "/autodiscover/autodiscover.xml"
	bySOAP  = "/autodiscover/autodiscover.svc"
	byJSON  = "/autodiscover/autodiscover.json/v1.0/"
	apex    = "https://example.com"
	service = "https://autodiscover.example.com"
)

// internet is a fake network: handlers by scheme and host. Other hosts do not
// exist.
type internet struct {
	servers map[string]http.HandlerFunc
	records map[string][]*net.SRV
	refused error // returned by signing in

	mu   sync.Mutex
	seen []string // "METHOD URL", with "+" before it if credentials were sent
}

func (n *internet) RoundTrip(r *http.Request) (*http.Response, error) {
	line := r.Method + " " + r.URL.String()
	if r.Header.Get("Authorization") != "" {
		line = "+" + line
	}
	n.mu.Lock()
	n.seen = append(n.seen, line)
	n.mu.Unlock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	h := n.servers[r.URL.Scheme+"://"+r.URL.Host]
	if h == nil {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}}
	}
	w := httptest.NewRecorder()
	h(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (n *internet) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if records := n.records["_"+service+"._"+proto+"."+name]; records != nil {
		return name, records, nil
	}
	return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// signingIn adds credentials for one host and refuses to talk to any other.
type signingIn struct {
	net  *internet
	host string
}

func (s signingIn) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != s.host {
		return nil, fmt.Errorf("credentials of %s would have gone to %s", s.host, r.URL.Host)
	}
	if s.net.refused != nil {
		return nil, s.net.refused
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Basic secret")
	return s.net.RoundTrip(r)
}

// client returns a client with credentials for all allowed hosts.
func (n *internet) client(t testing.TB, change func(*autodiscover.Options)) *autodiscover.Client {
	t.Helper()
	opts := &autodiscover.Options{
		Anonymous: n, Resolver: n,
		Transport: func(host string) http.RoundTripper { return signingIn{n, host} },
	}
	if change != nil {
		change(opts)
	}
	c, err := autodiscover.NewClient(opts)
	require.NoError(t, err)
	return c
}

// sentCredentials returns the URLs that received credentials.
func (n *internet) sentCredentials() []string {
	var urls []string
	for _, line := range n.seen {
		if line, ok := strings.CutPrefix(line, "+"); ok {
			_, u, _ := strings.Cut(line, " ")
			urls = append(urls, u)
		}
	}
	return urls
}

// exchange is a server that asks for credentials and answers SOAP and JSON
// requests with the given texts. An empty text means it lacks that service.
func exchange(soap, json string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		signedIn := r.Header.Get("Authorization") != ""
		switch {
		case strings.HasPrefix(r.URL.Path, byJSON) && json != "":
			_, _ = w.Write([]byte(json))
		case strings.HasPrefix(r.URL.Path, byJSON):
			http.NotFound(w, r)
		case !signedIn:
			w.Header().Set("WWW-Authenticate", "NTLM")
			w.Header().Set("X-SOAP-Enabled", "True")
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == bySOAP && r.Method == http.MethodPost && soap != "":
			w.Header().Set("Content-Type", "text/xml; charset=utf-8")
			_, _ = w.Write([]byte(soap))
		default:
			http.NotFound(w, r)
		}
	}
}

// website is a server without Exchange.
func website(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	}
}

func soapAnswer(content string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body>` + content + `</s:Body></s:Envelope>`
}

// user is the answer for one mailbox: a code, the target of a redirect, and the
// settings as pairs.
func user(code, target string, settings ...string) string {
	var b strings.Builder
	for i := 0; i < len(settings); i += 2 {
		fmt.Fprintf(&b, `<UserSetting i:type="StringSetting"><Name>%s</Name><Value>%s</Value></UserSetting>`, settings[i], settings[i+1])
	}
	return soapAnswer(`<GetUserSettingsResponseMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><Response>` +
		`<ErrorCode>NoError</ErrorCode><ErrorMessage/><UserResponses><UserResponse><ErrorCode>` + code + `</ErrorCode><ErrorMessage>Text.</ErrorMessage>` +
		`<RedirectTarget>` + target + `</RedirectTarget><UserSettingErrors/><UserSettings>` + b.String() + `</UserSettings></UserResponse></UserResponses></Response></GetUserSettingsResponseMessage>`)
}

func external(u string) string { return user("NoError", "", "ExternalEwsUrl", u) }

func answerJSON(u string) string { return `{"Protocol":"EWS","Url":"` + u + `"}` }
