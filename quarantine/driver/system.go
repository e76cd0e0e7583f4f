package driver

// SystemEWS is the system of drivers that use Exchange Web Services. It is also the
// system of stamps, receipts and intents that name none, which earlier versions wrote.
const SystemEWS = "ews"

// maxSystem is how long the name of a system may be.
const maxSystem = 16

// ValidSystem reports whether name can be the name of a system: 1 to 16 characters,
// each a letter from a to z or a digit.
func ValidSystem(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= maxSystem
}

// SameSystem reports whether two names mean the same system. An empty name stands for
// [SystemEWS].
func SameSystem(a, b string) bool { return named(a) == named(b) }

// named returns the name, with [SystemEWS] for the empty one.
func named(system string) string {
	if system == "" {
		return SystemEWS
	}
	return system
}
