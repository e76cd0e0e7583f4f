package ewstest

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// Namespaces of the older service ("plain old XML").
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/pox-autodiscover-web-service-reference-for-exchange.
const (
	uriPlain    = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
	uriSettings = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
)

// Errors of the older service.
const (
	plainNoUser   = 500 // the address is not known
	plainInvalid  = 600 // the request cannot be read
	plainProvider = 601 // there is no answer in a schema that the client accepts
)

// plainRequest is a request to the older service.
type plainRequest struct{ address, accepts string }

// parsePlain reads a request. It is refused if the document does not have the form of a
// request.
func parsePlain(r io.Reader) (req plainRequest, ok bool) {
	d := xmlwire.NewDecoder(r, xmlwire.Limits{MaxDepth: 8, MaxElements: 100, MaxText: 4096, Strict: true})
	if !d.NextChild(0) || d.Local() != "Autodiscover" {
		return req, false
	}
	for root := d.Depth(); d.NextChild(root); {
		if d.Local() != "Request" {
			return req, false
		}
		for request := d.Depth(); d.NextChild(request); {
			switch d.Local() {
			case "EMailAddress":
				req.address = strings.TrimSpace(d.Text())
			case "AcceptableResponseSchema":
				req.accepts = strings.TrimSpace(d.Text())
			}
		}
	}
	return req, d.Finish() == nil && req.address != "" && req.accepts != ""
}

// servePlain answers the older service, at the path that mail clients ask first.
func (a *Autodiscover) servePlain(w http.ResponseWriter, r *http.Request) {
	var e xmlwire.Encoder
	e.Declaration()
	e.Open("Autodiscover")
	e.Attr("xmlns", uriPlain)
	req, ok := plainRequest{}, false
	if r.Method == http.MethodPost {
		req, ok = parsePlain(io.LimitReader(r.Body, 1<<20))
	}
	box, elsewhere := a.entry(req.address)
	switch {
	case !ok:
		a.plainError(&e, plainInvalid, "Invalid Request")
	case req.accepts != uriSettings:
		a.plainError(&e, plainProvider, "Provider is not available")
	case box == nil && elsewhere == "":
		a.plainError(&e, plainNoUser, "The email address can't be found.")
	default:
		e.Open("Response")
		e.Attr("xmlns", uriSettings)
		a.plainSettings(&e, r, box, elsewhere)
		e.Close()
	}
	e.Close()
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write(e.Bytes())
}

func (a *Autodiscover) plainError(e *xmlwire.Encoder, code int, text string) {
	e.Open("Response")
	e.Open("Error")
	e.Attr("Time", a.server.opts.Now().UTC().Format("15:04:05.0000000"))
	e.Attr("Id", "1")
	e.Leaf("ErrorCode", strconv.Itoa(code))
	e.Leaf("Message", text)
	e.Leaf("DebugData", "")
	e.Close()
	e.Close()
}

// plainSettings writes where a mailbox is: its settings for clients inside (EXCH) and
// outside (EXPR) the organisation, or where to ask instead.
func (a *Autodiscover) plainSettings(e *xmlwire.Encoder, r *http.Request, box *mailstore.Mailbox, elsewhere string) {
	if box != nil {
		guid := box.GUID()
		e.Open("User")
		e.Leaf("DisplayName", box.DisplayName)
		e.Leaf("LegacyDN", "/o=ewstest/ou=Exchange Administrative Group/cn=Recipients/cn="+hex.EncodeToString(guid[:]))
		e.Leaf("AutoDiscoverSMTPAddress", box.Address)
		e.Leaf("DeploymentId", guid.String())
		e.Close()
	}
	e.Open("Account")
	defer e.Close()
	e.Leaf("AccountType", "email")
	switch {
	case strings.Contains(elsewhere, "://"):
		e.Leaf("Action", "redirectUrl")
		e.Leaf("RedirectUrl", elsewhere)
		return
	case elsewhere != "":
		e.Leaf("Action", "redirectAddr")
		e.Leaf("RedirectAddr", elsewhere)
		return
	}
	e.Leaf("Action", "settings")
	e.Leaf("MicrosoftOnline", map[bool]string{true: "True", false: "False"}[a.server.opts.Version == ExchangeOnline])
	inside := a.opts.InternalEWSURL
	if inside == "" {
		inside = a.external(r)
	}
	for _, p := range [][2]string{{"EXCH", inside}, {"EXPR", a.external(r)}} {
		e.Open("Protocol")
		e.Leaf("Type", p[0])
		e.Leaf("Server", r.Host)
		if p[0] == "EXCH" {
			e.Leaf("ServerVersion", serverVersion(a.server.opts.Version))
		}
		e.Leaf("ASUrl", p[1])
		e.Leaf("EwsUrl", p[1])
		if p[0] == "EXPR" {
			e.Leaf("AuthPackage", "Basic")
		}
		e.Close()
	}
}

// serverVersion returns a build in the format of ServerVersion: hexadecimal, with four
// bits for the format followed by the parts in 6, 6, 1 and 15 bits. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/serverversion-pox.
func serverVersion(v Version) string {
	b := v.Build()
	return fmt.Sprintf("%08X", 7<<28|b.Major<<22|b.Minor<<16|1<<15|b.Build)
}
