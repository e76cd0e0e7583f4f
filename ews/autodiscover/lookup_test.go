package autodiscover_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
)

func TestFinds(t *testing.T) {
	t.Parallel()
	type servers = map[string]http.HandlerFunc
	online := func(o *autodiscover.Options) { o.AllowedHosts = autodiscover.ExchangeOnline() }
	const office = "https://outlook.office365.com/EWS/Exchange.asmx"
	for name, tc := range map[string]struct {
		net    *internet
		change func(*autodiscover.Options)
		want   string
		source string
		signed []string // URLs that received credentials
	}{
		"SOAP at the domain": {
			net:    &internet{servers: servers{apex: exchange(external(ews), "")}},
			want:   ews,
			source: apex + bySOAP,
			signed: []string{apex + bySOAP},
		},
		"SOAP behind a website": {
			net:    &internet{servers: servers{apex: website, service: exchange(external(ews), "")}},
			want:   ews,
			source: service + bySOAP,
			signed: []string{service + bySOAP},
		},
		"JSON without credentials": {
			net:    &internet{servers: servers{service: exchange(external(ews), answerJSON(ews))}},
			change: func(o *autodiscover.Options) { o.Transport = nil },
			want:   ews,
			source: service + byJSON + alice,
		},
		"JSON where SOAP is off": {
			net:    &internet{servers: servers{service: exchange("", answerJSON(ews))}},
			want:   ews,
			source: service + byJSON + alice,
			signed: []string{service + bySOAP},
		},
		"JSON where no credentials may go": {
			net: &internet{servers: servers{service: exchange(external(ews), answerJSON(ews))}},
			change: func(o *autodiscover.Options) {
				o.Transport = func(string) http.RoundTripper { return nil }
			},
			want:   ews,
			source: service + byJSON + alice,
		},
		"redirection without TLS": {
			net: &internet{servers: servers{
				"http://autodiscover.example.com": redirect("https://mail.example.com/autodiscover/autodiscover.xml"),
				"https://mail.example.com":        exchange(external(ews), ""),
			}},
			want:   ews,
			source: "https://mail.example.com" + bySOAP,
			signed: []string{"https://mail.example.com" + bySOAP},
		},
		"SRV record": {
			net: &internet{
				servers: servers{"https://mail.example.com:8443": exchange(external(ews), "")},
				records: map[string][]*net.SRV{"_autodiscover._tcp.example.com": {{Target: "gone.example.com.", Port: 443}, {Target: "Mail.Example.com.", Port: 8443}}},
			},
			want:   ews,
			source: "https://mail.example.com:8443" + bySOAP,
			signed: []string{"https://mail.example.com:8443" + bySOAP},
		},
		"HTTPS redirection": {
			net: &internet{servers: servers{
				apex:                         redirect("https://autodiscover.example.com/x"),
				service:                      redirect("https://cas.example.com:443/autodiscover/autodiscover.xml"),
				"https://cas.example.com":    exchange(external(ews), ""),
				"http://example.com":         website,
				"https://unrelated.test":     website,
				"https://other.example.com":  website,
				"https://third.example.com":  website,
				"https://fourth.example.com": website,
			}},
			want:   ews,
			source: "https://cas.example.com" + bySOAP,
			signed: []string{"https://cas.example.com" + bySOAP},
		},
		"RedirectUrl": {
			net: &internet{servers: servers{
				apex:                      exchange(user("RedirectUrl", "https://cas.example.com/autodiscover/autodiscover.svc"), ""),
				"https://cas.example.com": exchange(external(ews), ""),
			}},
			want:   ews,
			source: "https://cas.example.com" + bySOAP,
			signed: []string{apex + bySOAP, "https://cas.example.com" + bySOAP},
		},
		"RedirectAddress": {
			net: &internet{servers: servers{
				apex:                                    exchange(user("RedirectAddress", "alice@corp.example.com"), ""),
				"https://autodiscover.corp.example.com": exchange(external(ews), ""),
			}},
			want:   ews,
			source: "https://autodiscover.corp.example.com" + bySOAP,
			signed: []string{apex + bySOAP, "https://autodiscover.corp.example.com" + bySOAP},
		},
		"into the cloud": {
			net: &internet{servers: servers{
				apex: exchange(user("RedirectAddress", "alice@example.mail.onmicrosoft.com"), ""),
				"http://autodiscover.example.mail.onmicrosoft.com": redirect("https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml"),
				"https://autodiscover-s.outlook.com":               exchange("", answerJSON(office)),
			}},
			change: func(o *autodiscover.Options) {
				online(o)
				all := o.Transport
				o.Transport = func(host string) http.RoundTripper {
					if strings.HasSuffix(host, "example.com") {
						return all(host)
					}
					return nil
				}
			},
			want:   office,
			source: "https://autodiscover-s.outlook.com" + byJSON + "alice@example.mail.onmicrosoft.com",
			signed: []string{apex + bySOAP},
		},
		"only an internal URL": {
			net:  &internet{servers: servers{apex: exchange(user("NoError", "", "InternalEwsUrl", ews), "")}},
			want: ews, source: apex + bySOAP, signed: []string{apex + bySOAP},
		},
		"both, external": {
			net: &internet{servers: servers{apex: exchange(
				user("NoError", "", "InternalEwsUrl", "https://cas1.corp.example.com/EWS/Exchange.asmx", "ExternalEwsUrl", ews), "")}},
			want: ews, source: apex + bySOAP, signed: []string{apex + bySOAP},
		},
		"both, internal": {
			net: &internet{servers: servers{apex: exchange(
				user("NoError", "", "InternalEwsUrl", "https://cas1.corp.example.com/EWS/Exchange.asmx", "ExternalEwsUrl", ews), "")}},
			change: func(o *autodiscover.Options) { o.Internal = true },
			want:   "https://cas1.corp.example.com/EWS/Exchange.asmx", source: apex + bySOAP, signed: []string{apex + bySOAP},
		},
		"internal name that is not allowed": {
			net: &internet{servers: servers{apex: exchange(
				user("NoError", "", "InternalEwsUrl", "https://cas1.corp.local/EWS/Exchange.asmx", "ExternalEwsUrl", ews), "")}},
			change: func(o *autodiscover.Options) { o.Internal = true },
			want:   ews, source: apex + bySOAP, signed: []string{apex + bySOAP},
		},
		"rule of the caller": {
			net: &internet{servers: servers{service: exchange(external("https://hoster.test:444/ews/exchange.asmx"), "")}},
			change: func(o *autodiscover.Options) {
				o.Allow = func(address, host string) bool {
					return address == alice && (host == "autodiscover.example.com" || host == "hoster.test")
				}
			},
			want: "https://hoster.test:444/ews/exchange.asmx", source: service + bySOAP, signed: []string{service + bySOAP},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := tc.net.client(t, tc.change).Lookup(t.Context(), "alice@EXAMPLE.com")
			require.NoError(t, err)
			assert.Equal(t, tc.want, found.EWSURL)
			assert.Equal(t, tc.source, found.Source)
			assert.Equal(t, tc.signed, tc.net.sentCredentials())
			for _, line := range tc.net.seen {
				if strings.Contains(line, " http://") {
					assert.Equal(t, "http://autodiscover."+found.Address[strings.Index(found.Address, "@")+1:]+byXML, line[strings.Index(line, "http"):])
				}
			}
		})
	}
}

