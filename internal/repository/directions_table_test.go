package repository_test

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

// layout contains allowed imports between packages, with each package of the layout at
// least once.
const layout = `
quarantine -> quarantine/driver
quarantine -> quarantine/internal/passage
quarantine -> internal/mimescan
quarantine -> internal/headerscan
quarantine -> internal/linkunwrap
quarantine/internal/passage -> quarantine/driver
quarantine/internal/detour -> quarantine/driver
quarantine/internal/twobox -> quarantine/driver
internal/mimescan -> internal/mimeparam
internal/mimescan -> internal/linkunwrap
internal/mimescan -> internal/headerscan
internal/mailstore/eml -> internal/mimeparam
quarantine/boltjournal -> quarantine
quarantine/boltjournal -> quarantine/driver
quarantine/boltjournal -> internal/sealedfile
quarantine/gather -> quarantine/driver
quarantine/reported -> quarantine/driver
quarantine/counters -> quarantine
quarantine/counters -> ews
quarantine/quarantinetest -> quarantine
quarantine/quarantinetest -> quarantine/driver
quarantine/reported/understood -> quarantine
quarantine/reported/understood -> quarantine/driver
quarantine/reported/understood -> internal/mimescan
quarantine/reported/understood -> internal/linkunwrap
quarantine/reported/understood -> internal/mailstore/eml
quarantine/ewsmail -> quarantine/driver
quarantine/ewsmail -> ews
quarantine/ewsmail -> internal/conversation
quarantine/ewsmail -> internal/folderpath
quarantine/graphmail -> quarantine/driver
quarantine/graphmail -> internal/conversation
quarantine/graphmail -> internal/folderpath
internal/conversation -> fmt
quarantine/graphmail -> internal/graph
internal/folderpath -> internal/xmlwire
quarantine/graphmail/graphtest -> ews/ewstest
quarantine/graphmail/graphtest -> internal/azuread
quarantine/graphmail/graphtest -> internal/mailstore
quarantine/graphmail/graphtest -> internal/mailstore/eml
quarantine/exchange -> quarantine
quarantine/exchange -> quarantine/driver
quarantine/exchange -> quarantine/ewsmail
quarantine/exchange -> quarantine/gather
quarantine/exchange -> quarantine/boltjournal
quarantine/exchange -> quarantine/exchange/internal/rules
quarantine/exchange -> ews
quarantine/exchange -> ews/autodiscover
quarantine/exchange -> auth
quarantine/exchange -> throttle
quarantine/exchange -> internal/nearest
quarantine/exchange/selftest -> quarantine/exchange
quarantine/exchange/selftest -> ews
quarantine/exchange/selftest -> internal/graph
quarantine/exchange/selftest -> internal/httpguard
quarantine/exchange/setup -> quarantine/exchange
ews -> internal/callinfo
internal/graph -> internal/redact
internal/graph -> internal/useragent
internal/graph -> internal/wirelog
ews -> internal/wirelog
internal/wirelog -> fmt
ews -> internal/useragent
throttle -> internal/callinfo
internal/callinfo -> fmt
ews -> internal/xmlwire
ews/autodiscover -> ews
ews/ewstest -> ews
ews/ewstest -> ews/autodiscover
ews/ewstest -> internal/azuread
ews/ewstest -> internal/ewsschema
ews/ewstest -> internal/mailstore
ews/ewstest -> internal/mailstore/eml
ews/ewstest -> internal/ntlmserver
internal/mailstore -> ews
internal/mailstore -> internal/mailstore/eml
internal/ewsschema -> internal/xmlwire
internal/xsdcheck -> internal/xmlwire
internal/apachetest -> fmt
internal/live -> quarantine/exchange/selftest
internal/repository -> fmt
internal/display -> fmt
internal/mailname -> fmt
internal/nearest -> fmt
internal/mutate -> fmt
internal/interop/plainxml -> fmt
internal/powershell -> fmt
internal/tlstest -> fmt
internal/filetest -> fmt
internal/sealedfile -> fmt
auth -> internal/msclouds
auth -> internal/redact
internal/redact -> fmt
internal/tlsadvice -> fmt
internal/msclouds -> fmt
examples/ewsq -> quarantine/exchange/setup
examples/ewsq -> quarantine/exchange/selftest
examples/ewsq -> examples/internal/terminal
examples/quickstart -> ews/ewstest
examples/quickstart -> testdata
`

