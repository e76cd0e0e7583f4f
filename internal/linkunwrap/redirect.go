package linkunwrap

import "strings"

// behind reads a target that follows the prefix in the path, without its scheme.
func behind(prefix, scheme string) func(parts) string {
	return func(p parts) string {
		target := decode(strings.TrimPrefix(p.path, prefix), false)
		if target == "" {
			return ""
		}
		if p.hasQuery {
			target += "?" + p.query
		}
		return scheme + target
	}
}

// bing reads a target in base64, which follows a two-character marker.
func bing(p parts) string {
	encoded, ok := strings.CutPrefix(decode(raw(p, "u"), true), "a1")
	if !ok {
		return ""
	}
	return base64Text(encoded)
}
