package live

import "strings"

// inVariables translates the SDK's texts, which name fields of a configuration, to the
// names of variables. Settings without a variable need a configuration.
var inVariables = strings.NewReplacer(
	"quarantine: configuration: ", "",
	` (in JSON with two backslashes)`, "",
	` (in JSON, a single backslash before b, f, n, r or t makes one)`, "",
	`set "allowPlainHTTP": true`, `name a configuration with "allowPlainHTTP": true in `+EnvConfig,
	"authentication.username", EnvAccount,
	"authentication.password", EnvPassword,
	"authentication.type", EnvAuth,
	"authentication.disableChannelBinding", "disableChannelBinding in a configuration, see "+EnvConfig,
	"quarantineMailbox", EnvQuarantine,
	"rootCAFile", EnvCAFile,
	"ewsUrl", EnvURL,
	"useProxy and proxyUrl", "useProxy and proxyUrl in a configuration, see "+EnvConfig,
	"proxyUrl", "proxyUrl in a configuration, see "+EnvConfig,
	"useProxy", "useProxy in a configuration, see "+EnvConfig,
	"autodiscoverHosts", "autodiscoverHosts in a configuration, see "+EnvConfig,
)

// named is an error of the SDK that names variables instead of fields.
type named struct{ error }

// Error returns the text of the error with the names of variables.
func (n named) Error() string { return inVariables.Replace(n.error.Error()) }

// Unwrap returns the original error of the SDK.
func (n named) Unwrap() error { return n.error }

// name makes an error name the variables that the settings come from.
func (s *Settings) name(err error) error {
	if err == nil || s.File != "" {
		return err
	}
	return named{err}
}
