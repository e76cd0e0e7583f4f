package ewstest

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// servicePath is the folder of EWS, in lower case.
const servicePath = "/ews/"

// described answers a GET below EWS: with a page at the address of EWS, and with the
// description of the service for SOAP toolkits, which is built from the operations that
// the server has. For anything else it returns nil.
func (s *Server) described(r *http.Request) *answer {
	file, ok := strings.CutPrefix(strings.ToLower(r.URL.Path), servicePath)
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil
	}
	scheme := "http://"
	if r.TLS != nil || r.URL.Scheme == "https" {
		scheme = "https://"
	}
	address := scheme + r.Host + endpoint
	if file == "exchange.asmx" && !strings.EqualFold(r.URL.RawQuery, "wsdl") {
		return textAnswer(http.StatusOK, "text/html; charset=utf-8", "<html><head><title>Service</title></head><body><h1>Service</h1>"+
			"<p>This is Exchange Web Services. <a href=\"Services.wsdl\">Services.wsdl</a> describes it.</p></body></html>")
	}
	if file != "exchange.asmx" && file != "services.wsdl" && file != "messages.xsd" && file != "types.xsd" {
		return nil
	}
	d := ewsschema.Describe(versions[s.opts.Version].schema, slices.Sorted(maps.Keys(operations)), address)
	content := d.WSDL
	switch file {
	case "messages.xsd":
		content = d.Messages
	case "types.xsd":
		content = d.Types
	}
	return xmlAnswer(http.StatusOK, []piece{{raw: content}})
}
