package ewstest_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// unsized hides the length of a body, so that net/http sends it in chunks.
type unsized struct{ io.Reader }

func TestOddGates(t *testing.T) {
	t.Parallel()
	for _, socket := range []bool{false, true} {
		for _, odd := range []ewstest.Oddities{0, ewstest.OddNoChunks, ewstest.OddPostOnly, ewstest.AllOddities} {
			srv := ewstest.NewServer(&ewstest.Options{Odd: odd})
			t.Cleanup(srv.Close)
			rt, base := srv.Direct(), srv.DirectURL()
			if socket {
				rt, base = srv.Transport(), srv.URL()
			}
			ask := func(method, url string, body io.Reader) *http.Response {
				req, err := http.NewRequestWithContext(t.Context(), method, url, body)
				require.NoError(t, err)
				res, err := rt.RoundTrip(req)
				require.NoError(t, err)
				defer res.Body.Close()
				_, err = io.Copy(io.Discard, res.Body)
				require.NoError(t, err)
				return res
			}
			gate := odd.Has(ewstest.OddNoChunks)
			assert.Equal(t, either(gate, 400, 401), ask(http.MethodPost, base, unsized{strings.NewReader("x")}).StatusCode, "before signing in")
			assert.Equal(t, 401, ask(http.MethodPost, base, strings.NewReader("x")).StatusCode)
			assert.Equal(t, 401, ask(http.MethodPost, base, nil).StatusCode)
			gate = odd.Has(ewstest.OddPostOnly)
			for _, path := range []string{base, strings.Replace(base, "Exchange.asmx", "Services.wsdl", 1), strings.ToLower(base)} {
				res := ask(http.MethodGet, path, nil)
				assert.Equal(t, either(gate, 405, 401), res.StatusCode)
				assert.Equal(t, gate, res.Header.Get("WWW-Authenticate") == "", "it does not tell the schemes")
				assert.Equal(t, either(gate, "POST", ""), res.Header.Get("Allow"))
			}
			assert.Equal(t, 401, ask(http.MethodGet, strings.Replace(base, "/EWS/", "/owa/", 1), nil).StatusCode)
			assert.Empty(t, srv.Requests())
		}
	}
}

// connect opens a connection to the server's socket.
func connect(t *testing.T, srv *ewstest.Server) net.Conn {
	t.Helper()
	u, err := url.Parse(srv.URL())
	require.NoError(t, err)
	if u.Scheme == "http" {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", u.Host)
		require.NoError(t, err)
		return conn
	}
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(srv.CAPEM()))
	conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: pool}}).DialContext(t.Context(), "tcp", u.Host)
	require.NoError(t, err)
	return conn
}

func TestOddTwoAnswers(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]ewstest.Options{
		"alone":        {Odd: ewstest.OddTwoAnswers},
		"TLS":          {Odd: ewstest.OddTwoAnswers, TLS: true},
		"NTLM as well": {Odd: ewstest.OddTwoAnswers, Authentication: []ewstest.Scheme{ewstest.NTLM, ewstest.Basic}},
		"all":          {Odd: ewstest.OddTwoAnswers | ewstest.AllOddities},
		"not at all":   {Odd: ewstest.AllOddities},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCaller(t, opts)
			two := opts.Odd.Has(ewstest.OddTwoAnswers)
			conn := connect(t, c.srv)
			defer conn.Close()
			answers := bufio.NewReader(conn)
			send := func(operation string) *http.Request {
				req := posted(t.Context(), t, c.srv.URL(), strings.NewReader(envelope(operation)))
				req.SetBasicAuth("svc", "svc-password")
				req.Header.Set("client-request-id", operation[3:9])
				req.Header.Set("return-client-request-id", "true")
				require.NoError(t, req.Write(conn))
				return req
			}
			receive := func(req *http.Request) (id, body string) {
				res, err := http.ReadResponse(answers, req)
				require.NoError(t, err)
				defer res.Body.Close()
				b, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				return res.Header.Get("client-request-id"), string(b)
			}
			find := findXML(folderOf("inbox", alice), "")
			id, body := receive(send(find))
			assert.Equal(t, "FindIt", id)
			assert.Contains(t, body, "NoError", "one answer if there is no fault")

			req := send(`<m:MakeCoffee/>`)
			id, first := receive(req)
			assert.Equal(t, "MakeCo", id)
			assert.Contains(t, first, "a:ErrorSchemaValidation")
			req = send(find)
			if two {
				id, body = receive(req)
				assert.Equal(t, "MakeCo", id, "what comes next belongs to the request before")
				assert.Equal(t, first, body)
			}
			id, body = receive(req)
			assert.Equal(t, "FindIt", id)
			assert.Contains(t, body, "NoError")
			assert.Len(t, c.srv.Requests(), 3, "the server goes on with the connection")
		})
	}
	c := newCaller(t, ewstest.Options{Odd: ewstest.OddTwoAnswers})
	assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(c.do(`<m:MakeCoffee/>`)), "without a connection there is one")
	assert.Equal(t, []string{"NoError"}, codes(c.do(findXML(folderOf("inbox", alice), ""))))
}

func envelope(operation string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="Exchange2013_SP1"/></s:Header><s:Body>` + operation + `</s:Body></s:Envelope>`
}
