package ewstest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// AutodiscoverOptions control how the Autodiscover service of a [Server]
// answers; nil or the zero value means the defaults.
type AutodiscoverOptions struct {
	// EWSURL is the external URL returned for each mailbox. Default: the HTTPS URL
	// of EWS on the host of the request.
	EWSURL string
	// InternalEWSURL is the internal URL. Default: none.
	InternalEWSURL string

	// Redirects lists mailboxes that are elsewhere: it maps an address to another
	// address or to the URL of another service.
	Redirects map[string]string

	// NoSOAP and NoJSON turn a service off. Servers before Exchange 2016 never
	// have JSON.
	NoSOAP, NoJSON bool
}

// Autodiscover is the Autodiscover service of a [Server]: GetUserSettings of the
// SOAP service, which requires signing in, and the JSON service, which does not.
// It answers on any host; see [Autodiscover.Direct].
//
// It is strict: it refuses requests that the schema does not allow.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/soap-autodiscover-web-service-reference-for-exchange.
type Autodiscover struct {
	server *Server
	opts   AutodiscoverOptions
	moved  map[string]string // by address in lower case
}

// Paths of Autodiscover, in lower case: IIS ignores case.
const (
	autodiscoverRoot = "/autodiscover/"
	autodiscoverXML  = "/autodiscover/autodiscover.xml"
	autodiscoverSOAP = "/autodiscover/autodiscover.svc"
	autodiscoverJSON = "/autodiscover/autodiscover.json/v1.0/"
)

// Autodiscover returns the Autodiscover service of the organisation.
func (s *Server) Autodiscover(opts *AutodiscoverOptions) *Autodiscover {
	a := &Autodiscover{server: s, moved: make(map[string]string)}
	if opts != nil {
		a.opts = *opts
	}
	for address, target := range a.opts.Redirects {
		a.moved[strings.ToLower(address)] = target
	}
	a.opts.Redirects = nil
	return a
}

// ServeHTTP answers requests below /autodiscover/ and passes all others to the
// server, so one handler can serve both.
func (a *Autodiscover) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.ToLower(r.URL.Path)
	switch {
	case !strings.HasPrefix(path, autodiscoverRoot):
		a.server.ServeHTTP(w, r)
	case strings.HasPrefix(path, autodiscoverJSON) && a.hasJSON():
		a.serveJSON(w, r, r.URL.Path[len(autodiscoverJSON):])
	case path == autodiscoverSOAP && !a.opts.NoSOAP:
		w.Header().Set("X-SOAP-Enabled", "True")
		if _, ok := a.server.signIn(w, r); ok {
			a.serveSOAP(w, r)
		}
	case path == autodiscoverXML:
		// With the 401 as well: clients look there for the services.
		w.Header().Set("X-SOAP-Enabled", "True")
		if _, ok := a.server.signIn(w, r); ok {
			a.servePlain(w)
		}
	default:
		textAnswer(http.StatusNotFound, "text/html", "<html><body>404 - File or directory not found.</body></html>").write(r.Context(), w)
	}
}

// Direct returns a RoundTripper that calls the service in process, whatever the
// host of the URL; add credentials with [Server.As].
func (a *Autodiscover) Direct() http.RoundTripper { return autodiscoverDirect{a} }

type autodiscoverDirect struct{ *Autodiscover }

// RoundTrip calls the service.
func (d autodiscoverDirect) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(strings.ToLower(r.URL.Path), autodiscoverRoot) {
		return d.server.Direct().RoundTrip(r)
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	w := &refusalWriter{header: make(http.Header), status: http.StatusOK}
	d.ServeHTTP(w, in)
	return (&answer{status: w.status, header: w.header, body: []piece{{raw: w.body.Bytes()}}}).response(r)
}

func (a *Autodiscover) hasJSON() bool {
	return !a.opts.NoJSON && a.server.opts.Version >= Exchange2016
}

// entry returns the mailbox of an address, or where it redirects to. For an
// unknown address it returns neither.
func (a *Autodiscover) entry(address string) (box *mailstore.Mailbox, elsewhere string) {
	if to, ok := a.moved[strings.ToLower(address)]; ok {
		return nil, to
	}
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	box = a.server.org.ByAddress(address)
	if box == nil || box.Gone {
		return nil, ""
	}
	return box, ""
}

// external returns the external URL of EWS.
func (a *Autodiscover) external(host string) string {
	if a.opts.EWSURL != "" {
		return a.opts.EWSURL
	}
	return "https://" + host + endpoint
}

// servePlain answers at the path of the older service, which only mail clients
// use.
func (a *Autodiscover) servePlain(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write([]byte(`<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">` +
		`<Response><Error Time="00:00:00.0000000" Id="1"><ErrorCode>600</ErrorCode><Message>Invalid Request</Message><DebugData /></Error></Response></Autodiscover>`))
}

// serveJSON answers the JSON service.
func (a *Autodiscover) serveJSON(w http.ResponseWriter, r *http.Request, address string) {
	answer := func(status int, fields map[string]string) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(fields)
	}
	protocol := r.URL.Query().Get("Protocol")
	box, elsewhere := a.entry(address)
	switch {
	case r.Method != http.MethodGet:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case protocol == "":
		answer(http.StatusBadRequest, map[string]string{"ErrorCode": "MandatoryParameterMissing", "ErrorMessage": "A valid value must be provided for the query parameter 'Protocol'."})
	case !strings.EqualFold(protocol, "EWS"):
		answer(http.StatusBadRequest, map[string]string{"ErrorCode": "InvalidProtocol", "ErrorMessage": "The given protocol value is invalid."})
	case elsewhere != "":
		w.Header().Set("Location", jsonElsewhere(elsewhere))
		w.WriteHeader(http.StatusFound)
	case box == nil:
		answer(http.StatusNotFound, map[string]string{"ErrorCode": "UserNotFound", "ErrorMessage": "The given user is not found."})
	default:
		answer(http.StatusOK, map[string]string{"Protocol": "EWS", "Url": a.external(r.Host)})
	}
}

// jsonElsewhere returns the URL of the JSON service for a mailbox that is
// elsewhere.
func jsonElsewhere(target string) string {
	if u, err := url.Parse(target); err == nil && u.Host != "" {
		return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: autodiscoverJSON}).String()
	}
	_, domain, _ := strings.Cut(target, "@")
	return "https://autodiscover." + domain + autodiscoverJSON + url.PathEscape(target) + "?Protocol=EWS"
}
