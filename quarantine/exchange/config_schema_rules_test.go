package exchange_test

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// Patterns use only what ECMA 262, RE2 and Python all understand: no look-ahead,
// no flags, no named classes.
const (
	control = `\x00-\x1f\x7f-\x9f`
	oneLine = `^[^` + control + `]*$`
	// trimmed is one line without leading or trailing space.
	trimmed = `^([^\s` + control + `]([^` + control + `]*[^\s` + control + `])?)?$`
	// hostPart is a name or an IP address, with an optional port.
	hostPart = `([^.\x00-\x2c\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f][^\x00-\x2c\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{0,5})?`
	local    = `([Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{0,5})?`
	guid     = `^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`
	domain   = `^([0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?\.)+[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?$`
	mailPart = `[^\x00-\x20\x22\x2c\x3a-\x3c\x3e\x40\x7f-\x9f]+`
	duration = `^$|^([0-9]+(\.[0-9]+)?(h|ms|m|s))+$`
	maildom  = `[^\x00-\x20\x22\x2c\x2e\x3a-\x3c\x3e\x40\x7f-\x9f]+`
)

// anyCase returns a pattern for a word in any case.
func anyCase(word string) string {
	var b strings.Builder
	for _, r := range word {
		if u := strings.ToUpper(string(r)); u != string(r) {
			b.WriteString("[" + u + string(r) + "]")
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func plainHTTP() string { return "^" + anyCase("http") + "://" }

// orEmpty also allows an empty text, which means omitted.
func orEmpty(s ...member) object {
	return object{{"anyOf", []any{object{{"const", ""}}, object(s)}}}
}

// details are what types and comments leave out about the fields.
var details = map[string]object{
	"enabled": {{"default", true}},
	"name":    {{"maxLength", 255}, {"pattern", trimmed}},
	"api":     {{"enum", []exchange.API{exchange.APIEWS, exchange.APIGraph}}, {"default", exchange.APIEWS}},
	"graphUrl": append(orEmpty(member{"format", "uri"}, member{"pattern", "^" + anyCase("http") + "[Ss]?://" + hostPart + "/*$"}),
		member{"examples", []string{"https://graph.microsoft.com"}}),
	"ewsUrl": append(orEmpty(member{"format", "uri"},
		member{"pattern", "^" + anyCase("http") + "[Ss]?://" + hostPart + `/+[^/?#\x00-\x20\x7f]([^?#\x00-\x1f\x7f]*[^?#\x00-\x20\x7f])?$`}),
		member{"examples", []string{"https://mail.example.com/EWS/Exchange.asmx", "https://outlook.office365.com/EWS/Exchange.asmx"}}),
	"autodiscoverHosts":     {{"items", object{{"$ref", "#/$defs/domain"}}}},
	"allowPlainHTTP":        {{"default", false}},
	"quarantineMailbox":     {{"$ref", "#/$defs/address"}, {"examples", []string{"quarantine@example.com"}}},
	"domains":               {{"items", object{{"$ref", "#/$defs/domain"}}}},
	"mailboxes":             {{"items", object{{"$ref", "#/$defs/address"}}}},
	"access":                {{"enum", []exchange.Access{exchange.FullAccess, exchange.Impersonation}}, {"default", exchange.FullAccess}},
	"quarantineFolder":      {{"maxLength", 255}, {"pattern", trimmed}, {"not", object{{"pattern", `[/\\]|^[Ss][Uu][Rr][Pp][Ll][Uu][Ss]$`}}}, {"default", exchange.DefaultQuarantineFolder}},
	"folderPerMailbox":      {{"default", false}},
	"quarantineInPlace":     {{"default", false}},
	"reportMailbox":         append(orEmpty(member{"$ref", "#/$defs/address"}), member{"examples", []string{"abuse@example.com"}}),
	"messageIdSearch":       {{"default", false}},
	"scanRecoverableItems":  {{"default", false}},
	"leaveRecoverable":      {{"default", false}},
	"oneByOne":              {{"default", false}},
	"sweepRecoverableItems": {{"default", false}},
	"scanOnlineArchive":     {{"default", false}},
	"recreateMessages":      {{"default", false}},
	"useProxy":              {{"default", false}},
	"proxyUrl": append(orEmpty(member{"format", "uri"}, member{"pattern", "^(" + anyCase("http") + "[Ss]?|" + anyCase("socks") + "5[Hh]?)://([^/?#]*@)?" + hostPart + "/*$"}),
		member{"examples", []string{"http://proxy.example.com:3128"}}),
	"rootCAFile":                {{"$ref", "#/$defs/file"}},
	"clientCertificateFile":     {{"$ref", "#/$defs/file"}, {"examples", []string{"client.pfx"}}},
	"clientCertificatePassword": {{"$ref", "#/$defs/secret"}},
	"tlsRenegotiation":          {{"default", false}},
	"journalFile":               {{"$ref", "#/$defs/file"}},
	"searchLag":                 {{"pattern", duration}, {"examples", []string{"60s"}}},
	"writeDoubt":                {{"pattern", duration}, {"examples", []string{"15m"}}},
	"markWait":                  {{"pattern", duration}, {"examples", []string{"60s"}}},
	"stallTimeout":              {{"pattern", duration}, {"examples", []string{"2m"}}},
	"stampKey":                  append(orEmpty(member{"minLength", 16}, member{"pattern", trimmed}), member{"writeOnly", true}),
	"stampKeyFile":              {{"$ref", "#/$defs/file"}},

	"authentication.type": {{"enum", []exchange.AuthenticationType{
		exchange.AuthenticationNTLM, exchange.AuthenticationBasic, exchange.AuthenticationAzureAD, exchange.AuthenticationExternal,
	}}},
	"authentication.username":      {{"maxLength", 1024}, {"pattern", trimmed}, {"examples", []string{`EXAMPLE\svc`, "svc@example.com"}}},
	"authentication.password":      {{"$ref", "#/$defs/secret"}},
	"authentication.passwordFile":  {{"$ref", "#/$defs/file"}},
	"authentication.applicationId": append(orEmpty(member{"format", "uuid"}, member{"pattern", guid}), member{"examples", []string{"00001111-aaaa-2222-bbbb-3333cccc4444"}}),
	"authentication.tenantId": {{"anyOf", []any{
		object{{"const", ""}}, object{{"format", "uuid"}, {"pattern", guid}}, object{{"$ref", "#/$defs/domain"}},
	}}, {"examples", []string{"customer.onmicrosoft.com"}}},
	"authentication.authenticationEndpoint": append(orEmpty(member{"format", "uri"}, member{"pattern", "^" + anyCase("https") + "://" + hostPart + "/*$"}),
		member{"examples", []string{exchange.DefaultAuthenticationEndpoint}}),
	"authentication.privateKeyFile":        {{"$ref", "#/$defs/file"}, {"examples", []string{"cert.pfx"}}},
	"authentication.privateKeyPassword":    {{"$ref", "#/$defs/secret"}},
	"authentication.disableChannelBinding": {{"default", false}},

	"header.name": {{"maxLength", 126}, {"pattern", "^[!-9;-~]*$"}, {"not", object{{"pattern", reserved()}}},
		{"examples", []string{"X-Quarantined", "X-Released"}}},
	"header.value": {{"maxLength", 255}, {"pattern", trimmed}},

	"throttling.unlimited": {{"default", false}},
	"throttling.probe":     {{"default", false}},

	"searchLimits.protected": {{"items", object{{"$ref", "#/$defs/address"}}}},
}

// reserved is the pattern of refused headers.
func reserved() string {
	var names []string
	for _, name := range []string{
		"authentication-results", "bcc", "cc", "comments", "date", "delivered-to", "dkim-signature", "from", "in-reply-to",
		"keywords", "message-id", "mime-version", "received", "received-spf", "references", "reply-to", "return-path", "sender",
		"subject", "to",
	} {
		names = append(names, anyCase(name)+"$")
	}
	for _, prefix := range []string{"content-", "resent-", "x-ms-exchange-"} {
		names = append(names, anyCase(prefix))
	}
	return "^(" + strings.Join(names, "|") + ")"
}

// commonSchemas are shared by several fields.
func commonSchemas() object {
	return object{
		{"address", object{{"description", "The primary SMTP address of a mailbox."}, {"format", "email"}, {"minLength", 1}, {"maxLength", 254},
			{"pattern", "^" + mailPart + `@(` + maildom + `\.)*` + maildom + "$"}}},
		{"domain", object{{"description", "A domain or the full name of a host."}, {"format", "hostname"}, {"maxLength", 253}, {"pattern", domain},
			{"not", object{{"pattern", `\.[0-9]+$`}}}}},
		{"file", object{{"description", "The path of a file."}, {"allOf", []any{
			object{{"pattern", `^[^\x00]*$`}}, object{{"pattern", `^$|\S`}}, object{{"pattern", `^$|[^/\\]$`}},
		}}}},
		{"secret", object{{"description", "A password."}, {"writeOnly", true}, {"pattern", `^[^\x00\r\n]*$`}}},
	}
}

// headerRule requires both parts of a header, or neither.
func headerRule() object {
	some := func(name string) object {
		return object{{"properties", object{{name, object{{"minLength", 1}}}}}, {"required", []string{name}}}
	}
	return object{
		{"if", object{{"anyOf", []any{some("name"), some("value")}}}},
		{"then", object{{"allOf", []any{some("name"), some("value")}}}},
	}
}
