package auth_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/internal/azuread"
)

func TestAzureADTokenGoesToTheEndpointOnly(t *testing.T) {
	t.Parallel()
	o := newOnline(t, nil)
	rt := o.client(t, nil)
	for _, url := range []string{"https://other.example.test/", o.authority.URL, strings.Replace(o.url(), "https", "http", 1)} {
		_, _, err := read(rt.RoundTrip(post(t, url, "x")))
		assert.True(t, authError(t, err).NotSent())
	}
	assert.Zero(t, o.Stats().Tokens)
	assert.Zero(t, o.calls.Load())
}

func TestAzureADTokenRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options func(*azuread.Options)
		client  func(*auth.AzureADOptions)
		want    string
		number  int
	}{
		"certificate not registered": {func(o *azuread.Options) { o.Apps[0].Certificates = nil }, nil, "upload the .cer file", 700027},
		"application unknown":        {nil, func(o *auth.AzureADOptions) { o.ApplicationID = tenantID }, "authentication.applicationId", 700016},
		"tenant unknown":             {nil, func(o *auth.AzureADOptions) { o.TenantID = "nobody.example" }, "authentication.tenantId", 90002},
		"scope unknown":              {func(o *azuread.Options) { o.Resources = []string{} }, nil, "scope", 500011},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOnline(t, tc.options)
			rt := o.client(t, tc.client)
			for range 3 {
				_, _, err := o.ask(t, rt, "x")
				e := authError(t, err)
				assert.True(t, e.Unauthorized())
				assert.True(t, e.NotSent())
				require.ErrorContains(t, err, tc.want)
				var refusal *auth.TokenError
				require.ErrorAs(t, err, &refusal)
				assert.Equal(t, []int{tc.number}, refusal.Numbers)
				assert.NotEmpty(t, refusal.CorrelationID)
				for _, secret := range []string{"client_assertion", "eyJ"} {
					assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), secret)
				}
			}
			assert.LessOrEqual(t, o.Stats().Tokens, int64(1), "it is not asked repeatedly")
			assert.Zero(t, o.calls.Load())
		})
	}
}

func TestAzureADAuthorityOutOfOrder(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]http.HandlerFunc{
		"503": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusServiceUnavailable)
		},
		"429":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"page":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"empty": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example.test/", http.StatusTemporaryRedirect)
		},
		"hang up": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				conn.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOnline(t, func(opts *azuread.Options) {
				opts.BeforeToken = func(w http.ResponseWriter, r *http.Request) bool { broken(w, r); return true }
			})
			_, _, err := o.ask(t, o.client(t, nil), "x")
			require.Error(t, err)
			assert.True(t, isNotSent(err))
			assert.NotContains(t, fmt.Sprintf("%+v", err), "client_assertion")
			assert.Zero(t, o.calls.Load())
		})
	}
}

func TestAzureADUnreachableAuthority(t *testing.T) {
	t.Parallel()
	o := newOnline(t, nil)
	o.authority.Close()
	_, _, err := o.ask(t, o.client(t, nil), "x")
	require.ErrorContains(t, err, "no usable response")
	require.ErrorContains(t, err, "authentication.authenticationEndpoint")
	assert.NotContains(t, err.Error(), "\n", "MSAL's errors contain line breaks")
	assert.True(t, isNotSent(err))
	var op *net.OpError
	require.ErrorAs(t, err, &op)
}

func TestAzureADClouds(t *testing.T) {
	t.Parallel()
	for _, cloud := range auth.Clouds() {
		t.Run(cloud.Name, func(t *testing.T) {
			t.Parallel()
			var hosts sync.Map
			o := newOnline(t, func(opts *azuread.Options) {
				opts.Resources = []string{strings.TrimSuffix(cloud.Scope, "/.default")}
				opts.BeforeToken = func(_ http.ResponseWriter, r *http.Request) bool {
					hosts.Store(r.Host, true)
					return false
				}
			})
			opts := o.options()
			opts.AuthenticationEndpoint = ""
			url := "https://" + cloud.EWSHost + "/EWS/Exchange.asmx"
			rt, err := auth.AzureAD(url, &opts)
			require.NoError(t, err)
			_, got, err := read(rt.RoundTrip(post(t, url, "x")))
			require.NoError(t, err)
			assert.Equal(t, applicationID+" x", got)
			_, ok := hosts.Load(strings.TrimPrefix(cloud.Authority, "https://"))
			assert.True(t, ok, "the cloud's own authority was asked")
			found, ok := auth.CloudOf(strings.ToUpper(cloud.EWSHost))
			assert.True(t, ok)
			assert.Equal(t, cloud, found)
		})
	}
	_, ok := auth.CloudOf("mail.example.test")
	assert.False(t, ok)
}

