package linkunwrap

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mimeparam"
)

// address is a URL in normalised form, for comparison.
type address struct {
	host  string // lower case, ASCII; with the port unless it is the default
	path  string // percent-decoded, without dot segments or a trailing slash
	query string // percent-decoded
}

// normal returns the normalised form of a URL.
func normal(link string) (address, bool) {
	p, ok := split(link)
	if !ok {
		return address{}, false
	}
	a := address{host: hostName(p.host)}
	if a.host == "" {
		return address{}, false
	}
	if port, err := strconv.ParseUint(p.port, 10, 16); err == nil && !ownPort(p.scheme, port) {
		a.host += ":" + strconv.FormatUint(port, 10)
	}
	a.path = strings.TrimRight(cleanPath(decode(p.path, false)), "/")
	a.query = decode(p.query, true)
	// Programs that copy a link append blanks, escaped or not.
	if a.query == "" {
		a.path = strings.TrimRight(strings.TrimRight(a.path, " \t\r\n"), "/")
	}
	a.query = strings.TrimRight(a.query, " \t\r\n")
	return a, true
}

// ownPort reports whether a port is the default of the scheme. The schemes http
// and https count as the same.
func ownPort(scheme string, port uint64) bool {
	if scheme == "ftp" {
		return port == 21
	}
	return port == 80 || port == 443
}

// cleanPath removes dot segments. Empty segments stay, because servers
// distinguish /a//b from /a/b.
func cleanPath(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case ".":
		case "..":
			if len(kept) > 1 {
				kept = kept[:len(kept)-1]
			}
		default:
			kept = append(kept, segment)
		}
	}
	return strings.Join(slices.Clip(kept), "/")
}

// decode undoes percent-encoding once; anything malformed stays as it is. In a
// form, a plus sign is a space.
func decode(s string, form bool) string {
	if !strings.ContainsRune(s, '%') && (!form || !strings.ContainsRune(s, '+')) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%' && i+2 < len(s):
			if v, ok := mimeparam.HexByte(s[i+1], s[i+2]); ok {
				b.WriteByte(v)
				i += 2
				continue
			}
			b.WriteByte(c)
		case c == '+' && form:
			b.WriteByte(' ')
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
