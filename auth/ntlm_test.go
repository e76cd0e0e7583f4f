package auth_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/internal/ntlmserver"
)

func TestNTLMSignsInOnceAConnection(t *testing.T) {
	t.Parallel()
	for _, user := range []string{svc, upn} {
		for _, schemes := range [][]string{{"NTLM"}, {"Negotiate"}, {"Negotiate", "NTLM"}, {"NTLM", "Negotiate"}} {
			t.Run(fmt.Sprint(user, schemes), func(t *testing.T) {
				t.Parallel()
				e := newExchange(t, func(o *exchangeOptions) {
					o.Schemes = schemes
					o.Protection = ntlmserver.ProtectionRequire
					o.OneHandshake = true // as strict as Apache
				})
				rt := e.ntlm(t, user, nil)
				for i := range 5 {
					status, got, err := e.ask(t, rt, fmt.Sprint("request ", i))
					require.NoError(t, err)
					assert.Equal(t, http.StatusOK, status)
					assert.Equal(t, fmt.Sprintf("%s request %d", user, i), got)
				}
				extra := int64(0)
				if schemes[0] == "Negotiate" && len(schemes) == 1 {
					extra = 1 // to learn that
				}
				assert.Equal(t, auth.NTLMStats{Requests: 5, RoundTrips: 6 + extra, Handshakes: 1, Open: 1}, rt.Stats())
				assert.Equal(t, ntlmserver.Stats{Connections: 1 + extra, Requests: 6 + extra, Challenges: 1, Handshakes: 1}, e.Stats())
			})
		}
	}
}

func TestNTLMUnderLoadWithTwoIdentities(t *testing.T) {
	t.Parallel()
	for _, most := range []int{0, 8} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			t.Parallel()
			e := newExchange(t, func(o *exchangeOptions) { o.Protection = ntlmserver.ProtectionRequire })
			limit := func(o *auth.NTLMOptions) { o.MaxConnections = most }
			clients := map[string]*auth.NTLMTransport{svc: e.ntlm(t, svc, limit), upn: e.ntlm(t, upn, limit)}
			const workers, each = 32, 40
			var wg sync.WaitGroup
			for user, rt := range clients {
				for worker := range workers {
					wg.Go(func() {
						for i := range each {
							body := strings.Repeat(fmt.Sprint(worker, i), 1000)
							status, got, err := e.ask(t, rt, body)
							if !assert.NoError(t, err) {
								return
							}
							assert.Equal(t, http.StatusOK, status)
							assert.True(t, got == user+" "+body, "%.40s", got)
						}
					})
				}
			}
			wg.Wait()
			s := e.Stats()
			assert.Zero(t, s.Refusals, e.refusals)
			assert.Equal(t, s.Connections, s.Handshakes)
			assert.Equal(t, s.Requests, 2*workers*each+s.Connections, "one extra round trip for each connection")
			if most > 0 {
				// On a machine so busy that 50 ms pass between a write and its
				// report, net/http drops a connection.
				assert.LessOrEqual(t, s.Connections, int64(2*most+4))
			}
			for _, rt := range clients {
				assert.EqualValues(t, workers*each, rt.Stats().Requests)
			}
		})
	}
}

func TestNTLMWrongPassword(t *testing.T) {
	t.Parallel()
	e := newExchange(t, nil)
	cred, err := auth.NewCredential(svc, "wr0ng")
	require.NoError(t, err)
	rt := e.ntlmAs(t, cred, nil)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			_, _, err := e.ask(t, rt, "x")
			refusal := authError(t, err)
			assert.True(t, refusal.Unauthorized())
			for _, want := range []string{"authentication.password", "locked", "Extended Protection", "DisableChannelBinding"} {
				assert.ErrorContains(t, err, want)
			}
			assert.NotContains(t, err.Error(), "wr0ng")
		})
	}
	wg.Wait()
	_, _, err = e.ask(t, rt, "x")
	assert.True(t, authError(t, err).NotSent())
	assert.Equal(t, ntlmserver.Stats{Connections: 1, Requests: 2, Challenges: 1, Refusals: 1}, e.Stats(),
		"exactly one complete handshake")
	assert.Zero(t, rt.Stats().Open)
}

func TestNTLMPasswordChangedMidway(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	current := password
	e := newExchange(t, func(o *exchangeOptions) {
		o.Password = func(string, string) (string, bool) {
			mu.Lock()
			defer mu.Unlock()
			return current, true
		}
	})
	rt := e.ntlm(t, svc, nil)
	_, _, err := e.ask(t, rt, "x")
	require.NoError(t, err)
	mu.Lock()
	current = "changed"
	mu.Unlock()
	_, _, err = e.ask(t, rt, "x")
	require.NoError(t, err, "connections stay signed in")
	rt.CloseIdleConnections()
	for range 5 {
		_, _, err = e.ask(t, rt, "x")
		assert.True(t, authError(t, err).Unauthorized())
	}
	require.ErrorContains(t, err, "had worked before")
	assert.EqualValues(t, 1, e.Stats().Refusals)
}

