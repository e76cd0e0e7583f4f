package auth

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// maxClaims bounds the claims that a server may ask for.
const maxClaims = 8 << 10

// EWSBlockedError reports that Exchange answered 403: EWS is blocked for the
// tenant, the mailbox, the application or the user agent. An administrator must
// resolve it; repeating the request does not help. The request was not carried
// out.
type EWSBlockedError struct {
	ApplicationID string
	Host          string
	Detail        string // the server's explanation, shortened; may be empty
}

// Error returns what to allow, and until when.
func (e *EWSBlockedError) Error() string {
	s := fmt.Sprintf("auth: %s does not let application %s use EWS (403). In Exchange Online an administrator can allow it with: "+
		"Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs %q (add it to the existing ids); also check EwsEnabled of the mailbox and EwsApplicationAccessPolicy. "+
		"EWS in Exchange Online ends on 2027-04-01", e.Host, e.ApplicationID, e.ApplicationID)
	if e.Detail != "" {
		s += fmt.Sprintf(". The server said: %q", e.Detail)
	}
	return s
}

// Unauthorized reports that the server refused the application.
func (e *EWSBlockedError) Unauthorized() bool { return true }

// NotExecuted reports that the server did not carry out the request.
func (e *EWSBlockedError) NotExecuted() bool { return true }

// bearerRefusal is the information about the token in a 401.
type bearerRefusal struct {
	code        string // error of WWW-Authenticate (RFC 6750)
	claims      string // JSON that a new token must satisfy
	diagnostics string // x-ms-diagnostics, shortened
	number      string // its error number
}

// Error numbers in x-ms-diagnostics for which a new token may help.
const (
	diagInvalidSignature = "2000000"
	diagInvalidToken     = "2000001"
	diagTokenExpired     = "2000002"
)

// renew reports whether a new token may help. Exchange reports invalid_token in many
// cases that have nothing to do with the token's age; x-ms-diagnostics is more
// precise.
func (r bearerRefusal) renew() bool {
	if r.claims != "" {
		return true
	}
	switch r.number {
	case diagInvalidSignature, diagInvalidToken, diagTokenExpired:
		return true
	case "":
		return r.code == invalidToken
	}
	return false
}

// bearerParam matches a parameter of a Bearer challenge.
var bearerParam = regexp.MustCompile(`([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))`)

// bearerParams returns the parameters of a Bearer challenge. If one is repeated, the last
// one counts.
func bearerParams(text string) map[string]string {
	all := make(map[string]string)
	for _, m := range bearerParam.FindAllStringSubmatch(text, -1) {
		all[strings.ToLower(m[1])] = m[2] + m[3]
	}
	return all
}

// invalidToken is the error of a token that has expired or is otherwise wrong (RFC 6750,
// section 3.1).
const invalidToken = "invalid_token"

// readBearerRefusal reads and closes a 401 response. It keeps none of the secrets sent.
func readBearerRefusal(resp *http.Response, sent *redact.Secrets) bearerRefusal {
	drain(resp)
	diagnostics := resp.Header.Get("X-Ms-Diagnostics")
	number, _, _ := strings.Cut(diagnostics, ";")
	r := bearerRefusal{diagnostics: shorten(sent.Strike(diagnostics)), number: strings.TrimSpace(number)}
	for _, value := range resp.Header.Values("WWW-Authenticate") {
		scheme, params, _ := strings.Cut(strings.TrimSpace(value), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		given := bearerParams(params)
		if code, ok := given["error"]; ok {
			r.code = code
			if code != invalidToken {
				r.code = shorten(bearerParams(sent.Strike(params))["error"])
			}
		}
		if claims, ok := given["claims"]; ok {
			r.claims = decodeClaims(claims)
		}
	}
	return r
}

// decodeClaims returns the JSON object of a claims challenge, which may use any
// variant of base64; it returns "" if the challenge is invalid.
func decodeClaims(text string) string {
	if len(text) > maxClaims {
		return ""
	}
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	claims, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	var object map[string]any
	if json.Unmarshal(claims, &object) != nil || len(object) == 0 {
		return ""
	}
	return string(claims)
}

// refused turns a 401 into an error.
func (t *AzureADTransport) refused(r bearerRefusal, before string) *AuthError {
	advice := map[string]string{
		"2000003": "the token is for another resource: check ewsUrl and the scope",
		"2000004": "the mailbox is in another tenant: check authentication.tenantId",
		"2000005": "the server does not know the user or mailbox",
		"2000006": "the application is not allowed: check authentication.applicationId, and that full_access_as_app is granted with admin consent",
		"2000008": "the application lacks the right: grant full_access_as_app with admin consent, or the role Application EWS.AccessAsApp",
	}[r.number]
	if advice == "" {
		advice = "check authentication.applicationId and authentication.tenantId, that full_access_as_app is granted with admin consent, and that requests impersonate a mailbox"
	}
	var said string
	if r.diagnostics != "" {
		said = fmt.Sprintf(" (x-ms-diagnostics %q)", r.diagnostics)
	} else if r.code != "" {
		said = fmt.Sprintf(" (%q)", r.code)
	}
	return &AuthError{
		Scheme: "Bearer", Host: t.endpoint.host, Refused: true,
		Message: before + "The server refused the token" + said + "; " + advice,
	}
}

const (
	maxDetail     = 300     // bytes of a text from the server that an error shows
	maxDetailPage = 4 << 10 // bytes of a page that are read for that text
)

// shorten cuts a text from the server for an error message.
func shorten(s string) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "")
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "") + "…"
	}
	return s
}

// htmlNoise matches everything in an error page that is not text.
var htmlNoise = regexp.MustCompile(`(?s)<(script|style)\b.*?</(script|style)>|<[^>]*>`)

// readDetail reads and closes a response and returns its explanation, shortened.
func (t *AzureADTransport) readDetail(resp *http.Response) string {
	page, _ := io.ReadAll(io.LimitReader(resp.Body, maxDetailPage)) // best effort
	drain(resp)
	if d := resp.Header.Get("X-Ms-Diagnostics"); d != "" {
		return shorten(t.sent.Strike(d))
	}
	said := t.sent.Strike(string(page))
	if len(page) == maxDetailPage { // a secret cut in two at the end would remain
		said = said[:max(0, len(said)-maxDetailPage/4)]
	}
	text := htmlNoise.ReplaceAllString(said, " ")
	return shorten(strings.Join(strings.Fields(text), " "))
}
