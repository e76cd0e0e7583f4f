package ews

import "fmt"

// Version is a schema version, the value of RequestServerVersion. The zero
// value means no version. Versions are ordered.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/requestserverversion.
type Version int

// Schema versions that this package sends. Exchange 2016, 2019, Subscription Edition and
// Exchange Online are addressed with Exchange2013SP1, the oldest version that has
// everything this package needs.
const (
	Exchange2010    Version = iota + 1 // Exchange 2010 RTM
	Exchange2010SP1                    // Exchange 2010 SP1
	Exchange2010SP2                    // Exchange 2010 SP2 and SP3
	Exchange2013                       // Exchange 2013 before SP1
	Exchange2013SP1                    // Exchange 2013 SP1 and everything later
)

// String returns the version as the protocol spells it.
func (v Version) String() string {
	switch v {
	case Exchange2010:
		return "Exchange2010"
	case Exchange2010SP1:
		return "Exchange2010_SP1"
	case Exchange2010SP2:
		return "Exchange2010_SP2"
	case Exchange2013:
		return "Exchange2013"
	case Exchange2013SP1:
		return "Exchange2013_SP1"
	}
	return fmt.Sprintf("Version(%d)", int(v))
}

// Build is the build number of a server, from the ServerVersionInfo header of
// its responses.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/serverversioninfo.
type Build struct {
	Major, Minor, Build, Revision int
}

// IsZero reports whether the build is unknown.
func (b Build) IsZero() bool { return b == Build{} }

// String returns the build as Exchange tools print it, such as 15.1.2507.6.
func (b Build) String() string {
	return fmt.Sprintf("%d.%d.%d.%d", b.Major, b.Minor, b.Build, b.Revision)
}

// Version returns the newest of this package's schema versions that the build supports,
// or zero for an unknown build or one before Exchange 2010.
func (b Build) Version() Version {
	switch {
	case b.Major > 15, b.Major == 15 && b.Minor >= 1, b.Major == 15 && b.Build >= 847:
		return Exchange2013SP1
	case b.Major == 15:
		return Exchange2013
	case b.Major == 14 && b.Minor >= 2:
		return Exchange2010SP2
	case b.Major == 14 && b.Minor == 1:
		return Exchange2010SP1
	case b.Major == 14:
		return Exchange2010
	}
	return 0
}