func TestNTLMChannelBindingCertificates(t *testing.T) {
	t.Parallel()
	rsaSigner, err := rsaKey()
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		key  crypto.Signer
		algo x509.SignatureAlgorithm
	}{
		"ECDSA SHA-256": {ecdsaKey(t, elliptic.P256()), x509.ECDSAWithSHA256},
		"ECDSA SHA-384": {ecdsaKey(t, elliptic.P384()), x509.ECDSAWithSHA384},
		"ECDSA SHA-512": {ecdsaKey(t, elliptic.P521()), x509.ECDSAWithSHA512},
		"RSA SHA-1":     {rsaSigner, x509.SHA1WithRSA},
		"RSA SHA-256":   {rsaSigner, x509.SHA256WithRSA},
		"RSA SHA-384":   {rsaSigner, x509.SHA384WithRSA},
		"RSA SHA-512":   {rsaSigner, x509.SHA512WithRSA},
		"PSS SHA-256":   {rsaSigner, x509.SHA256WithRSAPSS},
		"PSS SHA-384":   {rsaSigner, x509.SHA384WithRSAPSS},
		"PSS SHA-512":   {rsaSigner, x509.SHA512WithRSAPSS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newExchange(t, func(o *exchangeOptions) {
				o.key, o.algo, o.Protection = tc.key, tc.algo, ntlmserver.ProtectionRequire
			})
			_, got, err := e.ask(t, e.ntlm(t, svc, nil), "x")
			require.NoError(t, err)
			assert.Equal(t, svc+" x", got)

			_, _, err = e.ask(t, e.ntlm(t, svc, func(o *auth.NTLMOptions) { o.DisableChannelBinding = true }), "x")
			assert.True(t, authError(t, err).Unauthorized())
			require.ErrorContains(t, err, "do not set NTLMOptions.DisableChannelBinding")
			assert.Equal(t, []string{"channel binding required and none sent"}, e.refusals)
		})
	}
}

// A device that terminates TLS presents a different certificate from the server's.
func TestNTLMBehindATLSTerminatingProxy(t *testing.T) {
	t.Parallel()
	inner := certificate(t, ecdsaKey(t, elliptic.P256()), 0)
	for protection, works := range map[ntlmserver.Protection]map[bool]bool{
		ntlmserver.ProtectionOff:     {false: true, true: true},
		ntlmserver.ProtectionAccept:  {false: false, true: true},
		ntlmserver.ProtectionRequire: {false: false, true: false},
	} {
		for disabled, want := range works {
			t.Run(fmt.Sprint(protection, disabled), func(t *testing.T) {
				t.Parallel()
				e := newExchange(t, func(o *exchangeOptions) { o.Protection, o.Certificate = protection, inner.Leaf })
				rt := e.ntlm(t, svc, func(o *auth.NTLMOptions) { o.DisableChannelBinding = disabled })
				_, _, err := e.ask(t, rt, "x")
				if want {
					require.NoError(t, err)
					return
				}
				assert.True(t, authError(t, err).Unauthorized())
				if !disabled {
					require.ErrorContains(t, err, "end TLS")
				}
			})
		}
	}
}

// authenticateMessages returns the AUTHENTICATE messages received.
func (e *exchange) authenticateMessages(t testing.TB) []*ntlmserver.Authenticate {
	var all []*ntlmserver.Authenticate
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.seen {
		if len(s.message) > 8 && s.message[8] == 3 {
			a, err := ntlmserver.ParseAuthenticate(s.message)
			require.NoError(t, err)
			all = append(all, a)
		}
	}
	return all
}

func TestNTLMBindsNothingWithoutTLS(t *testing.T) {
	t.Parallel()
	e := newExchange(t, func(o *exchangeOptions) { o.plain = true })
	_, got, err := e.ask(t, e.ntlm(t, svc, nil), "x")
	require.NoError(t, err)
	assert.Equal(t, svc+" x", got)
	msgs := e.authenticateMessages(t)
	require.Len(t, msgs, 1)
	assert.NotContains(t, msgs[0].AV, uint16(10))
}

// The channel binding is put into our copy of the challenge. A message
// integrity code would be computed over that copy and be wrong. If this test
// fails, go-ntlmssp has started to send one, and bindChallenge must be replaced
// by whatever go-ntlmssp then offers for channel bindings.
func TestNTLMLibrarySendsNoMIC(t *testing.T) {
	t.Parallel()
	e := newExchange(t, nil)
	_, _, err := e.ask(t, e.ntlm(t, svc, nil), "x")
	require.NoError(t, err)
	msgs := e.authenticateMessages(t)
	require.Len(t, msgs, 1)
	assert.Nil(t, msgs[0].MIC)
	assert.NotContains(t, msgs[0].AV, uint16(6), "MsvAvFlags would announce it")
	assert.Len(t, msgs[0].AV[7], 8, "although the server sends a timestamp, for which MS-NLMP asks for one")
	assert.Len(t, msgs[0].AV[10], 16)
}

