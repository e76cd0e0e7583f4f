package repository_test

import (
	"testing"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

// modulesOf are the other modules that the non-test files of a package may import. A
// package that is not listed may only import the standard library and this module.
var modulesOf = map[string][]string{
	"auth": {
		"github.com/Azure/go-ntlmssp",
		"github.com/AzureAD/microsoft-authentication-library-for-go",
		"golang.org/x/net",  // proxy from the environment
		"golang.org/x/sync", // limit on connections
		"software.sslmate.com/src/go-pkcs12",
	},
	"ews":                 {"golang.org/x/text"}, // answers in UTF-16
	"ews/ewstest":         {"golang.org/x/text"}, // searches that ignore accents
	"internal/ntlmserver": {"golang.org/x/text"}, // names in code pages
	"quarantine/exchange": {"golang.org/x/net"},  // registered domains
	"quarantine":          {"golang.org/x/text"}, // names and subjects in any form of Unicode

	"internal/linkunwrap":            {"golang.org/x/net", "golang.org/x/text"},               // host names in other scripts
	"internal/mimeparam":             {"github.com/emersion/go-message", "golang.org/x/text"}, // charsets of parameters
	"quarantine/ewsmail":             {"golang.org/x/text"},                                   // the same
	"internal/headerscan":            {"golang.org/x/net", "golang.org/x/text"},               // charsets
	"internal/mimescan":              {"github.com/emersion/go-message", "golang.org/x/net", "golang.org/x/text"},
	"quarantine/reported/understood": {"golang.org/x/net", "golang.org/x/text"},              // the text of HTML, labels in any form of Unicode
	"internal/mailstore/eml":         {"github.com/emersion/go-message", "golang.org/x/net"}, // the text of HTML
	"internal/sealedfile":            {"go.etcd.io/bbolt"},

	"examples/internal/terminal": {"golang.org/x/term"},
	"examples/service":           {"golang.org/x/sync"},
}

func TestModules(t *testing.T) {
	t.Parallel()
	report(t, "Packages import other modules as modulesOf in internal/repository/modules_test.go says.",
		repository.CheckModules(tree(t), modulesOf))
}