func TestGoldenRequest(t *testing.T) {
	t.Parallel()
	var sent []byte
	var header http.Header
	n := &internet{servers: map[string]http.HandlerFunc{apex: func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			sent, _ = io.ReadAll(r.Body)
			header = r.Header
		}
		exchange(external(ews), "")(w, r)
	}}}
	_, err := n.client(t, nil).EWSURL(t.Context(), "o'neil&sons@example.com")
	require.NoError(t, err)
	want, err := os.ReadFile(filepath.Join("testdata", "get_user_settings.xml"))
	require.NoError(t, err)
	assert.Equal(t, strings.TrimSpace(string(want)), string(sent))
	assert.Equal(t, "text/xml; charset=utf-8", header.Get("Content-Type"))
	assert.Equal(t, autodiscover.DefaultUserAgent, header.Get("User-Agent"))
}

// TestGrouping: the group of the mailbox is returned if the server reports it.
func TestGrouping(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		user("NoError", "", "ExternalEwsUrl", ews, "GroupingInformation", "Default-First-Site-Name"): "Default-First-Site-Name",
		external(ews): "",
	} {
		n := &internet{servers: map[string]http.HandlerFunc{apex: exchange(answer, "")}}
		found, err := n.client(t, nil).Lookup(t.Context(), "alice@example.com")
		require.NoError(t, err)
		assert.Equal(t, want, found.Grouping)
	}
}

