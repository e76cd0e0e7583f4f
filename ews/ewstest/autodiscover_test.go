package ewstest_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// noRecords is a resolver for a domain without SRV records.
type noRecords struct{}

func (noRecords) LookupSRV(_ context.Context, _, _, name string) (string, []*net.SRV, error) {
	return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// discover finds the EWS URL of a mailbox, with or without credentials.
func discover(t *testing.T, srv *ewstest.Server, opts *ewstest.AutodiscoverOptions, signIn bool, address string) (*autodiscover.Result, error) {
	t.Helper()
	direct := srv.Autodiscover(opts).Direct()
	o := &autodiscover.Options{Anonymous: direct, Resolver: noRecords{}}
	if signIn {
		o.Transport = func(string) http.RoundTripper { return srv.As(direct, "svc") }
	}
	c, err := autodiscover.NewClient(o)
	require.NoError(t, err)
	return c.Lookup(t.Context(), address)
}

func TestAutodiscover(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		version ewstest.Version
		opts    *ewstest.AutodiscoverOptions
		signIn  bool
		address string
		want    string // the URL, or part of the error
		source  string
	}{
		"SOAP":            {0, nil, true, "alice@example.test", "https://example.test/EWS/Exchange.asmx", "autodiscover.svc"},
		"SOAP of 2010":    {ewstest.Exchange2010SP3, nil, true, "alice@example.test", "https://example.test/EWS/Exchange.asmx", "autodiscover.svc"},
		"JSON":            {0, nil, false, "alice@example.test", "https://example.test/EWS/Exchange.asmx", "autodiscover.json"},
		"JSON only":       {0, &ewstest.AutodiscoverOptions{NoSOAP: true}, true, "alice@example.test", "https://example.test/EWS/Exchange.asmx", "autodiscover.json"},
		"no JSON in 2013": {ewstest.Exchange2013SP1, nil, false, "alice@example.test", "404", ""},
		"no JSON":         {0, &ewstest.AutodiscoverOptions{NoJSON: true}, false, "alice@example.test", "404", ""},
		"URL":             {0, &ewstest.AutodiscoverOptions{EWSURL: "https://mail.example.test/ews/exchange.asmx"}, true, "alice@example.test", "https://mail.example.test/ews/exchange.asmx", "autodiscover.svc"},
		"nobody, SOAP":    {0, &ewstest.AutodiscoverOptions{NoJSON: true}, true, "nobody@example.test", "Invalid user: 'nobody@example.test'", ""},
		"nobody, JSON":    {0, nil, false, "nobody@example.test", "UserNotFound", ""},
		"redirected": {0, &ewstest.AutodiscoverOptions{Redirects: map[string]string{"Old@example.test": "alice@example.test"}}, true,
			"old@example.test", "https://example.test/EWS/Exchange.asmx", "autodiscover.svc"},
		"redirected by URL": {0, &ewstest.AutodiscoverOptions{Redirects: map[string]string{"old@example.test": "https://other.test/autodiscover/autodiscover.svc"}}, true,
			"old@example.test", `"other.test"`, ""},
		"redirected by JSON": {0, &ewstest.AutodiscoverOptions{Redirects: map[string]string{"old@example.test": "alice@other.test"}}, false,
			"old@example.test", `"autodiscover.other.test"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := ewstest.NewServer(&ewstest.Options{Version: tc.version})
			t.Cleanup(srv.Close)
			found, err := discover(t, srv, tc.opts, tc.signIn, tc.address)
			if tc.source == "" {
				require.ErrorIs(t, err, autodiscover.ErrNotFound)
				assert.ErrorContains(t, err, tc.want)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.want, found.EWSURL)
			assert.Contains(t, found.Source, tc.source)
		})
	}
}

func TestAutodiscoverAfterAMigration(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	srv.Mailbox("alice@example.test").Remove(false)
	_, err := discover(t, srv, nil, true, "alice@example.test")
	assert.ErrorContains(t, err, "does not know the address")
}

func TestAutodiscoverIsStrict(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	direct := srv.As(srv.Autodiscover(nil).Direct(), "alice")
	const ns = `xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"`
	envelope := func(header, request string) string {
		return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>` + header + `</s:Header><s:Body>` +
			`<GetUserSettingsRequestMessage ` + ns + `><Request>` + request + `</Request></GetUserSettingsRequestMessage></s:Body></s:Envelope>`
	}
	const version = `<RequestedServerVersion ` + ns + `>Exchange2010</RequestedServerVersion>`
	const users = `<Users><User><Mailbox>alice@example.test</Mailbox></User></Users>`
	const settings = `<RequestedSettings><Setting>ExternalEwsUrl</Setting><Setting>MobileMailboxPolicy</Setting></RequestedSettings>`
	for name, tc := range map[string]struct {
		body   string
		status int
		want   string
	}{
		"good":             {envelope(version, users+settings), 200, "<Name>ExternalEwsUrl</Name><Value>https://"},
		"setting it lacks": {envelope(version, users+settings), 200, "<SettingName>MobileMailboxPolicy</SettingName>"},
		"no version":       {envelope("", users+settings), 200, "<ErrorCode>InvalidRequest</ErrorCode>"},
		"no user":          {envelope(version, "<Users/>"+settings), 200, "<ErrorCode>InvalidRequest</ErrorCode>"},
		"no setting":       {envelope(version, users), 200, "<ErrorCode>InvalidRequest</ErrorCode>"},
		"many users":       {envelope(version, "<Users>"+strings.Repeat("<User><Mailbox>a@b.test</Mailbox></User>", 101)+"</Users>"+settings), 200, "Too many users"},
		"wrong order":      {envelope(version, settings+users), 500, "faultstring"},
		"other element":    {envelope(version, "<Domains/>"), 500, "faultstring"},
		"wrong namespace":  {strings.ReplaceAll(envelope(version, users+settings), "http://schemas.m", "https://schemas.m"), 500, "faultstring"},
		"SOAP 1.2":         {strings.ReplaceAll(envelope(version, users+settings), "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"), 500, "faultstring"},
		"cut":              {envelope(version, users+settings)[:300], 500, "faultstring"},
		"empty":            {"", 500, "faultstring"},
		"forbidden":        {envelope(version, "<Users><User><Mailbox>a&#x1;@example.test</Mailbox></User></Users>"+settings), 500, "faultstring"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://example.test/Autodiscover/Autodiscover.svc", strings.NewReader(tc.body))
			require.NoError(t, err)
			resp, err := direct.RoundTrip(r)
			require.NoError(t, err)
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, tc.status, resp.StatusCode)
			assert.Contains(t, string(body), tc.want)
		})
	}
}

// TestAutodiscoverBesideEWS serves Autodiscover and EWS from one handler.
func TestAutodiscoverBesideEWS(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	direct := srv.Autodiscover(nil).Direct()
	for path, want := range map[string]int{
		"/EWS/Exchange.asmx":             http.StatusUnauthorized,
		"/autodiscover/autodiscover.xml": http.StatusUnauthorized,
		"/autodiscover/autodiscover.svc": http.StatusUnauthorized,
		"/autodiscover/other":            http.StatusNotFound,
		"/autodiscover/autodiscover.json/v1.0/alice@example.test?Protocol=ActiveSync": http.StatusBadRequest,
		"/autodiscover/autodiscover.json/v1.0/alice@example.test":                     http.StatusBadRequest,
		"/autodiscover/autodiscover.json/v1.0/alice@example.test?Protocol=ews":        http.StatusOK,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.test"+path, nil)
		require.NoError(t, err)
		resp, err := direct.RoundTrip(r)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, want, resp.StatusCode, path)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.test/autodiscover/autodiscover.xml", nil)
	require.NoError(t, err)
	resp, err := srv.As(direct, "alice").RoundTrip(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, "True", resp.Header.Get("X-SOAP-Enabled"))
}

func FuzzAutodiscover(f *testing.F) {
	srv := ewstest.NewServer(nil)
	f.Cleanup(srv.Close)
	direct := srv.As(srv.Autodiscover(nil).Direct(), "alice")
	f.Add("")
	f.Add(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetUserSettingsRequestMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"><Request><Users><User><Mailbox>a</Mailbox></User></Users></Request></GetUserSettingsRequestMessage></s:Body></s:Envelope>`)
	f.Fuzz(func(t *testing.T, body string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://example.test/autodiscover/autodiscover.svc", strings.NewReader(body))
		require.NoError(t, err)
		resp, err := direct.RoundTrip(r)
		require.NoError(t, err)
		resp.Body.Close()
		if resp.StatusCode != 200 && resp.StatusCode != 500 {
			t.Errorf("status %d", resp.StatusCode)
		}
	})
}
