package repository_test

import (
	"testing"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

// importRules define what the non-test files of each package of this module may import
// from this module. A package that is not listed fails the test: add it, and let it
// import as little as possible. onlyFor, below, reserves some packages for a few others.
var importRules = []repository.Rule{
	// The core knows no mail system.
	{Package: "quarantine/driver", Imports: nil},
	{Package: "quarantine/internal/passage", Imports: []string{"quarantine/driver"}},
	{Package: "quarantine/internal/detour", Imports: []string{"quarantine/driver"}},
	{Package: "quarantine/internal/twobox", Imports: []string{"quarantine/driver"}},
	{Package: "quarantine", Imports: []string{"quarantine/driver", "quarantine/internal/...", "internal/..."}},

	// Optional parts that a product chooses.
	{Package: "quarantine/gather", Imports: []string{"quarantine/driver"}},
	{Package: "quarantine/reported", Imports: []string{"quarantine/driver"}},
	{Package: "quarantine/boltjournal", Imports: []string{"quarantine", "quarantine/driver", "internal/..."}},
	{Package: "quarantine/counters", Imports: []string{"quarantine", "ews"}},
	{Package: "quarantine/quarantinetest", Imports: []string{"quarantine", "quarantine/driver", "internal/..."}},

	// What a report means is determined from its bytes, whatever mailbox they came from.
	{Package: "quarantine/reported/understood", Imports: []string{"quarantine", "quarantine/driver", "internal/..."}},

	// The driver for Exchange is given a client with authentication and throttling.
	{Package: "quarantine/ewsmail", Imports: []string{"quarantine/driver", "ews", "internal/..."}},

	// The driver for Microsoft Graph has its client to itself.
	{Package: "quarantine/graphmail", Imports: []string{"quarantine/driver", "internal/..."}},
	// The Graph server for tests serves the mailboxes of the Exchange server for tests.
	{Package: "quarantine/graphmail/graphtest", Imports: []string{"ews", "ews/ewstest", "internal/..."}},

	// This puts everything together from a configuration.
	{Package: "quarantine/exchange/...", Imports: []string{"..."}},

	// The client for Exchange knows nothing about quarantine.
	{Package: "ews", Imports: []string{"internal/..."}},
	{Package: "ews/autodiscover", Imports: []string{"ews", "internal/..."}},
	{Package: "ews/ewstest", Imports: []string{"ews", "ews/autodiscover", "internal/..."}},
	{Package: "auth", Imports: []string{"internal/msclouds", "internal/redact", "internal/tlsadvice"}},
	{Package: "throttle", Imports: []string{"internal/callinfo"}},

	{Package: "internal/apachetest", Imports: nil},
	{Package: "internal/azuread", Imports: nil},
	{Package: "internal/callinfo", Imports: nil},
	{Package: "internal/conversation", Imports: nil},
	{Package: "internal/display", Imports: nil},
	{Package: "internal/ewsschema", Imports: []string{"internal/xmlwire"}},
	{Package: "internal/filetest", Imports: nil},
	{Package: "internal/folderpath", Imports: []string{"internal/xmlwire"}},
	{Package: "internal/graph", Imports: []string{"internal/redact", "internal/useragent", "internal/wirelog"}},
	{Package: "internal/interop/plainxml", Imports: nil},
	{Package: "internal/headerscan", Imports: []string{"internal/mimeparam"}},
	{Package: "internal/httpguard", Imports: nil},
	{Package: "internal/linkunwrap", Imports: []string{"internal/mimeparam"}},
	{Package: "internal/live", Imports: []string{"ews", "throttle", "quarantine/...", "quarantine", "internal/display", "internal/mailname"}},
	{Package: "internal/mailname", Imports: nil},
	{Package: "internal/mailstore", Imports: []string{"ews", "internal/mailstore/eml"}},
	{Package: "internal/mailstore/eml", Imports: []string{"internal/mimeparam"}},
	{Package: "internal/mimeparam", Imports: nil},
	{Package: "internal/mimescan", Imports: []string{"internal/headerscan", "internal/linkunwrap", "internal/mimeparam"}},
	{Package: "internal/msclouds", Imports: nil},
	{Package: "internal/mutate", Imports: nil},
	{Package: "internal/nearest", Imports: nil},
	{Package: "internal/ntlmserver", Imports: nil},
	{Package: "internal/powershell", Imports: nil},
	{Package: "internal/redact", Imports: nil},
	{Package: "internal/repository", Imports: nil},
	{Package: "internal/sealedfile", Imports: nil},
	{Package: "internal/tlsadvice", Imports: nil},
	{Package: "internal/tlstest", Imports: nil},
	{Package: "internal/useragent", Imports: nil},
	{Package: "internal/wirelog", Imports: nil},
	{Package: "internal/xmlwire", Imports: nil},
	{Package: "internal/xsdcheck", Imports: []string{"internal/xmlwire"}},

	{Package: "examples/...", Imports: []string{"..."}},
	{Package: "testdata", Imports: nil},
}

// onlyFor are packages that the non-test files of only a few others may import, whatever
// importRules allow; most of them are for tests.
var onlyFor = []repository.Reservation{
	{Package: "examples/...", For: nil},
	{Package: "testdata", For: []string{"examples/..."}},

	// These use the configuration, not vice versa.
	{Package: "quarantine/exchange/selftest", For: []string{"quarantine/exchange/setup", "internal/live", "examples/..."}},
	{Package: "quarantine/exchange/setup", For: []string{"quarantine/exchange/selftest", "examples/..."}},

	// The client for Graph belongs to its driver, and to the self-test, which looks at what
	// the driver hides.
	{Package: "internal/graph", For: []string{"quarantine/graphmail", "quarantine/exchange/selftest"}},

	// The Exchange server for tests, and packages that only it uses.
	{Package: "ews/ewstest", For: []string{"quarantine/graphmail/graphtest", "examples/..."}},
	{Package: "quarantine/graphmail/graphtest", For: []string{"examples/..."}},
	{Package: "internal/azuread", For: []string{"ews/ewstest", "quarantine/graphmail/graphtest", "examples/..."}},
	{Package: "internal/ewsschema", For: []string{"ews/ewstest", "examples/..."}},
	{Package: "internal/mailstore", For: []string{"ews/ewstest", "quarantine/graphmail/graphtest", "examples/..."}},
	{Package: "internal/mailstore/eml", For: []string{"internal/mailstore", "ews/ewstest", "quarantine/graphmail/graphtest", "quarantine/reported/understood", "examples/..."}},
	{Package: "internal/ntlmserver", For: []string{"ews/ewstest", "examples/..."}},

	// Suites, checks and tools.
	{Package: "quarantine/quarantinetest", For: nil},
	{Package: "quarantine/internal/detour", For: nil},
	{Package: "quarantine/internal/twobox", For: nil},
	{Package: "internal/apachetest", For: nil},
	{Package: "internal/live", For: nil},
	{Package: "internal/interop/plainxml", For: nil},
	{Package: "internal/mutate", For: nil},
	{Package: "internal/repository", For: nil},
	{Package: "internal/filetest", For: nil},
	{Package: "internal/tlstest", For: nil},
	{Package: "internal/xsdcheck", For: nil},
}

func TestDirections(t *testing.T) {
	t.Parallel()
	report(t, "Packages of this module import each other as importRules and onlyFor in "+
		"internal/repository/directions_test.go say. A new package needs a rule there.",
		repository.CheckDirections(tree(t), importRules, onlyFor))
}
