package autodiscover

import (
	"errors"
	"regexp"
	"strings"
)

// errNoSign reports a server that asks for credentials and gets none.
var errNoSign = errors.New("it asks for a password, but shows no sign of Exchange, so it gets none; if it is Exchange, allow the host, or set the EWS URL yourself")

// signs are headers that Exchange sends in its answers to requests without credentials,
// and that hardly anything else sends. With the first three, Autodiscover has listed its
// services since Exchange 2010; the EWS Managed API looks for them with the same request:
// https://github.com/OfficeDev/ews-managed-api/blob/master/Autodiscover/AutodiscoverService.cs.
// The others have named the servers that a request passed through since Exchange 2013:
// https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/instrumenting-client-requests-for-ews-and-rest-in-exchange.
var signs = []string{
	"X-SOAP-Enabled", "X-WSSecurity-Enabled", "X-OAuth-Enabled",
	"X-FEServer", "X-BEServer", "X-TargetBEServer", "X-CalculatedBETarget", "X-DiagInfo", "X-OWA-Version",
}

var guid = regexp.MustCompile(`^\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?$`)

// ofExchange reports whether a refusal shows that the server is Exchange. The
// authentication schemes it offers show nothing: the web server of the domain, which may
// belong to somebody else, asks for a password for its own pages, sometimes even with
// NTLM, and would get ours.
func (r *reply) ofExchange() bool {
	for _, name := range signs {
		if r.header.Get(name) != "" {
			return true
		}
	}
	// Exchange has numbered its answers since 2013.
	return guid.MatchString(strings.TrimSpace(r.header.Get("Request-Id")))
}
