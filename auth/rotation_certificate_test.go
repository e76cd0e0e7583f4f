package auth_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/internal/azuread"
)

// twoCertificates are two certificates of one application, valid in real and in virtual
// time.
var twoCertificates = sync.OnceValues(func() (two [2]*auth.Certificate, err error) {
	for i := range two {
		two[i], err = auth.NewCertificate(&auth.CertificateOptions{Now: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), Lifetime: 40 * 365 * 24 * time.Hour})
		if err != nil {
			return two, err
		}
	}
	return two, nil
})

func leaf(t testing.TB, c *auth.Certificate) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(c.CER())
	require.NoError(t, err)
	return cert
}

// The certificate is replaced in the application, and in the file by the time a token
// request with the old one is refused.
func TestAzureADCertificateChanges(t *testing.T) {
	t.Parallel()
	two, err := twoCertificates()
	require.NoError(t, err)
	var source, refused atomic.Int64
	o := newOnline(t, func(opts *azuread.Options) { opts.Apps[0].Certificates = []*x509.Certificate{leaf(t, two[0])} })
	rt := o.client(t, func(opts *auth.AzureADOptions) {
		opts.Certificate = two[0]
		opts.CertificateFunc = func(context.Context) (*auth.Certificate, error) { return two[source.Load()%2], nil }
		opts.AuthenticationEndpoint, opts.Transport = "https://login.example.test", inProcess{http.HandlerFunc(o.serve)}
		opts.TokenTransport = tripper(func(req *http.Request) (*http.Response, error) {
			resp, err := inProcess{o}.RoundTrip(req)
			if err == nil && resp.StatusCode != http.StatusOK {
				refused.Add(1)
				source.Add(1)
			}
			return resp, err
		})
	})
	for i := range some() {
		o.SetCertificates(applicationID, leaf(t, two[(i+1)%2]))
		o.Revoke()
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				_, got, err := o.ask(t, rt, "x")
				assert.NoError(t, err)
				assert.Equal(t, applicationID+" x", got)
			})
		}
		wg.Wait()
		assert.EqualValues(t, i+1, refused.Load())
	}
	assert.Equal(t, two[some()%2], rt.Certificate())
}

// inProcess calls a handler.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	in := req.Clone(req.Context())
	in.Host = req.URL.Host
	w := httptest.NewRecorder()
	p.ServeHTTP(w, in)
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// After a refusal, another certificate is looked for without waiting for the pause to end;
// the same one is not tried again.
func TestAzureADCertificateComesLater(t *testing.T) {
	t.Parallel()
	two, err := twoCertificates()
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		var now atomic.Pointer[auth.Certificate]
		var broken atomic.Bool
		now.Store(two[0])
		key, err := rsaKey()
		require.NoError(t, err)
		authority, err := azuread.New(azuread.Options{TenantID: tenantID, Key: key, Apps: []azuread.App{{ID: applicationID, Certificates: []*x509.Certificate{leaf(t, two[1])}}}})
		require.NoError(t, err)
		rt, err := auth.AzureAD("https://mail.example.test/EWS/Exchange.asmx", &auth.AzureADOptions{
			ApplicationID: applicationID, TenantID: tenantID, AuthenticationEndpoint: "https://login.example.test", Transport: &fakeTransport{}, TokenTransport: inProcess{authority},
			Certificate: two[0],
			CertificateFunc: func(context.Context) (*auth.Certificate, error) {
				if broken.Load() {
					return nil, errors.New("the file is being written")
				}
				return now.Load(), nil
			},
		})
		require.NoError(t, err)
		ask := func() error {
			_, err := rt.RoundTrip(post(t, "https://mail.example.test/EWS/Exchange.asmx", "x"))
			return err
		}
		for range 3 {
			require.ErrorContains(t, ask(), "not registered")
			time.Sleep(2 * time.Second)
		}
		broken.Store(true)
		require.ErrorContains(t, ask(), "not registered")
		assert.EqualValues(t, 1, authority.Stats().Tokens)
		broken.Store(false)
		now.Store(two[1])
		time.Sleep(2 * time.Second)
		require.NoError(t, ask())
		assert.EqualValues(t, 2, authority.Stats().Tokens)
		broken.Store(true)
		require.NoError(t, ask())
	})
}
