package exchange_test

import (
	"regexp"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// with requires a field that matches a schema.
func with(field string, s ...member) object {
	return object{{"properties", object{{field, object(s)}}}, {"required", []string{field}}}
}

// where requires a field, if present, to match a schema.
func where(fields ...member) object { return object{{"properties", object(fields)}} }

var (
	empty    = object{{"maxLength", 0}}
	noItems  = object{{"maxItems", 0}}
	notSet   = object{{"const", false}}
	zero     = object{{"const", 0}}
	required = object{{"minLength", 1}}
)

func signsIn(types ...exchange.AuthenticationType) object {
	return with("authentication", with("type", member{"enum", types})...)
}

// rule is a condition and its consequence.
func rule(comment string, condition, then object) object {
	return object{{"$comment", comment}, {"if", condition}, {"then", then}}
}

// both requires two schemas.
func both(all ...any) object { return object{{"allOf", all}} }

// configRules are the constraints between fields.
func configRules() []any {
	var hosts []string
	for _, host := range msclouds.EWSHosts() {
		hosts = append(hosts, regexp.QuoteMeta(host))
	}
	onlineHosts := strings.Join(hosts, "|")
	noHeader := where(member{"name", empty}, member{"value", empty})
	azure := signsIn(exchange.AuthenticationAzureAD)
	password := signsIn(exchange.AuthenticationNTLM, exchange.AuthenticationBasic)
	inPlace := with("quarantineInPlace", member{"const", true})
	vault := object{{"required", []string{"quarantineMailbox"}}}
	impersonates := with("access", member{"const", exchange.Impersonation})
	return []any{
		rule("Messages go to a quarantine mailbox, unless they are kept in place.", object{{"not", inPlace}}, vault),
		rule("Only Graph keeps messages in place, and needs no quarantine mailbox for it.", inPlace, both(
			with("api", member{"const", exchange.APIGraph}), object{{"not", vault}}, where(member{"folderPerMailbox", notSet}),
		)),
		rule("An application signs in with a certificate and uses impersonation; tokens need TLS.", azure, where(
			member{"access", object{{"const", exchange.Impersonation}}},
			member{"ewsUrl", object{{"not", object{{"pattern", plainHTTP()}}}}},
			member{"autodiscoverHosts", noItems},
			member{"authentication", append(where(
				member{"applicationId", required}, member{"tenantId", required}, member{"privateKeyFile", required},
				member{"username", empty}, member{"password", empty}, member{"passwordFile", empty}, member{"disableChannelBinding", notSet},
			), member{"required", []string{"applicationId", "tenantId", "privateKeyFile"}})},
		)),
		rule("User name and password are for Exchange Server; Exchange Online accepts tokens only.", password, where(
			member{"ewsUrl", object{{"not", object{{"pattern", `^[^/]*//([^/]*\.)?(` + onlineHosts + `)\.?(:[0-9]*)?/`}}}}},
			member{"authentication", append(where(
				member{"username", object{{"pattern", `^[^\\` + control + `]+\\[^\\@` + control + `]+$|^[^\\@` + control + `]+@[^\\@` + control + `]+$`}}},
				member{"applicationId", empty}, member{"tenantId", empty}, member{"privateKeyFile", empty}, member{"privateKeyPassword", empty},
				member{"authenticationEndpoint", object{{"enum", []string{"", exchange.DefaultAuthenticationEndpoint}}}},
			), member{"required", []string{"username"}})},
		)),
		rule("A program that signs in itself has its secrets itself.", signsIn(exchange.AuthenticationExternal), where(
			member{"authentication", where(
				member{"password", empty}, member{"passwordFile", empty}, member{"disableChannelBinding", notSet},
				member{"applicationId", empty}, member{"tenantId", empty}, member{"privateKeyFile", empty}, member{"privateKeyPassword", empty},
				member{"authenticationEndpoint", object{{"enum", []string{"", exchange.DefaultAuthenticationEndpoint}}}},
			)},
		)),
		rule("Basic does not allow a colon in the user name, and has no channel binding.", signsIn(exchange.AuthenticationBasic), where(
			member{"authentication", where(member{"username", object{{"pattern", "^[^:]*$"}}}, member{"disableChannelBinding", notSet})},
		)),
		rule("The password comes from one place.", with("authentication", with("passwordFile", required...)...), where(
			member{"authentication", where(member{"password", empty})},
		)),
		rule("fullAccess moves messages unchanged, so it cannot add headers.", object{{"not", object{{"anyOf", []any{impersonates, azure}}}}}, where(
			member{"quarantineHeader", noHeader}, member{"undoHeader", noHeader},
		)),
		rule("searchLimits need messageIdSearch.", object{{"not", with("messageIdSearch", member{"const", true})}}, where(
			member{"searchLimits", where(member{"perMailbox", zero}, member{"total", zero}, member{"examined", zero}, member{"protected", noItems})},
		)),
		rule("If ewsUrl is set, Autodiscover is not used.", with("ewsUrl", required...), where(member{"autodiscoverHosts", noItems})),
		rule("Autodiscover only finds URLs with TLS.", object{{"not", with("ewsUrl", required...)}}, where(member{"allowPlainHTTP", notSet})),
		rule("Plain HTTP exposes everything, except on this machine.",
			with("ewsUrl", member{"pattern", plainHTTP()}, member{"not", object{{"pattern", plainHTTP() + local + "/"}}}),
			with("allowPlainHTTP", member{"const", true})),
		rule("NTLM without TLS does not work through a proxy.",
			both(with("ewsUrl", member{"pattern", plainHTTP()}), signsIn(exchange.AuthenticationNTLM)),
			where(member{"useProxy", notSet})),
	}
}
