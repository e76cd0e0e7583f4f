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
	// EWSURL is the external URL returned for each mailbox. Default: the HTTPS URL of EWS
	// on the request's host, or the HTTP URL on the socket of a server without TLS.
	EWSURL string
	// InternalEWSURL is the internal URL. Default: none.
	InternalEWSURL string

	// Redirects lists mailboxes that are hosted elsewhere: it maps an address to another
	// address or to the URL of another service.
	Redirects map[string]string

	// NoSOAP and NoJSON turn a service off. Servers before Exchange 2016 never
	// have JSON.
	NoSOAP, NoJSON bool
}

// Autodiscover is the Autodiscover service of a [Server]: GetUserSettings of the SOAP
// service and the older plain XML service, which require signing in, and the JSON
// service, which does not (protocols EWS and AutodiscoverV1). It answers on any host; see
// [Autodiscover.Direct] and, for the server's socket, Options.Autodiscover.
//
// It is strict: it refuses requests that the schema does not allow.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/soap-autodiscover-web-service-reference-for-exchange
// and https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/pox-autodiscover-web-service-reference-for-exchange.
type Autodiscover struct {
	server *Server
	own    bool // on the server's own socket
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
	case path == strings.TrimSuffix(autodiscoverJSON, "/v1.0/") && a.hasJSON():
		a.serveJSON(w, r, r.URL.Query().Get("Email"))
	case strings.HasPrefix(path, autodiscoverJSON) && a.hasJSON():
		a.serveJSON(w, r, r.URL.Path[len(autodiscoverJSON):])
	case path == autodiscoverSOAP && !a.opts.NoSOAP:
		w.Header().Set("X-SOAP-Enabled", "True")
		if _, ok := a.server.signIn(w, r); ok {
			a.serveSOAP(w, r)
		}
	case path == autodiscoverXML:
		// Also on a 401, where clients look for the services.
		w.Header().Set("X-SOAP-Enabled", "True")
		if _, ok := a.server.signIn(w, r); ok {
			a.servePlain(w, r)
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

// external returns the external URL of EWS, for a request.
func (a *Autodiscover) external(r *http.Request) string {
	if a.opts.EWSURL != "" {
		return a.opts.EWSURL
	}
	return a.host(r) + endpoint
}

// host returns the scheme and host with which URLs for a request begin.
func (a *Autodiscover) host(r *http.Request) string {
	if a.own && !a.server.opts.TLS {
		return "http://" + r.Host
	}
	return "https://" + r.Host
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
	case strings.EqualFold(protocol, "AutodiscoverV1") && box != nil:
		answer(http.StatusOK, map[string]string{"Protocol": "AutodiscoverV1", "Url": a.host(r) + autodiscoverXML})
	case !strings.EqualFold(protocol, "EWS") && !strings.EqualFold(protocol, "AutodiscoverV1"):
		answer(http.StatusBadRequest, map[string]string{"ErrorCode": "InvalidProtocol", "ErrorMessage": "The given protocol value is invalid."})
	case elsewhere != "":
		w.Header().Set("Location", jsonElsewhere(elsewhere))
		w.WriteHeader(http.StatusFound)
	case box == nil:
		answer(http.StatusNotFound, map[string]string{"ErrorCode": "UserNotFound", "ErrorMessage": "The given user is not found."})
	default:
		answer(http.StatusOK, map[string]string{"Protocol": "EWS", "Url": a.external(r)})
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
