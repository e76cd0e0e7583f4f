package ewsschema

import "fmt"

// Version is a version of the EWS schema, as named in RequestServerVersion.
// Newer versions are greater.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/requestserverversion.
type Version int

// Versions of the schema.
const (
	Exchange2007    Version = iota + 1
	Exchange2007SP1         // also SP2 and SP3
	Exchange2010
	Exchange2010SP1
	Exchange2010SP2 // also SP3
	Exchange2013
	Exchange2013SP1 // also every later update of Exchange 2013
	Exchange2015
	Exchange2016
	V20151005
	V20160106
	V20160413
	V20160713
	V20161010 // the newest of the published schemas of Exchange 2016
	V20170711 // current Exchange 2016, 2019 and Subscription Edition
	V20180108 // Exchange Online
)

var versionNames = [...]string{
	Exchange2007:    "Exchange2007",
	Exchange2007SP1: "Exchange2007_SP1",
	Exchange2010:    "Exchange2010",
	Exchange2010SP1: "Exchange2010_SP1",
	Exchange2010SP2: "Exchange2010_SP2",
	Exchange2013:    "Exchange2013",
	Exchange2013SP1: "Exchange2013_SP1",
	Exchange2015:    "Exchange2015",
	Exchange2016:    "Exchange2016",
	V20151005:       "V2015_10_05",
	V20160106:       "V2016_01_06",
	V20160413:       "V2016_04_13",
	V20160713:       "V2016_07_13",
	V20161010:       "V2016_10_10",
	V20170711:       "V2017_07_11",
	V20180108:       "V2018_01_08",
}

// ParseVersion returns the version with a name such as "Exchange2010_SP1", and
// whether it exists. The schema also has names that were only used inside
// Microsoft ("Exchange2009", "Exchange2012"); they mean the version after them.
func ParseVersion(name string) (Version, bool) {
	for v, n := range versionNames {
		if n == name && n != "" {
			return Version(v), true
		}
	}
	switch name {
	case "Exchange2009":
		return Exchange2010, true
	case "Exchange2012":
		return Exchange2013, true
	}
	return 0, false
}

// String returns the name of the version in the protocol.
func (v Version) String() string {
	if v < Exchange2007 || int(v) >= len(versionNames) {
		return fmt.Sprintf("Version(%d)", int(v))
	}
	return versionNames[v]
}
