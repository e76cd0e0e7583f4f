package exchange

import (
	"net/url"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
	"github.com/ewsquarantine/ewsquarantine/internal/nearest"
)

// authentication checks how the account signs in. Settings that the chosen type
// does not use are refused: they suggest that another type was intended.
func (v *configCheck) authentication(c *Config) {
	a := c.Authentication
	switch a.Type {
	case AuthenticationNTLM, AuthenticationBasic:
		v.password(c)
		v.unused(a.Type, map[string]bool{
			"applicationId":          a.ApplicationID != "",
			"tenantId":               a.TenantID != "",
			"authenticationEndpoint": a.AuthenticationEndpoint != "" && a.AuthenticationEndpoint != DefaultAuthenticationEndpoint,
			"privateKeyFile":         a.PrivateKeyFile != "",
			"privateKeyPassword":     !a.PrivateKeyPassword.IsZero(),
		}, `"azureAD"`)
		if a.Type == AuthenticationBasic {
			v.unused(a.Type, map[string]bool{"disableChannelBinding": a.DisableChannelBinding}, `"ntlm"`)
		}
		if onlineHost(c.EWSURL) {
			v.problem("authentication.type", `cannot be "`+string(a.Type)+`" with Exchange Online, which accepts tokens only; set "azureAD"`)
		}
	case AuthenticationAzureAD:
		v.application(c)
		v.unused(a.Type, map[string]bool{
			"username":              a.Username != "",
			"password":              !a.Password.IsZero() || a.PasswordFunc != nil,
			"passwordFile":          a.PasswordFile != "",
			"disableChannelBinding": a.DisableChannelBinding,
		}, `"ntlm" or "basic"`)
	case AuthenticationExternal:
		v.username(c)
		v.unused(a.Type, map[string]bool{
			"password":               !a.Password.IsZero() || a.PasswordFunc != nil,
			"passwordFile":           a.PasswordFile != "",
			"applicationId":          a.ApplicationID != "",
			"tenantId":               a.TenantID != "",
			"authenticationEndpoint": a.AuthenticationEndpoint != "" && a.AuthenticationEndpoint != DefaultAuthenticationEndpoint,
			"privateKeyFile":         a.PrivateKeyFile != "",
			"privateKeyPassword":     !a.PrivateKeyPassword.IsZero(),
			"disableChannelBinding":  a.DisableChannelBinding,
		}, `"ntlm", "basic" or "azureAD"`)
	case "":
		v.problem("authentication.type", `is empty; set "ntlm", "basic", "azureAD" or, if the program signs in itself, "external"`)
	default:
		v.problem("authentication.type", `must be "ntlm", "basic", "azureAD" or "external"`+nearest.DidYouMean(string(a.Type), []string{"ntlm", "basic", "azureAD", "external"}))
	}
}

// unused refuses settings that only another type of authentication uses.
func (v *configCheck) unused(typ AuthenticationType, set map[string]bool, other string) {
	var names []string
	for name, isSet := range set {
		if isSet {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		v.problem("authentication."+name, `is not used with authentication.type "`+string(typ)+`"; remove it, or set the type to `+other)
	}
}

// username checks the name of the account. With another sign-in it may have any form.
func (v *configCheck) username(c *Config) {
	a := c.Authentication
	const forms = `use DOMAIN\user (in JSON with two backslashes) or user@example.com`
	domain, user, backslash := strings.Cut(a.Username, `\`)
	local, host, at := strings.Cut(a.Username, "@")
	external := a.Type == AuthenticationExternal
	switch {
	case a.Username == "" && external:
	case a.Username == "":
		v.problem("authentication.username", "is empty; "+forms)
	case !oneLine(a.Username):
		v.problem("authentication.username", `contains a control character (in JSON, a single backslash before b, f, n, r or t makes one); `+forms)
	case len(a.Username) > 1024:
		v.problem("authentication.username", "is longer than 1024 bytes; "+forms)
	case a.Username != strings.TrimSpace(a.Username):
		v.problem("authentication.username", "begins or ends with a space; remove it")
	case external:
	case backslash && (domain == "" || user == "" || strings.ContainsAny(user, `\@`)):
		v.problem("authentication.username", "is not a valid user name; "+forms)
	case !backslash && (!at || local == "" || host == "" || strings.Contains(host, "@")):
		v.problem("authentication.username", "has no domain; "+forms)
	case a.Type == AuthenticationBasic && strings.Contains(a.Username, ":"):
		v.problem("authentication.username", `contains a colon, which Basic does not allow; use the other form of the name, or "ntlm"`)
	}
}

// password checks the settings of NTLM and Basic.
func (v *configCheck) password(c *Config) {
	v.username(c)
	a := c.Authentication
	switch {
	case a.Password.IsZero() && a.PasswordFunc == nil && a.PasswordFile == "":
		v.problem("authentication.password", "is missing; set it in the file, in the environment ("+c.envNames(EnvPassword)+", if the program reads it), with passwordFile or with PasswordFunc")
	case !a.Password.IsZero() && a.PasswordFunc != nil:
		v.problem("authentication.password", "is set together with PasswordFunc; remove one")
	case a.PasswordFile != "" && (!a.Password.IsZero() || a.PasswordFunc != nil):
		v.problem("authentication.passwordFile", "is set together with another source of the password; remove one")
	}
	v.file("authentication.passwordFile", a.PasswordFile)
	v.secret("authentication.password", a.Password)
}

// secret refuses characters that no password contains but files often end in:
// a wrong password locks the account.
func (v *configCheck) secret(field string, s Secret) {
	if strings.ContainsAny(s.Reveal(), "\r\n\x00") {
		v.problem(field, "contains a line break or a NUL character, perhaps the end of the line in the file it was read from; remove it")
	}
}

// application checks the settings of Azure AD.
func (v *configCheck) application(c *Config) {
	a := c.Authentication
	switch {
	case a.ApplicationID == "":
		v.problem("authentication.applicationId", "is empty; set it to the application (client) id of the registration in Azure AD")
	case !isGUID(a.ApplicationID):
		v.problem("authentication.applicationId", "is not a GUID; use the application (client) id of the registration, such as 00001111-aaaa-2222-bbbb-3333cccc4444")
	}
	switch {
	case a.TenantID == "":
		v.problem("authentication.tenantId", "is empty; set it to the tenant's id or one of its domains, such as customer.onmicrosoft.com")
	case slices.Contains([]string{"common", "organizations", "consumers"}, strings.ToLower(a.TenantID)):
		v.problem("authentication.tenantId", "names no particular tenant, which applications need to sign in; use the tenant's id or one of its domains")
	case !isGUID(a.TenantID) && !mailname.IsDomain(a.TenantID):
		v.problem("authentication.tenantId", "is neither a GUID nor a domain; use the tenant's id or one of its domains, such as customer.onmicrosoft.com")
	}
	v.authority(c)
	if a.PrivateKeyFile == "" {
		v.problem("authentication.privateKeyFile", "is empty; set it to the PFX file with the certificate and key of the application")
	}
	v.file("authentication.privateKeyFile", a.PrivateKeyFile)
	v.secret("authentication.privateKeyPassword", a.PrivateKeyPassword)
}

// onlineHost reports whether a URL points to Exchange Online.
func onlineHost(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && msclouds.HasEWS(u.Hostname())
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if hyphen != (c == '-') || !hyphen && !hex {
			return false
		}
	}
	return true
}
