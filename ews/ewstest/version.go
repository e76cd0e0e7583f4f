package ewstest

import (
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// Version is the Exchange version that a [Server] imitates. It decides which
// operations, attributes and folders exist, the size of search pages, and the
// content of ServerVersionInfo.
type Version int

// Versions. The zero value means Exchange2016.
const (
	Exchange2010SP3 Version = iota + 1
	Exchange2013            // RTM: no SuppressReadReceipts
	Exchange2013SP1
	Exchange2016
	Exchange2019
	ExchangeSE
	ExchangeOnline
)

// versions describes the versions: the name, the build, the schema name in
// ServerVersionInfo, and the newest schema that requests may use.
var versions = map[Version]struct {
	name   string
	build  ews.Build
	info   string
	schema ewsschema.Version
}{
	Exchange2010SP3: {"Exchange2010_SP3", ews.Build{Major: 14, Minor: 3, Build: 123, Revision: 3}, "Exchange2010_SP2", ewsschema.Exchange2010SP2},
	Exchange2013:    {"Exchange2013", ews.Build{Major: 15, Minor: 0, Build: 516, Revision: 29}, "Exchange2013", ewsschema.Exchange2013},
	Exchange2013SP1: {"Exchange2013_SP1", ews.Build{Major: 15, Minor: 0, Build: 847, Revision: 31}, "V2_23", ewsschema.Exchange2013SP1},
	Exchange2016:    {"Exchange2016", ews.Build{Major: 15, Minor: 1, Build: 2507, Revision: 6}, "V2017_07_11", ewsschema.V20170711},
	Exchange2019:    {"Exchange2019", ews.Build{Major: 15, Minor: 2, Build: 1544, Revision: 4}, "V2017_07_11", ewsschema.V20170711},
	ExchangeSE:      {"ExchangeSE", ews.Build{Major: 15, Minor: 2, Build: 2562, Revision: 17}, "V2017_07_11", ewsschema.V20170711},
	ExchangeOnline:  {"ExchangeOnline", ews.Build{Major: 15, Minor: 20, Build: 8890, Revision: 21}, "V2018_01_08", ewsschema.V20180108},
}

// String returns the name that [ParseVersion] reads, such as Exchange2013_SP1.
func (v Version) String() string {
	if v == 0 {
		v = Exchange2016
	}
	if d, ok := versions[v]; ok {
		return d.name
	}
	return fmt.Sprintf("Version(%d)", int(v))
}

// Build returns the build number that a server of this version reports in
// ServerVersionInfo.
func (v Version) Build() ews.Build {
	if v == 0 {
		v = Exchange2016
	}
	return versions[v].build
}

// ParseVersion reads the name of a version: Exchange2010_SP3, Exchange2013,
// Exchange2013_SP1, Exchange2016, Exchange2019, ExchangeSE or ExchangeOnline,
// in any case and with or without the underscore.
func ParseVersion(name string) (Version, error) {
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }
	var names []string
	for v := Exchange2010SP3; v <= ExchangeOnline; v++ {
		if plain(v.String()) == plain(name) {
			return v, nil
		}
		names = append(names, v.String())
	}
	return 0, fmt.Errorf("ewstest: unknown Exchange version %q; use one of %s", name, strings.Join(names, ", "))
}
