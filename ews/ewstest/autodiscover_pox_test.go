package ewstest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// ask sends a request to a host, and returns the status and the answer.
func ask(t *testing.T, rt http.RoundTripper, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	res, err := rt.RoundTrip(req)
	require.NoError(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(b)
}

func plainXML(address, accepts string) string {
	return `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>` + address +
		`</EMailAddress><AcceptableResponseSchema>` + accepts + `</AcceptableResponseSchema></Request></Autodiscover>`
}

const settings2006a = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"

func TestAutodiscoverInPlainXML(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(&ewstest.Options{Version: ewstest.Exchange2010SP3})
	t.Cleanup(srv.Close)
	rt := srv.As(srv.Autodiscover(&ewstest.AutodiscoverOptions{InternalEWSURL: "https://inside.example.test/EWS/Exchange.asmx", Redirects: map[string]string{
		"moved@example.test": "alice@elsewhere.example", "far@example.test": "https://elsewhere.example/autodiscover/autodiscover.xml",
	}}).Direct(), "alice")
	const url = "https://example.test/Autodiscover/Autodiscover.xml"
	status, answer := ask(t, rt, http.MethodPost, url, plainXML("ALICE@example.test", settings2006a))
	assert.Equal(t, 200, status)
	for element, want := range map[string][]string{
		"DisplayName": {"Alice"}, "AutoDiscoverSMTPAddress": {alice}, "AccountType": {"email"}, "Action": {"settings"}, "Type": {"EXCH", "EXPR"},
		"EwsUrl": {"https://inside.example.test/EWS/Exchange.asmx", "https://example.test/EWS/Exchange.asmx"}, "MicrosoftOnline": {"False"}, "ServerVersion": {"7383807B"},
	} {
		assert.Equal(t, want, within(answer, element), element)
	}
	for name, tt := range map[string]struct{ method, body, element, want string }{
		"other address":   {http.MethodPost, plainXML("moved@example.test", settings2006a), "RedirectAddr", "alice@elsewhere.example"},
		"other server":    {http.MethodPost, plainXML("far@example.test", settings2006a), "RedirectUrl", "https://elsewhere.example/autodiscover/autodiscover.xml"},
		"nobody":          {http.MethodPost, plainXML("nobody@example.test", settings2006a), "ErrorCode", "500"},
		"a phone":         {http.MethodPost, plainXML(alice, "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"), "ErrorCode", "601"},
		"no address":      {http.MethodPost, plainXML("", settings2006a), "ErrorCode", "600"},
		"no schema":       {http.MethodPost, plainXML(alice, ""), "ErrorCode", "600"},
		"empty":           {http.MethodPost, "", "ErrorCode", "600"},
		"cut":             {http.MethodPost, plainXML(alice, settings2006a)[:300], "ErrorCode", "600"},
		"another element": {http.MethodPost, strings.ReplaceAll(plainXML(alice, settings2006a), "Request>", "Answer>"), "ErrorCode", "600"},
		"GET":             {http.MethodGet, "", "ErrorCode", "600"},
	} {
		status, answer := ask(t, rt, tt.method, url, tt.body)
		assert.Equal(t, 200, status, name)
		assert.Equal(t, []string{tt.want}, within(answer, tt.element), "%s: %s", name, answer)
	}
}

// TestAutodiscoverOnTheSocket asks on the server's own port, with each way of signing in.
func TestAutodiscoverOnTheSocket(t *testing.T) {
	t.Parallel()
	for _, tls := range []bool{false, true} {
		srv := ewstest.NewServer(&ewstest.Options{TLS: tls, Authentication: []ewstest.Scheme{ewstest.Basic, ewstest.NTLM}, Autodiscover: &ewstest.AutodiscoverOptions{}})
		t.Cleanup(srv.Close)
		base, ok := srv.Transport().(*http.Transport)
		require.True(t, ok)
		root := strings.TrimSuffix(srv.URL(), "/EWS/Exchange.asmx")
		cred, err := auth.NewCredential(`EXAMPLE\alice`, "alice-password")
		require.NoError(t, err)
		windows, err := auth.NTLM(srv.URL(), cred, &auth.NTLMOptions{Transport: base})
		require.NoError(t, err)
		t.Cleanup(windows.CloseIdleConnections)
		for _, rt := range []http.RoundTripper{srv.As(base, "alice"), windows} {
			_, answer := ask(t, rt, http.MethodPost, root+"/autodiscover/autodiscover.xml", plainXML(alice, settings2006a))
			assert.Equal(t, []string{srv.URL(), srv.URL()}, within(answer, "EwsUrl"), answer)
			const ns = `xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"`
			_, answer = ask(t, rt, http.MethodPost, root+"/Autodiscover/Autodiscover.svc", `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><RequestedServerVersion `+ns+`>Exchange2013</RequestedServerVersion></s:Header><s:Body><GetUserSettingsRequestMessage `+ns+
				`><Request><Users><User><Mailbox>`+alice+`</Mailbox></User></Users><RequestedSettings><Setting>ExternalEwsUrl</Setting></RequestedSettings></Request></GetUserSettingsRequestMessage></s:Body></s:Envelope>`)
			assert.Equal(t, []string{srv.URL()}, within(answer, "Value"), answer)
		}
		for path, want := range map[string]string{
			"/autodiscover/autodiscover.json/v1.0/" + alice + "?Protocol=EWS":                   `{"Protocol":"EWS","Url":"` + srv.URL() + `"}`,
			"/autodiscover/autodiscover.json?Email=" + alice + "&Protocol=EWS":                  `{"Protocol":"EWS","Url":"` + srv.URL() + `"}`,
			"/autodiscover/autodiscover.json?Email=" + alice + "&Protocol=AutodiscoverV1":       `{"Protocol":"AutodiscoverV1","Url":"` + root + `/autodiscover/autodiscover.xml"}`,
			"/autodiscover/autodiscover.json?Email=nobody@example.test&Protocol=AutodiscoverV1": `{"ErrorCode":"UserNotFound","ErrorMessage":"The given user is not found."}`,
			"/autodiscover/autodiscover.json/v1.0/" + alice + "?Protocol=ActiveSync":            `{"ErrorCode":"InvalidProtocol","ErrorMessage":"The given protocol value is invalid."}`,
		} {
			_, answer := ask(t, base, http.MethodGet, root+path, "")
			assert.Equal(t, want, strings.TrimSpace(answer), path)
		}
		status, _ := ask(t, base, http.MethodPost, root+"/autodiscover/autodiscover.xml", plainXML(alice, settings2006a))
		assert.Equal(t, 401, status)
	}
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	status, _ := ask(t, srv.As(srv.Transport(), "alice"), http.MethodGet, strings.TrimSuffix(srv.URL(), "/EWS/Exchange.asmx")+"/autodiscover/autodiscover.xml", "")
	assert.Equal(t, 404, status, "not unless it is wanted")
}

// FuzzPlainAutodiscover sends arbitrary requests to the older service.
func FuzzPlainAutodiscover(f *testing.F) {
	srv := ewstest.NewServer(nil)
	f.Cleanup(srv.Close)
	rt := srv.As(srv.Autodiscover(nil).Direct(), "alice")
	f.Add("")
	f.Add(plainXML(alice, settings2006a))
	f.Add(plainXML("&#x1;", settings2006a))
	f.Fuzz(func(t *testing.T, body string) {
		status, answer := ask(t, rt, http.MethodPost, "https://example.test/autodiscover/autodiscover.xml", body)
		if status != 200 || len(within(answer, "EwsUrl"))+len(within(answer, "ErrorCode")) == 0 {
			t.Errorf("%d %s", status, answer)
		}
	})
}

// within returns the texts of all elements with a name, which have no prefix.
func within(answer, name string) []string {
	var all []string
	for _, part := range strings.Split(answer, "<"+name+">")[1:] {
		text, _, _ := strings.Cut(part, "</"+name+">")
		all = append(all, text)
	}
	return all
}
