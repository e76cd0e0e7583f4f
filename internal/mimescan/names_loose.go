package mimescan

import (
	"path"
	"regexp"
	"strings"
	"unicode/utf8"
)

// namesAnyhow returns the names in defective fields.
func namesAnyhow(fields map[string][]byte) (all []string) {
	for _, field := range []string{contentDisposition, contentType} {
		value := fields[field]
		if len(value) > maxNamed {
			value = value[:maxNamed]
		}
		for _, m := range nameAnyhow.FindAllSubmatch(value, maxAnyhow) {
			name := strings.Trim(string(m[1]), ` "'`)
			if comment, rest, ok := strings.Cut(name, ")"); ok && strings.HasPrefix(comment, "(") {
				name = rest
			}
			if !strings.Contains(name, "=?") && !strings.Contains(name, `\`) && utf8.ValidString(name) {
				all = append(all, name)
			}
		}
	}
	return all
}

// namesInstead returns the names that programs use for a part without one.
func namesInstead(fields map[string][]byte) (all []string) {
	if place := strings.TrimSpace(string(fields[contentLocation])); place != "" && !strings.HasSuffix(place, "/") && len(place) < maxNamed {
		all = append(all, path.Base(place))
	}
	if text := strings.TrimSpace(string(fields[contentDescription])); strings.Contains(text, ".") && len(text) < maxNamed {
		all = append(all, text)
	}
	return all
}

const (
	maxNamed  = 4 << 10 // bytes of a field that are searched
	maxAnyhow = 4       // names
)

// nameAnyhow matches a name that is not where RFC 2183 requires it: after a comma or
// nothing, with a colon, in the other field.
var nameAnyhow = regexp.MustCompile(`(?i)\b(?:file-?)?name[ \t]*[=:][ \t]*("[^"]*"|(?:\([^)]*\))?[^;,"\s]+)`)
