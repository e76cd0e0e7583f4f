package ewstest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// maxUsers is the maximum number of mailboxes in one GetUserSettings request.
const maxUsers = 100

// settingsRequest is a GetUserSettings request.
type settingsRequest struct {
	version  string
	users    []string
	settings []string
}

// serveSOAP answers the SOAP service.
func (a *Autodiscover) serveSOAP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		textAnswer(http.StatusOK, "text/html", "<html><body>Autodiscover Service</body></html>").write(r.Context(), w)
		return
	}
	req, err := parseSettingsRequest(io.LimitReader(r.Body, 1<<20))
	status, answer := http.StatusOK, a.settingsAnswer(req, a.external(r))
	if err != nil {
		status, answer = http.StatusInternalServerError, settingsFault(err)
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

// parseSettingsRequest reads a request. Elements must be in schema order.
func parseSettingsRequest(r io.Reader) (settingsRequest, error) {
	var req settingsRequest
	d := xmlwire.NewDecoder(r, xmlwire.Limits{MaxDepth: 16, MaxElements: 2000, MaxText: 4096, Strict: true})
	if !d.NextChild(0) || !d.Is(xmlwire.SpaceSOAP, "Envelope") {
		return req, errors.Join(d.Err(), errors.New("a SOAP 1.1 envelope was expected"))
	}
	envelope := d.Depth()
	body := false
	for d.NextChild(envelope) {
		switch {
		case d.Is(xmlwire.SpaceSOAP, "Header") && !body:
			req.header(d)
		case d.Is(xmlwire.SpaceSOAP, "Body") && !body:
			body = true
			if err := req.body(d); err != nil {
				return req, err
			}
		default:
			return req, fmt.Errorf("the element %q is not expected in the envelope", d.Local())
		}
	}
	if err := d.Finish(); err != nil {
		return req, err
	}
	if !body {
		return req, errors.New("there is no body")
	}
	return req, nil
}

func (req *settingsRequest) header(d *xmlwire.Decoder) {
	depth := d.Depth()
	for d.NextChild(depth) {
		if d.Is(xmlwire.SpaceAutodiscover, "RequestedServerVersion") {
			req.version = strings.TrimSpace(d.Text())
		}
	}
}

func (req *settingsRequest) body(d *xmlwire.Decoder) error {
	body := d.Depth()
	if !d.NextChild(body) || !d.Is(xmlwire.SpaceAutodiscover, "GetUserSettingsRequestMessage") {
		return fmt.Errorf("the operation %q is not known", d.Local())
	}
	message := d.Depth()
	if !d.NextChild(message) || !d.Is(xmlwire.SpaceAutodiscover, "Request") {
		return fmt.Errorf("the element Request was expected, not %q", d.Local())
	}
	request := d.Depth()
	order := []string{"Users", "RequestedSettings", "RequestedVersion"}
	for d.NextChild(request) {
		at := -1
		for i, name := range order {
			if d.Is(xmlwire.SpaceAutodiscover, name) {
				at = i
			}
		}
		if at < 0 {
			return fmt.Errorf("the element %q is not expected; expected one of %q", d.Local(), order)
		}
		switch order[at] {
		case "Users":
			users := d.Depth()
			for d.NextChild(users) {
				user := d.Depth()
				for d.NextChild(user) {
					if d.Is(xmlwire.SpaceAutodiscover, "Mailbox") {
						req.users = append(req.users, d.Text())
					}
				}
			}
		case "RequestedSettings":
			list := d.Depth()
			for d.NextChild(list) {
				req.settings = append(req.settings, strings.TrimSpace(d.Text()))
			}
		}
		order = order[at+1:]
	}
	return d.Err()
}

func settingsEnvelope(content func(e *xmlwire.Encoder)) []byte {
	e := xmlwire.Encoder{References: true}
	e.Open("s:Envelope")
	e.Attr("xmlns:s", xmlwire.URISOAP)
	e.Open("s:Body")
	content(&e)
	e.Close()
	e.Close()
	return append([]byte(`<?xml version="1.0" encoding="utf-8"?>`), e.Bytes()...)
}

func settingsFault(err error) []byte {
	return settingsEnvelope(func(e *xmlwire.Encoder) {
		e.Open("s:Fault")
		e.Leaf("faultcode", "s:Client")
		e.Leaf("faultstring", "The request cannot be read: "+err.Error())
		e.Close()
	})
}

// settingsAnswer answers a parsed request.
func (a *Autodiscover) settingsAnswer(req settingsRequest, ewsURL string) []byte {
	code, text := "NoError", ""
	switch {
	case !strings.HasPrefix(req.version, "Exchange20"):
		code, text = "InvalidRequest", "The header RequestedServerVersion is missing or invalid."
	case len(req.users) == 0:
		code, text = "InvalidRequest", "At least one user must be given."
	case len(req.users) > maxUsers:
		code, text = "InvalidRequest", "Too many users."
	case len(req.settings) == 0:
		code, text = "InvalidRequest", "At least one setting must be requested."
	}
	return settingsEnvelope(func(e *xmlwire.Encoder) {
		e.Open("GetUserSettingsResponseMessage")
		e.Attr("xmlns", xmlwire.URIAutodiscover)
		e.Attr("xmlns:i", xmlwire.URIInstance)
		e.Open("Response")
		e.Leaf("ErrorCode", code)
		e.Leaf("ErrorMessage", text)
		e.Open("UserResponses")
		if code == "NoError" {
			for _, address := range req.users {
				a.userAnswer(e, req, address, ewsURL)
			}
		}
		e.Close()
		e.Close()
		e.Close()
	})
}

func (a *Autodiscover) userAnswer(e *xmlwire.Encoder, req settingsRequest, address, ewsURL string) {
	box, elsewhere := a.entry(address)
	e.Open("UserResponse")
	defer e.Close()
	switch {
	case strings.Contains(elsewhere, "://"):
		userStatus(e, "RedirectUrl", "Redirection URL.", elsewhere)
	case elsewhere != "":
		userStatus(e, "RedirectAddress", "Redirection address.", elsewhere)
	case box == nil:
		userStatus(e, "InvalidUser", fmt.Sprintf("Invalid user: '%s'", address), "")
	default:
		userStatus(e, "NoError", "No error.", "")
		known := map[string]string{
			"ExternalEwsUrl":          ewsURL,
			"InternalEwsUrl":          a.opts.InternalEWSURL,
			"AutoDiscoverSMTPAddress": box.Address,
			"UserDisplayName":         box.DisplayName,
			"UserMSOnline":            map[bool]string{true: "True", false: "False"}[a.server.opts.Version == ExchangeOnline],
			"EwsSupportedSchemas":     supportedSchemas(a.server.opts.Version),
		}
		if a.server.opts.Version >= Exchange2013 {
			known["GroupingInformation"] = "Default-First-Site-Name"
		}
		userValues(e, req.settings, known)
	}
}

func userStatus(e *xmlwire.Encoder, code, text, target string) {
	e.Leaf("ErrorCode", code)
	e.Leaf("ErrorMessage", text)
	e.Open("RedirectTarget")
	if target == "" {
		e.Attr("i:nil", "true")
	} else {
		e.Text(target)
	}
	e.Close()
}

// userValues writes the requested settings, with errors for those that have no
// value.
func userValues(e *xmlwire.Encoder, settings []string, known map[string]string) {
	e.Open("UserSettingErrors")
	for _, name := range settings {
		if known[name] == "" {
			e.Open("UserSettingError")
			e.Leaf("ErrorCode", "SettingIsNotAvailable")
			e.Leaf("ErrorMessage", "The requested setting, '"+name+"', is not available.")
			e.Leaf("SettingName", name)
			e.Close()
		}
	}
	e.Close()
	e.Open("UserSettings")
	for _, name := range settings {
		if known[name] != "" {
			e.Open("UserSetting")
			e.Attr("i:type", "StringSetting")
			e.Leaf("Name", name)
			e.Leaf("Value", known[name])
			e.Close()
		}
	}
	e.Close()
}

// supportedSchemas returns the value of EwsSupportedSchemas for a version.
func supportedSchemas(v Version) string {
	names := []string{"Exchange2007", "Exchange2007_SP1", "Exchange2010", "Exchange2010_SP1", "Exchange2010_SP2", "Exchange2013", "Exchange2013_SP1"}
	switch {
	case v <= Exchange2010SP3:
		names = names[:5]
	case v == Exchange2013:
		names = names[:6]
	}
	return strings.Join(names, ", ")
}
