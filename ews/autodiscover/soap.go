package autodiscover

import (
	"errors"
	"io"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// action is the value of the WS-Addressing header that names the operation.
const action = xmlwire.URIAutodiscover + "/Autodiscover/GetUserSettings"

// Settings to request.
const (
	externalURL = "ExternalEwsUrl"
	internalURL = "InternalEwsUrl"
	grouping    = "GroupingInformation"
)

// userSettingsRequest returns the request for the URLs of a mailbox. Its version is that
// of the first Exchange with this service; all later ones accept it.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getusersettings-operation-soap.
func userSettingsRequest(endpoint, address string) ([]byte, error) {
	var e xmlwire.Encoder
	e.Open("s:Envelope")
	e.Attr("xmlns:s", xmlwire.URISOAP)
	e.Attr("xmlns:w", "http://www.w3.org/2005/08/addressing")
	e.Attr("xmlns:a", xmlwire.URIAutodiscover)
	e.Open("s:Header")
	e.Leaf("a:RequestedServerVersion", "Exchange2010")
	e.Leaf("w:Action", action)
	e.Leaf("w:To", endpoint)
	e.Close()
	e.Open("s:Body")
	e.Open("a:GetUserSettingsRequestMessage")
	e.Open("a:Request")
	e.Open("a:Users")
	e.Open("a:User")
	e.Leaf("a:Mailbox", address)
	e.Close()
	e.Close()
	e.Open("a:RequestedSettings")
	e.Leaf("a:Setting", externalURL)
	e.Leaf("a:Setting", internalURL)
	e.Leaf("a:Setting", grouping)
	e.Close()
	e.Close()
	e.Close()
	e.Close()
	e.Close()
	return append([]byte(`<?xml version="1.0" encoding="utf-8"?>`), e.Bytes()...), e.Err()
}

// userSettings is the answer for one mailbox.
type userSettings struct {
	code     string // of the mailbox, or of the whole request if that was refused
	message  string
	target   string // of a redirect
	external string
	internal string
	grouping string
}

// soapLimits bounds an answer, which normally has a few dozen elements.
var soapLimits = xmlwire.Limits{MaxDepth: 24, MaxElements: 10_000, MaxTag: 16 << 10, MaxText: 64 << 10}

// errNoAnswer reports an answer that does not come from Autodiscover.
var errNoAnswer = errors.New("this is not an Autodiscover answer; is it an Exchange server?")

// decodeUserSettings reads the answer to a request for one mailbox. A SOAP fault
// becomes an answer with the code of the fault.
func decodeUserSettings(r io.Reader) (userSettings, error) {
	var answer userSettings
	d := xmlwire.NewDecoder(r, soapLimits)
	found := false
	if d.NextChild(0) && d.Is(xmlwire.SpaceSOAP, "Envelope") {
		envelope := d.Depth()
		for d.NextChild(envelope) {
			if !d.Is(xmlwire.SpaceSOAP, "Body") {
				continue
			}
			body := d.Depth()
			for d.NextChild(body) {
				switch {
				case d.Is(xmlwire.SpaceSOAP, "Fault"):
					answer.fault(d)
					found = true
				case d.Is(xmlwire.SpaceAutodiscover, "GetUserSettingsResponseMessage"):
					answer.response(d)
					found = true
				}
			}
		}
	}
	switch {
	case d.Err() != nil:
		return userSettings{}, d.Err()
	case !found:
		return userSettings{}, errNoAnswer
	}
	return answer, nil
}

func (a *userSettings) fault(d *xmlwire.Decoder) {
	depth := d.Depth()
	for d.NextChild(depth) {
		switch d.Local() {
		case "faultcode":
			code := strings.TrimSpace(d.Text())
			a.code = code[strings.LastIndexByte(code, ':')+1:]
		case "faultstring":
			a.message = d.Text()
		}
	}
}

// response reads the response message. The status of the whole request counts
// only if it is an error or there is no answer for the user.
func (a *userSettings) response(d *xmlwire.Decoder) {
	depth := d.Depth()
	for d.NextChild(depth) {
		if !d.Is(xmlwire.SpaceAutodiscover, "Response") {
			continue
		}
		var whole userSettings
		users := 0
		response := d.Depth()
		for d.NextChild(response) {
			if d.Local() == "UserResponses" {
				list := d.Depth()
				for d.NextChild(list) {
					if users++; users == 1 {
						a.user(d)
					}
				}
				continue
			}
			whole.status(d)
		}
		if whole.code != noError && whole.code != "" || users == 0 {
			*a = whole
		}
	}
}

func (a *userSettings) user(d *xmlwire.Decoder) {
	depth := d.Depth()
	for d.NextChild(depth) {
		switch d.Local() {
		case "RedirectTarget":
			a.target = strings.TrimSpace(d.Text())
		case "UserSettings":
			list := d.Depth()
			for d.NextChild(list) {
				a.setting(d)
			}
		default:
			a.status(d)
		}
	}
}

func (a *userSettings) status(d *xmlwire.Decoder) {
	switch d.Local() {
	case "ErrorCode":
		a.code = strings.TrimSpace(d.Text())
	case "ErrorMessage":
		a.message = d.Text()
	}
}

func (a *userSettings) setting(d *xmlwire.Decoder) {
	var name, value string
	depth := d.Depth()
	for d.NextChild(depth) {
		switch d.Local() {
		case "Name":
			name = strings.TrimSpace(d.Text())
		case "Value":
			value = strings.TrimSpace(d.Text())
		}
	}
	switch name {
	case externalURL:
		a.external = value
	case internalURL:
		a.internal = value
	case grouping:
		a.grouping = value
	}
}

// Error codes of the service.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/errorcode-soap.
const (
	noError         = "NoError"
	redirectAddress = "RedirectAddress"
	redirectURL     = "RedirectUrl"
	serverBusy      = "ServerBusy"
	internalError   = "InternalServerError"
)

// refusal returns the error for an answer without a URL.
func (l *lookup) refusal(a userSettings) error {
	switch a.code {
	case noError:
		return &refusal{text: "the server knows the mailbox but returned no EWS URL; set ExternalUrl on its EWS virtual directory"}
	case "InvalidUser":
		return &refusal{text: "the server does not know the address: " + l.quote(a.message)}
	case "":
		return errNoAnswer
	}
	return &refusal{
		text:      "the server says " + l.quote(a.code) + ": " + l.quote(a.message),
		temporary: a.code == serverBusy || a.code == internalError,
	}
}