// forbidden are imports that importRules and onlyFor must not allow.
const forbidden = `
quarantine/driver -> internal/mimescan
quarantine/driver -> ews
quarantine/internal/passage -> quarantine
quarantine/internal/passage -> internal/mimescan
quarantine -> ews
quarantine -> auth
quarantine -> throttle
quarantine -> quarantine/ewsmail
quarantine -> quarantine/boltjournal
quarantine -> quarantine/exchange
quarantine -> quarantine/quarantinetest
quarantine -> internal/mailstore
quarantine/boltjournal -> ews
quarantine/quarantinetest -> quarantine/boltjournal
quarantine/quarantinetest -> ews/ewstest
quarantine/reported/understood -> ews
quarantine/reported/understood -> internal/mailstore
quarantine/ewsmail -> quarantine
quarantine/gather -> quarantine
quarantine/reported -> quarantine
quarantine/reported -> ews
quarantine/reported -> quarantine/ewsmail
quarantine/gather -> ews
quarantine/gather -> quarantine/ewsmail
quarantine/ewsmail -> throttle
quarantine/ewsmail -> auth
quarantine/ewsmail -> ews/autodiscover
quarantine/graphmail -> quarantine
quarantine/graphmail -> throttle
quarantine/graphmail -> auth
quarantine/graphmail -> ews
quarantine/exchange -> internal/graph
internal/graph -> quarantine/driver
quarantine/counters -> quarantine/driver
quarantine/counters -> quarantine/exchange
quarantine/ewsmail -> ews/ewstest
quarantine/exchange -> quarantine/exchange/selftest
quarantine/exchange -> quarantine/exchange/setup
quarantine/exchange -> ews/ewstest
quarantine/exchange -> quarantine/graphmail/graphtest
quarantine/graphmail/graphtest -> quarantine/driver
quarantine/exchange -> internal/ntlmserver
quarantine/exchange -> examples/internal/terminal
quarantine/exchange -> testdata
quarantine/exchange/internal/rules -> quarantine/exchange/setup
quarantine/exchange/selftest -> ews/ewstest
quarantine/exchange/setup -> examples/internal/terminal
ews -> auth
ews -> throttle
ews -> quarantine/driver
ews -> ews/autodiscover
ews -> internal/azuread
ews/autodiscover -> ews/ewstest
ews/ewstest -> auth
ews/ewstest -> quarantine
auth -> ews
auth -> internal/xmlwire
throttle -> ews
throttle -> internal/xmlwire
internal/mailstore -> quarantine
internal/mimescan -> quarantine/driver
internal/sealedfile -> quarantine
internal/xmlwire -> ews
internal/ewsschema -> internal/repository
testdata -> ews/ewstest
`

func TestImportRules(t *testing.T) {
	t.Parallel()
	assert.Empty(t, repository.CheckDirections(made(t, sources(layout)), importRules, onlyFor))
	for edge := range strings.SplitSeq(strings.TrimSpace(forbidden), "\n") {
		got := repository.CheckDirections(made(t, sources(layout+edge)), importRules, onlyFor)
		from, to, _ := strings.Cut(edge, " -> ")
		if assert.NotEmpty(t, got, edge) {
			assert.Contains(t, got[0], from+" imports "+to+", which ", edge)
		}
	}
}

// sources returns the files of packages that import each other as in edges.
func sources(edges string) map[string]string {
	files := map[string]string{}
	add := func(pkg, imported string) {
		name := pkg + "/x.go"
		if files[name] == "" {
			files[name] = "package " + path.Base(pkg) + "\n"
		}
		if imported != "" {
			files[name] += fmt.Sprintf("import _ %q\n", imported)
		}
	}
	for edge := range strings.SplitSeq(strings.TrimSpace(edges), "\n") {
		from, to, _ := strings.Cut(edge, " -> ")
		if to == "fmt" {
			add(from, to)
			continue
		}
		add(from, "example.com/m/"+to)
		add(to, "")
	}
	return files
}