func TestNTLMRefusesOptions(t *testing.T) {
	t.Parallel()
	cred := credential(t, svc)
	const url = "https://mail.example.test/EWS/Exchange.asmx"
	for name, tc := range map[string]struct {
		url  string
		cred auth.Credential
		opts *auth.NTLMOptions
		want string
	}{
		"url":        {"mail.example.test", cred, nil, "ewsUrl"},
		"plain":      {"http://mail.example.test/", cred, nil, "SendNTLMOverPlainHTTP"},
		"credential": {url, auth.Credential{}, nil, "NewCredential"},
		"max":        {url, cred, &auth.NTLMOptions{MaxConnections: -1}, "MaxConnections"},
		"keep-alive": {url, cred, &auth.NTLMOptions{Transport: &http.Transport{DisableKeepAlives: true}}, "DisableKeepAlives"},
		"dial TLS":   {url, cred, &auth.NTLMOptions{Transport: &http.Transport{DialTLSContext: (&tls.Dialer{}).DialContext}}, "DialTLSContext"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := auth.NTLM(tc.url, tc.cred, tc.opts)
			require.ErrorContains(t, err, tc.want)
		})
	}
	_, err := auth.NTLM("http://mail.example.test/", cred, &auth.NTLMOptions{SendNTLMOverPlainHTTP: true})
	require.NoError(t, err)
	rt, err := auth.NTLM(url, cred, nil)
	require.NoError(t, err)
	_, _, err = read(rt.RoundTrip(post(t, "https://other.example.test/", "x")))
	assert.True(t, authError(t, err).NotSent())
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", rt, rt, rt), password)
}

func TestNTLMKeepsTheTransportTemplateApart(t *testing.T) {
	t.Parallel()
	e := newExchange(t, nil)
	base := transport(t, nil)
	base.TLSClientConfig.RootCAs = e.roots
	rt := e.ntlm(t, svc, func(o *auth.NTLMOptions) { o.Transport = base })
	base.Proxy = http.ProxyURL(nil)
	base.TLSClientConfig = nil
	_, _, err := e.ask(t, rt, "x")
	require.NoError(t, err)
	assert.True(t, base.Protocols.HTTP2())
}

// A proxy for TLS passes the bytes through, so the binding stays correct.
func TestNTLMThroughAConnectProxy(t *testing.T) {
	t.Parallel()
	e := newExchange(t, func(o *exchangeOptions) { o.Protection = ntlmserver.ProtectionRequire })
	proxy := newConnectProxy(t)
	rt := e.ntlm(t, svc, func(o *auth.NTLMOptions) {
		through := transport(t, &auth.TransportOptions{UseProxy: true, ProxyURL: proxy.url})
		through.TLSClientConfig.RootCAs = e.roots
		o.Transport = through
	})
	for range 3 {
		_, got, err := e.ask(t, rt, "x")
		require.NoError(t, err)
		assert.Equal(t, svc+" x", got)
	}
	assert.Equal(t, 1, proxy.count())
}

func TestNTLMRefusesAProxyWithoutTLS(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	e := newExchange(t, func(o *exchangeOptions) { o.plain = true })
	rt := e.ntlm(t, svc, func(o *auth.NTLMOptions) {
		o.Transport = transport(t, &auth.TransportOptions{UseProxy: true, ProxyURL: srv.URL})
	})
	_, _, err := e.ask(t, rt, "x")
	assert.True(t, authError(t, err).NotSent())
	require.ErrorContains(t, err, "useProxy")
	assert.Zero(t, e.Stats().Requests)
}

func TestNTLMShrinksWhenIdle(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	e := newExchange(t, func(o *exchangeOptions) {
		o.handler = func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Wait") != "" {
				<-release
			}
			answer(w, r)
		}
	})
	var ended <-chan struct{}
	rt := e.ntlm(t, svc, func(o *auth.NTLMOptions) {
		o.Transport.IdleConnTimeout = time.Second
		ended = watch(o)
	})
	_, _, err := e.ask(t, rt, "first")
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			req := post(t, e.url(), "x")
			req.Header.Set("X-Wait", "1")
			_, _, err := read(rt.RoundTrip(req))
			assert.NoError(t, err)
		})
	}
	close(release)
	wg.Wait()
	for range e.Stats().Connections {
		<-ended
	}
	assert.Zero(t, rt.Stats().Open)
	_, _, err = e.ask(t, rt, "x")
	require.NoError(t, err)
}
