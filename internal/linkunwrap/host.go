package linkunwrap

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxHost is the length of the longest host name in characters, including a trailing
// dot (RFC 1035, section 2.3.4).
const maxHost = 254

// lookup maps host names as browsers do.
// See https://url.spec.whatwg.org/#concept-domain-to-ascii.
var lookup = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckHyphens(false))

// hostName returns a host in the form used to look it up, or "" if the name is too long
// for a host: converting a long name takes time that grows with the square of its length.
func hostName(host string) string {
	host = decode(host, false)
	if bare, ok := strings.CutPrefix(host, "["); ok {
		if ip, err := netip.ParseAddr(strings.TrimSuffix(bare, "]")); err == nil {
			return "[" + ip.WithZone("").String() + "]"
		}
		return strings.ToLower(host)
	}
	if len(host) > maxHost {
		if host = visible(host); utf8.RuneCountInString(host) > maxHost {
			return ""
		}
	}
	if !plainHost(host) {
		if ascii, err := lookup.ToASCII(host); err == nil {
			host = ascii
		}
	}
	host = strings.TrimRight(strings.ToLower(host), ".")
	if len(host) > maxHost {
		return ""
	}
	if ip, ok := oldIPv4(host); ok {
		return ip
	}
	return host
}

// plainHost reports whether a host is looked up as it is written, except for its case.
func plainHost(host string) bool {
	for i := range len(host) {
		c := host[i]
		if c != '.' && c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && (c != '-' || strings.HasPrefix(host[i:], "--")) {
			return false
		}
	}
	return true
}

// visible removes zero-width characters, which host names do not keep.
// See https://www.unicode.org/reports/tr46/#IDNA_Mapping_Table.
func visible(host string) string {
	return strings.Map(func(r rune) rune {
		if r == 0xAD || r >= 0x200B && r <= 0x200D || r == 0x2060 || r == 0xFEFF || r >= 0xFE00 && r <= 0xFE0F {
			return -1
		}
		return r
	}, host)
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
		n, ok := ipv4Number(f)
		if !ok {
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

// ipv4Number reads a number of an IPv4 address.
// See https://url.spec.whatwg.org/#ipv4-number-parser.
func ipv4Number(s string) (uint64, bool) {
	base := 10
	switch {
	case s == "":
		return 0, false
	case strings.HasPrefix(s, "0x"):
		s, base = s[2:], 16
	case len(s) > 1 && s[0] == '0':
		s, base = s[1:], 8
	}
	if s == "" {
		return 0, true
	}
	n, err := strconv.ParseUint(s, base, 32)
	return n, err == nil
}