func TestJSONRequest(t *testing.T) {
	t.Parallel()
	var got []string
	n := &internet{servers: map[string]http.HandlerFunc{
		apex: redirect(service),
		service: func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r.URL.RequestURI())
			exchange("", answerJSON(ews))(w, r)
		},
	}}
	_, err := n.client(t, nil).EWSURL(t.Context(), "a/b?c=d@example.com")
	require.NoError(t, err)
	assert.Equal(t, "/autodiscover/autodiscover.json/v1.0/a%2Fb%3Fc=d@example.com?Protocol=EWS&RedirectCount=1", got[len(got)-1])
}

func TestContextEnds(t *testing.T) {
	t.Parallel()
	why := errors.New("shutting down")
	ctx, cancel := context.WithCancelCause(t.Context())
	n := &internet{servers: map[string]http.HandlerFunc{apex: func(w http.ResponseWriter, r *http.Request) {
		cancel(why)
		website(w, r)
	}}}
	_, err := n.client(t, nil).EWSURL(ctx, alice)
	assert.Equal(t, why, err)
	assert.LessOrEqual(t, len(n.seen), 2)
}

type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := autodiscover.NewClient(&autodiscover.Options{Anonymous: hanging{}, Resolver: &internet{}, Timeout: time.Second})
		require.NoError(t, err)
		began := time.Now()
		_, err = c.EWSURL(t.Context(), alice)
		e, ok := errors.AsType[*autodiscover.Error](err)
		require.True(t, ok)
		assert.True(t, e.Temporary())
		assert.Equal(t, 3*time.Second, time.Since(began), "a second for each request")
	})
}

func TestNewClientRefuses(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string]*autodiscover.Options{
		"Timeout":      {Timeout: -1},
		"AllowedHosts": {AllowedHosts: []string{"https://mail.example.com"}},
		"Allow":        {AllowedHosts: []string{"a.test"}, Allow: func(string, string) bool { return true }},
	} {
		_, err := autodiscover.NewClient(opts)
		assert.ErrorContains(t, err, want)
	}
	_, err := autodiscover.NewClient(&autodiscover.Options{AllowedHosts: autodiscover.ExchangeOnline()})
	assert.NoError(t, err)
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	c := new(internet).client(t, nil)
	for _, bad := range []string{
		"", "alice", "@example.com", "alice@", "alice@localhost", "alice@exa mple.com", "alice@example.com/x", "alice@example.com:80",
		"alice@a..com", "a\nb@example.com", "alice@" + strings.Repeat("a.", 130) + "com", "alice@[127.0.0.1]", "alice@example.com?",
	} {
		_, err := c.EWSURL(t.Context(), bad)
		require.Error(t, err, "%q", bad)
		assert.NotErrorIs(t, err, autodiscover.ErrNotFound, "%q", bad)
	}
	_, err := c.EWSURL(t.Context(), "alice@example.com")
	require.ErrorIs(t, err, autodiscover.ErrNotFound)
	assert.ErrorContains(t, err, "no SRV record exists")
}