func TestAzureADRefusesOptions(t *testing.T) {
	t.Parallel()
	o := newOnline(t, nil)
	expired := newCertificate(t, &auth.CertificateOptions{Now: time.Now().Add(-48 * time.Hour), Lifetime: time.Hour})
	early := newCertificate(t, &auth.CertificateOptions{Now: time.Now().Add(48 * time.Hour)})
	for name, tc := range map[string]struct {
		url    string
		change func(*auth.AzureADOptions)
		want   string
	}{
		"url":         {"mail.example.test", nil, "ewsUrl"},
		"plain":       {"http://127.0.0.1/", nil, "https://"},
		"application": {"", func(o *auth.AzureADOptions) { o.ApplicationID = "quarantine" }, "applicationId"},
		"tenant":      {"", func(o *auth.AzureADOptions) { o.TenantID = "common" }, "tenantId"},
		"tenant path": {"", func(o *auth.AzureADOptions) { o.TenantID = "a.example/../b.example" }, "tenantId"},
		"certificate": {"", func(o *auth.AzureADOptions) { o.Certificate = nil }, "privateKeyFile"},
		"expired":     {"", func(o *auth.AzureADOptions) { o.Certificate = expired }, "has expired"},
		"early":       {"", func(o *auth.AzureADOptions) { o.Certificate = early }, "not valid yet"},
		"authority":   {"", func(o *auth.AzureADOptions) { o.AuthenticationEndpoint = "login.windows.net" }, "authenticationEndpoint"},
		"http":        {"", func(o *auth.AzureADOptions) { o.AuthenticationEndpoint = "http://login.windows.net" }, "authenticationEndpoint"},
		"with tenant": {"", func(o *auth.AzureADOptions) { o.AuthenticationEndpoint = "https://login.windows.net/common" }, "tenantId"},
		"wrong cloud": {"https://outlook.office365.us/EWS/Exchange.asmx",
			func(o *auth.AzureADOptions) { o.AuthenticationEndpoint = "https://login.windows.net" }, "GCC High"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := o.options()
			if tc.change != nil {
				tc.change(&opts)
			}
			url := o.url()
			if tc.url != "" {
				url = tc.url
			}
			_, err := auth.AzureAD(url, &opts)
			require.ErrorContains(t, err, tc.want)
		})
	}
	opts := o.options()
	opts.AuthenticationEndpoint = "https://login.microsoftonline.com/"
	opts.Transport = nil
	_, err := auth.AzureAD("https://outlook.office365.com/EWS/Exchange.asmx", &opts)
	require.NoError(t, err)
}

func TestAzureADSendsTheChainOnRequest(t *testing.T) {
	t.Parallel()
	for _, send := range []bool{false, true} {
		var header string
		o := newOnline(t, func(opts *azuread.Options) {
			opts.BeforeToken = func(_ http.ResponseWriter, r *http.Request) bool {
				part, _, _ := strings.Cut(r.PostFormValue("client_assertion"), ".")
				b, _ := base64.RawURLEncoding.DecodeString(part)
				header = string(b)
				return false
			}
		})
		_, _, err := o.ask(t, o.client(t, func(opts *auth.AzureADOptions) { opts.SendChain = send }), "x")
		require.NoError(t, err)
		assert.Equal(t, send, strings.Contains(header, `"x5c":`), header)
	}
}

func TestAzureADShowsNoSecret(t *testing.T) {
	t.Parallel()
	o := newOnline(t, nil)
	rt := o.client(t, nil)
	_, _, err := o.ask(t, rt, "x")
	require.NoError(t, err)
	out := fmt.Sprintf("%v %+v %#v %v %+v", rt, rt, rt, o.options(), o.options())
	assert.NotContains(t, out, "eyJ")
}
