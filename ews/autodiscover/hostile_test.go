package autodiscover_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
)

// TestRefuses checks answers that must not be trusted: no URL is returned, and
// no request goes to a foreign host.
func TestRefuses(t *testing.T) {
	t.Parallel()
	type servers = map[string]http.HandlerFunc
	const evil = "https://mail.evil.test/EWS/Exchange.asmx"
	at := func(h http.HandlerFunc) *internet {
		return &internet{servers: servers{apex: h, "https://mail.evil.test": exchange(external(evil), answerJSON(evil)), "https://evil.test": exchange(external(evil), answerJSON(evil))}}
	}
	for name, tc := range map[string]struct {
		net  *internet
		says string
		is   error
	}{
		"URL elsewhere, SOAP":          {at(exchange(external(evil), "")), `leads to "mail.evil.test"`, autodiscover.ErrHost},
		"URL elsewhere, JSON":          {at(exchange("", answerJSON(evil))), `leads to "mail.evil.test"`, autodiscover.ErrHost},
		"lookalike of the domain":      {at(exchange("", answerJSON("https://evilexample.com/EWS/Exchange.asmx"))), "evilexample.com", autodiscover.ErrHost},
		"domain in front":              {at(exchange("", answerJSON("https://example.com.evil.test/EWS/Exchange.asmx"))), "example.com.evil.test", autodiscover.ErrHost},
		"domain as user":               {at(exchange("", answerJSON("https://mail.example.com@evil.test/EWS/Exchange.asmx"))), "user name", nil},
		"domain behind a backslash":    {at(exchange("", answerJSON(`https://evil.test\\.example.com/EWS/Exchange.asmx`))), "not a URL", nil},
		"URL without TLS":              {at(exchange(external("http://mail.example.com/EWS/Exchange.asmx"), "")), "not HTTPS", nil},
		"URL of a file":                {at(exchange(external("file:///etc/passwd"), "")), "not HTTPS", nil},
		"URL with a query":             {at(exchange(external(ews+"?x=y"), "")), "query or fragment", nil},
		"URL without a path":           {at(exchange(external("https://mail.example.com/"), "")), "no path", nil},
		"long URL":                     {at(exchange(external("https://mail.example.com/"+strings.Repeat("x", 3000)), "")), "not a URL", nil},
		"no URL":                       {at(exchange(user("NoError", ""), "")), "ExternalUrl", nil},
		"redirection elsewhere":        {at(redirect("https://evil.test/autodiscover/autodiscover.xml")), `leads to "evil.test"`, autodiscover.ErrHost},
		"redirection without TLS":      {at(redirect("http://mail.example.com/autodiscover/autodiscover.xml")), "not HTTPS", nil},
		"redirection to a script":      {at(redirect("javascript:alert(1)")), "not HTTPS", nil},
		"redirection with credentials": {at(redirect("https://u:p4ssw0rd@mail.example.com/")), "user name", nil},
		"redirection to nothing":       {at(redirect("")), "not a URL", nil},
		"redirection to itself":        {at(redirect("/autodiscover/autodiscover.xml")), "asked before", nil},
		"RedirectUrl elsewhere":        {at(exchange(user("RedirectUrl", "https://evil.test/autodiscover/autodiscover.svc"), "")), `leads to "evil.test"`, autodiscover.ErrHost},
		"RedirectUrl without TLS":      {at(exchange(user("RedirectUrl", "http://mail.example.com/autodiscover/autodiscover.svc"), "")), "not HTTPS", nil},
		"RedirectUrl to nothing":       {at(exchange(user("RedirectUrl", ""), "")), "not HTTPS", nil},
		"RedirectAddress elsewhere":    {at(exchange(user("RedirectAddress", "alice@evil.test"), "")), `leads to "evil.test"`, autodiscover.ErrHost},
		"RedirectAddress to itself":    {at(exchange(user("RedirectAddress", "ALICE@example.com"), "")), "asked for", nil},
		"RedirectAddress to nothing":   {at(exchange(user("RedirectAddress", "\n"), "")), "not an SMTP address", nil},
		"JSON in a circle": {&internet{servers: servers{apex: func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, byJSON) {
				redirect(r.URL.RequestURI())(w, r)
				return
			}
			website(w, r)
		}}}, "asked before", nil},
		"redirection without TLS elsewhere": {&internet{servers: servers{
			"http://autodiscover.example.com": redirect("https://evil.test/autodiscover/autodiscover.xml"),
			"https://evil.test":               exchange(external(ews), answerJSON(ews)),
		}}, `leads to "evil.test"`, autodiscover.ErrHost},
		"answer without TLS": {&internet{servers: servers{"http://autodiscover.example.com": exchange(external(ews), answerJSON(ews))}}, "does not redirect", nil},
		"SRV record elsewhere": {&internet{
			servers: servers{"https://evil.test": exchange(external(ews), answerJSON(ews))},
			records: map[string][]*net.SRV{"_autodiscover._tcp.example.com": {{Target: "evil.test.", Port: 443}, {Target: "a b", Port: 1}, {Target: ".", Port: 443}}},
		}, `leads to "evil.test"`, autodiscover.ErrHost},
		"unknown address":  {at(exchange(user("InvalidUser", ""), "")), "does not know the address", nil},
		"busy":             {at(exchange(user("ServerBusy", ""), "")), `"ServerBusy"`, nil},
		"unknown code":     {at(exchange(user("FromTheFuture\x1b", ""), "")), `FromTheFuture`, nil},
		"whole refused":    {at(exchange(soapAnswer(`<GetUserSettingsResponseMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"><Response><ErrorCode>InvalidRequest</ErrorCode><ErrorMessage>No.</ErrorMessage><UserResponses/></Response></GetUserSettingsResponseMessage>`), "")), "InvalidRequest", nil},
		"fault":            {at(exchange(soapAnswer(`<s:Fault><faultcode>a:InternalServiceFault</faultcode><faultstring>Oops.</faultstring></s:Fault>`), "")), `"InternalServiceFault": "Oops."`, nil},
		"HTML":             {at(exchange("<html><body>Welcome</body></html>", "<html>")), "is it an Exchange server?", nil},
		"nothing":          {at(exchange(" ", " ")), "", nil},
		"other operation":  {at(exchange(soapAnswer(`<x xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"/>`), "")), "not an Autodiscover answer", nil},
		"other namespace":  {at(exchange(strings.ReplaceAll(external(ews), "http://schemas.microsoft.com", "https://schemas.microsoft.com"), "")), "not an Autodiscover answer", nil},
		"DTD":              {at(exchange(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>`+external("&e;"), "")), "not well-formed", nil},
		"deep":             {at(exchange(soapAnswer(strings.Repeat("<a>", 10_000)), "")), "limit exceeded", nil},
		"large":            {at(exchange(soapAnswer(strings.Repeat(" ", 2<<20)), "")), "larger than 1024 KiB", nil},
		"large JSON":       {at(exchange("", `{"Url":"`+strings.Repeat("x", 100<<10)+`"}`)), "larger than 64 KiB", nil},
		"JSON refusal":     {at(exchange("", `{"ErrorCode":"UserNotFound","ErrorMessage":"who?"}`)), `"UserNotFound": "who?"`, nil},
		"other protocol":   {at(exchange("", `{"Protocol":"ActiveSync","Url":"`+ews+`"}`)), "not an Autodiscover answer", nil},
		"JSON of a number": {at(exchange("", `{"Url":7}`)), "not an Autodiscover answer", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tc.net.client(t, nil).EWSURL(t.Context(), alice)
			require.ErrorIs(t, err, autodiscover.ErrNotFound)
			assert.ErrorContains(t, err, tc.says)
			if tc.is != nil {
				assert.ErrorIs(t, err, tc.is)
			}
			assert.NotContains(t, err.Error(), "\x1b")
			assert.NotContains(t, err.Error(), "\n")
			assert.NotContains(t, err.Error(), "p4ssw0rd")
			assert.Less(t, len(err.Error()), 4096)
			for _, line := range tc.net.seen {
				u, err := url.Parse(line[strings.Index(line, "http"):])
				require.NoError(t, err)
				assert.True(t, u.Hostname() == "example.com" || strings.HasSuffix(u.Hostname(), ".example.com"), "asked %s", u)
			}
		})
	}
}

// TestChainsAreBounded follows endless redirects.
func TestChainsAreBounded(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(n int) http.HandlerFunc{
		"hosts": func(n int) http.HandlerFunc { return redirect(fmt.Sprintf("https://h%d.example.com/", n+1)) },
		"URLs": func(n int) http.HandlerFunc {
			return exchange(user("RedirectUrl", fmt.Sprintf("https://h%d.example.com/", n+1)), "")
		},
		"addresses": func(n int) http.HandlerFunc {
			return exchange(user("RedirectAddress", fmt.Sprintf("alice@h%d.example.com", n+1)), "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := &internet{servers: map[string]http.HandlerFunc{apex: answer(0)}}
			for i := range 100 {
				n.servers[fmt.Sprintf("https://h%d.example.com", i)] = answer(i)
			}
			_, err := n.client(t, nil).EWSURL(t.Context(), alice)
			require.ErrorIs(t, err, autodiscover.ErrNotFound)
			assert.ErrorContains(t, err, "redirected too often")
			assert.Less(t, len(n.seen), 40)
		})
	}
	t.Run("records", func(t *testing.T) {
		t.Parallel()
		n := &internet{records: map[string][]*net.SRV{}}
		for i := range 1000 {
			n.records["_autodiscover._tcp.example.com"] = append(n.records["_autodiscover._tcp.example.com"],
				&net.SRV{Target: fmt.Sprintf("h%d.example.com.", i), Port: 443})
		}
		_, err := n.client(t, nil).EWSURL(t.Context(), alice)
		require.ErrorIs(t, err, autodiscover.ErrNotFound)
		assert.Less(t, len(n.seen), 20)
	})
}

func TestTemporary(t *testing.T) {
	t.Parallel()
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, tc := range map[string]struct {
		server http.HandlerFunc
		want   bool
	}{
		"not there":   {website, false},
		"busy":        {exchange(user("ServerBusy", ""), ""), true},
		"no mailbox":  {exchange(user("InvalidUser", ""), ""), false},
		"unavailable": {status(http.StatusServiceUnavailable), true},
		"forbidden":   {status(http.StatusForbidden), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := &internet{servers: map[string]http.HandlerFunc{apex: tc.server}}
			_, err := n.client(t, nil).EWSURL(t.Context(), alice)
			e, ok := errors.AsType[*autodiscover.Error](err)
			require.True(t, ok)
			assert.Equal(t, tc.want, e.Temporary())
		})
	}
}

// believable checks the URL found in an untrusted answer.
func believable(t *testing.T, found string, err error) {
	t.Helper()
	if err != nil {
		if !errors.Is(err, autodiscover.ErrNotFound) {
			t.Errorf("unexpected error %v", err)
		}
		return
	}
	u, err := url.Parse(found)
	if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Hostname() != "example.com" && !strings.HasSuffix(u.Hostname(), ".example.com") {
		t.Errorf("believed %q (%v)", found, err)
	}
}

func FuzzUserSettings(f *testing.F) {
	for _, seed := range []string{
		"", external(ews), external("https://evil.test/x"), user("RedirectUrl", "https://cas.example.com/"), user("RedirectAddress", "a@b.example.com"),
		user("NoError", "", "InternalEwsUrl", "https://mail.example.com:443/%2e%2e/EWS"), soapAnswer("<s:Fault><faultcode>x</faultcode></s:Fault>"),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		n := &internet{servers: map[string]http.HandlerFunc{apex: exchange(string(answer), "")}}
		found, err := n.client(t, nil).EWSURL(t.Context(), alice)
		believable(t, found, err)
	})
}

func FuzzProtocol(f *testing.F) {
	for _, seed := range []string{
		"", "{}", answerJSON(ews), answerJSON("https://evil.test/x"), answerJSON(`https:\/\/mail.example.com\\@evil.test/EWS`),
		`{"url":"https://mail.example.com:99999/EWS"}`, `{"ErrorCode":"X"}`, `[[[[`, `{"Url":"https://mail.example.com/EWS","Url":"https://evil.test/"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		if len(bytes.TrimSpace(answer)) == 0 {
			return
		}
		n := &internet{servers: map[string]http.HandlerFunc{apex: exchange("", string(answer))}}
		found, err := n.client(t, nil).EWSURL(t.Context(), alice)
		believable(t, found, err)
	})
}
