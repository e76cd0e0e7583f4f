package linkunwrap

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// address is a URL in normalised form, for comparison.
type address struct {
	host  string // lower case, ASCII; with the port unless it is the default
	path  string // percent-decoded, without dot segments and trailing slash
	query string // percent-decoded
}

// parts are the parts of a URL as written.
type parts struct {
	scheme   string // lower case; empty if the URL begins with www.
	host     string // without user information, as written
	port     string
	path     string
	query    string
	hasQuery bool
}

// maxURL is how many bytes of a URL are read, about as many as in browsers.
const maxURL = 64 << 10

// isLink reports whether links of a scheme are followed.
func isLink(scheme string) bool { return scheme == "http" || scheme == "https" || scheme == "ftp" }

// split splits a URL as browsers do, which accept much that RFC 3986 does not:
// blanks around it, line ends within, any number of slashes or backslashes after
// the scheme. It reports whether it is a link with a host.
// See https://url.spec.whatwg.org/#url-parsing.
func split(link string) (parts, bool) {
	if len(link) > maxURL {
		link = link[:maxURL]
	}
	link = strings.TrimFunc(link, func(r rune) bool { return r <= ' ' || r == '\u00a0' || r == '\ufeff' })
	if strings.ContainsAny(link, "\t\r\n") {
		link = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(link)
	}
	var p parts
	rest := link
	if scheme, after, ok := strings.Cut(link, ":"); ok && isLink(strings.ToLower(scheme)) {
		p.scheme = strings.ToLower(scheme)
		rest = strings.TrimLeft(after, `/\`)
		if rest == after {
			return p, false // without a slash it is not such a link
		}
	} else if len(link) < 4 || !strings.EqualFold(link[:4], "www.") {
		return p, false
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, p.query, p.hasQuery = strings.Cut(rest, "?")
	end := strings.IndexAny(rest, `/\`)
	if end < 0 {
		end = len(rest)
	}
	authority := rest[:end]
	p.path = strings.ReplaceAll(rest[end:], `\`, "/")
	// Text before the last @ is a user, however much it looks like a host.
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		authority = authority[at+1:]
	}
	p.host = authority
	if colon := strings.LastIndexByte(authority, ':'); colon > strings.LastIndexByte(authority, ']') {
		p.host, p.port = authority[:colon], authority[colon+1:]
	}
	return p, p.host != ""
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

// hostName returns a host in the form used to look it up.
func hostName(host string) string {
	host = decode(host, false)
	if bare, ok := strings.CutPrefix(host, "["); ok {
		if ip, err := netip.ParseAddr(strings.TrimSuffix(bare, "]")); err == nil {
			return "[" + ip.WithZone("").String() + "]"
		}
		return strings.ToLower(host)
	}
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	host = strings.TrimRight(strings.ToLower(host), ".")
	if ip, ok := oldIPv4(host); ok {
		return ip
	}
	return host
}

// oldIPv4 reads an IPv4 address in the forms that browsers still accept: fewer
// than four numbers, octal, hexadecimal.
// See https://url.spec.whatwg.org/#concept-ipv4-parser.
func oldIPv4(host string) (string, bool) {
	fields := strings.Split(host, ".")
	if len(fields) > 4 {
		return "", false
	}
	var value uint64
	for i, f := range fields {
		n, err := strconv.ParseUint(f, 0, 32)
		if err != nil || strings.ContainsRune(f, '_') {
			return "", false
		}
		if i < len(fields)-1 {
			if n > 255 {
				return "", false
			}
			value |= n << (8 * (3 - i))
			continue
		}
		if n >= 1<<(8*(4-i)) {
			return "", false
		}
		value |= n
	}
	return netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}).String(), true
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
			hi, okHi := hexDigit(s[i+1])
			lo, okLo := hexDigit(s[i+2])
			if okHi && okLo {
				b.WriteByte(hi<<4 | lo)
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

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
