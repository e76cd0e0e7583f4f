package ewstest_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// get asks for a page of a server, as alice.
func get(t *testing.T, srv *ewstest.Server, rt http.RoundTripper, path string) (status int, kind, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.Replace(srv.DirectURL(), "/EWS/Exchange.asmx", path, 1), nil)
	require.NoError(t, err)
	res, err := rt.RoundTrip(req)
	require.NoError(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, res.Header.Get("Content-Type"), string(b)
}

// namesIn returns the names in a document: those that top-level elements declare, and
// those that are referred to.
func namesIn(t *testing.T, document string) (declared, referred map[string]bool) {
	t.Helper()
	declared, referred = make(map[string]bool), make(map[string]bool)
	d := xml.NewDecoder(strings.NewReader(document))
	for depth := 0; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return declared, referred
		}
		require.NoError(t, err)
		switch e := token.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			depth++
			for _, a := range e.Attr {
				switch a.Name.Local {
				case "name":
					if depth == 2 {
						assert.False(t, declared[e.Name.Local+" "+a.Value], "%s is declared twice", a.Value)
						declared[e.Name.Local+" "+a.Value], declared[a.Value] = true, true
					}
				case "type", "base", "element", "itemType":
					referred[a.Value] = true
				case "memberTypes":
					for name := range strings.FieldsSeq(a.Value) {
						referred[name] = true
					}
				}
			}
		}
	}
}

// TestDescribesItself gets the description for SOAP toolkits: it has exactly the
// operations of the version, and refers to nothing that it does not declare.
func TestDescribesItself(t *testing.T) {
	t.Parallel()
	for _, version := range []ewstest.Version{ewstest.Exchange2010SP3, ewstest.ExchangeOnline} {
		srv := ewstest.NewServer(&ewstest.Options{Version: version})
		t.Cleanup(srv.Close)
		rt := srv.As(srv.Direct(), "alice")
		files := make(map[string]string)
		for _, name := range []string{"Services.wsdl", "messages.xsd", "types.xsd"} {
			status, kind, body := get(t, srv, rt, "/EWS/"+name)
			require.Equal(t, http.StatusOK, status, name)
			assert.Equal(t, "text/xml; charset=utf-8", kind)
			files[name] = body
			status, _, _ = get(t, srv, srv.Direct(), "/EWS/"+name)
			assert.Equal(t, http.StatusUnauthorized, status, "nobody has signed in")
		}
		messages, fromMessages := namesIn(t, files["messages.xsd"])
		types, fromTypes := namesIn(t, files["types.xsd"])
		wsdl, fromService := namesIn(t, files["Services.wsdl"])
		assert.Contains(t, files["Services.wsdl"], `<soap:address location="http://exchange.example.test/EWS/Exchange.asmx"/>`)
		for _, referred := range []map[string]bool{fromMessages, fromTypes, fromService} {
			for name := range referred {
				prefix, local, _ := strings.Cut(name, ":")
				switch prefix {
				case "m":
					assert.True(t, messages[local], name)
				case "t":
					assert.True(t, types[local], name)
				case "tns":
					assert.True(t, messages[local] || wsdl[local], name)
				default:
					assert.Equal(t, "xs", prefix, name)
				}
			}
		}
		for _, o := range ewstest.Operations() {
			has := o.Since <= version
			for _, name := range []string{"message " + string(o.Name) + "SoapIn", "message " + string(o.Name) + "SoapOut"} {
				assert.Equal(t, has, wsdl[name], "%s in %s", name, version)
			}
			for _, name := range []string{"element " + string(o.Name), "element " + string(o.Name) + "Response"} {
				assert.Equal(t, has, messages[name], "%s in %s", name, version)
			}
		}
		assert.NotContains(t, files["Services.wsdl"], "FindPeople")
		assert.Contains(t, files["messages.xsd"], `<xs:element name="FindConversationResponse" type="m:AnyResponseMessageType"`, "it has no ResponseMessages")
		assert.Equal(t, version > ewstest.Exchange2010SP3, strings.Contains(files["types.xsd"], `name="TextBody"`), version)
		assert.True(t, types["element RequestServerVersion"] && types["element ServerVersionInfo"] && types["complexType MessageType"], version)
	}
}

func TestPagesOfTheService(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	rt := srv.As(srv.Direct(), "alice")
	status, kind, body := get(t, srv, rt, "/ews/exchange.asmx")
	assert.Equal(t, []any{http.StatusOK, "text/html; charset=utf-8"}, []any{status, kind})
	assert.Contains(t, body, "Services.wsdl")
	_, _, wsdl := get(t, srv, rt, "/EWS/Exchange.asmx?wsdl")
	assert.Contains(t, wsdl, "<wsdl:definitions")
	for path, want := range map[string]int{"/EWS/other.xsd": http.StatusNotFound, "/EWS/": http.StatusNotFound, "/owa/": http.StatusNotFound} {
		status, _, _ := get(t, srv, rt, path)
		assert.Equal(t, want, status, path)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, srv.DirectURL(), nil)
	require.NoError(t, err)
	res, err := rt.RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
	assert.Equal(t, "GET, HEAD, POST", res.Header.Get("Allow"))
	assert.Empty(t, srv.Requests(), "only operations are requests")
}
