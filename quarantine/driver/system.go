package driver

// SystemEWS is the system of the drivers over Exchange Web Services. It is also that of
// stamps, receipts and intents that name none, which earlier versions wrote.
const SystemEWS = "ews"

// maxSystem is how long the name of a system may be.
const maxSystem = 16

// ValidSystem reports whether name can be that of a system: 1 to 16 of the letters a
// to z and of digits.
func ValidSystem(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= maxSystem
}

// SameSystem reports whether two names are of the same system. An empty one stands for
// [SystemEWS].
func SameSystem(a, b string) bool { return named(a) == named(b) }

// named returns the name for which an empty one stands.
func named(system string) string {
	if system == "" {
		return SystemEWS
	}
	return system
}
