package mimescan

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	htmlcharset "golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// converted is a text in UTF-8.
type converted struct {
	io.Reader
	alike bool   // ASCII is unchanged by the conversion, so all links are in the result
	doubt string // why it may not be what the sender meant
}

// convert converts a text to UTF-8. Its first bytes take precedence over the declaration.
func (p loosePart) convert(br *bufio.Reader, isPage bool) converted {
	first, _ := br.Peek(1 << 10)
	if marked := wideByMark(first); marked != nil {
		return converted{Reader: transform.NewReader(br, marked.NewDecoder())}
	}
	if wide := wideByZeros(first); wide != nil {
		return converted{Reader: transform.NewReader(br, wide.NewDecoder())}
	}
	name := p.charset
	if isPage && (name == "" || isASCIIName(name)) && bytes.Contains(bytes.ToLower(first), []byte("charset")) {
		// Without that word, the result would be a guess.
		if _, found, _ := htmlcharset.DetermineEncoding(first, ""); found != "utf-8" {
			name = found
		}
	}
	if (p.charset == "" || p.charset == "utf-8" || isASCIIName(p.charset) || alikeASCII(p.charset)) && seemsUTF7(first) {
		return converted{Reader: newUTF7(br)}
	}
	if (part{charset: name}).wide() && len(first) > 0 {
		c := asIs(br)
		c.doubt = "a text is not in " + name + " as declared"
		return c
	}
	switch name {
	case "", "utf-8", "utf8", "us-ascii", "ascii", "unicode-1-1-utf-8", "unknown-8bit", "x-unknown", "unknown", "8bit", "x-user-defined", "utf-8-sig", "utf8mb4", "ascii-8bit", "cp65001":
		// ASCII, UTF-8, and names for an unknown charset (RFC 1428).
		return asIs(br)
	case "hz", "hz-gb-2312":
		return converted{Reader: transform.NewReader(br, simplifiedchinese.HZGB2312.NewDecoder())}
	case "utf-7", "x-utf-7", "unicode-1-1-utf-7", "x-unicode-1-1-utf-7", "csunicode11utf7", "csutf7", "utf7":
		return converted{Reader: newUTF7(br)}
	}
	for _, alias := range aliases(name) {
		if r, err := charset.Reader(alias, br); err == nil && converts(alias) {
			return converted{Reader: r, alike: alikeASCII(alias)}
		}
	}
	c := asIs(br)
	c.doubt = "a text is in a charset that is not known"
	return c
}

// converts reports whether a charset is really converted. For some charsets, the
// specification for browsers requires that the whole text is replaced.
// See https://encoding.spec.whatwg.org/#replacement.
func converts(name string) bool {
	r, err := charset.Reader(name, strings.NewReader("a"))
	if err != nil {
		return false
	}
	b, _ := io.ReadAll(r)
	return string(b) != replacement
}

func asIs(br *bufio.Reader) converted {
	return converted{Reader: transform.NewReader(br, unicode.BOMOverride(encoding.Nop.NewDecoder())), alike: true}
}

// alikeASCII reports whether all bytes below 0x80 in a charset are ASCII, whatever
// precedes them.
func alikeASCII(name string) bool {
	for _, prefix := range []string{"iso-8859-", "windows-125", "koi8-", "latin", "macintosh"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func isASCIIName(name string) bool { return name == "us-ascii" || name == "ascii" }

// seemsUTF7 reports whether a text contains an encoding that is specific to UTF-7: of a
// markup character or the beginning of a link, which other charsets need not encode.
func seemsUTF7(first []byte) bool {
	for _, mark := range []string{"+ADw-", "+AD4-", "+ACI-", "+AD0-", "+ADo-", "+AC8-", "+ADoALwAv", "+AGgAdAB0AHA", "+AHcAdwB3"} {
		if bytes.Contains(first, []byte(mark)) {
			return true
		}
	}
	return false
}

// known maps names that some programs use to the names of charsets.
var known = map[string]string{
	"cp932": "shift_jis", "ms932": "shift_jis", "cp936": "gbk", "ms936": "gbk", "cp949": "euc-kr", "ms949": "euc-kr", "cp950": "big5", "gb-2312": "gbk",
	"macroman": "macintosh", "mac-roman": "macintosh", "mac-cyrillic": "x-mac-cyrillic", "win1250": "windows-1250", "win1251": "windows-1251", "win1252": "windows-1252",
}

// aliases returns the names that a charset may have in the IANA registry.
func aliases(name string) []string {
	plain := strings.ReplaceAll(strings.TrimPrefix(name, "x-"), "_", "-")
	all := []string{name, plain}
	if standard := known[plain]; standard != "" {
		all = append(all, standard)
	}
	for old, standard := range map[string]string{"iso8859-": "iso-8859-", "iso-8859": "iso-8859-", "win-": "windows-", "windows1": "windows-1", "cp125": "windows-125", "cp-": "cp", "utf8": "utf-8"} {
		if rest, ok := strings.CutPrefix(plain, old); ok && !strings.HasPrefix(plain, standard) {
			all = append(all, standard+rest)
		}
	}
	return all
}

// wideByMark returns the encoding that a byte order mark indicates. It takes precedence
// over the declaration.
// See https://encoding.spec.whatwg.org/#bom-sniff.
func wideByMark(first []byte) encoding.Encoding {
	switch {
	case bytes.HasPrefix(first, []byte{0xFF, 0xFE, 0, 0}):
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)
	case bytes.HasPrefix(first, []byte{0, 0, 0xFE, 0xFF}):
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	case bytes.HasPrefix(first, []byte{0xFF, 0xFE}), bytes.HasPrefix(first, []byte{0xFE, 0xFF}):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	}
	return nil
}

// wideByZeros recognises UTF-16 and UTF-32 without a mark: the letters of links and tags
// have zero bytes, always in the same places.
func wideByZeros(first []byte) encoding.Encoding {
	var zeros [4]int
	n := len(first) &^ 3
	for i, c := range first[:n] {
		if c == 0 {
			zeros[i%4]++
		}
	}
	if n == 0 {
		// Too short to tell.
		zeros, n = [4]int{}, 4
	}
	q := n / 4
	switch even, odd := zeros[0]+zeros[2], zeros[1]+zeros[3]; {
	case zeros[1] == q && zeros[2] == q && zeros[3] == q && zeros[0] < q:
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case zeros[0] == q && zeros[1] == q && zeros[2] == q && zeros[3] < q:
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case odd > q/4 && even <= odd/8:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case even > q/4 && odd <= even/8:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return nil
}

// newUTF7 converts UTF-7 (RFC 2152) to UTF-8.
func newUTF7(r *bufio.Reader) io.Reader {
	var bits uint32
	count, encoded, fresh := 0, false, false
	var high rune
	return &decoder{fill: func(dst []byte) ([]byte, error) {
		for len(dst) <= cap(dst)-2*utf8.UTFMax {
			c, err := r.ReadByte()
			if err != nil {
				return dst, err
			}
			if !encoded {
				if c == '+' {
					encoded, fresh, bits, count, high = true, true, 0, 0, 0
				} else {
					dst = append(dst, c)
				}
				continue
			}
			v := base64Values[c]
			if v == 0 {
				encoded = false
				switch {
				case c == '-' && fresh:
					dst = append(dst, '+')
				case c != '-':
					dst = append(dst, c)
				}
				continue
			}
			fresh = false
			bits, count = bits<<6|uint32(v-1), count+6
			if count < 16 {
				continue
			}
			count -= 16
			unit := rune(bits >> count & 0xFFFF)
			switch {
			case utf16.IsSurrogate(unit) && high == 0:
				high = unit
			case high != 0:
				dst = utf8.AppendRune(dst, utf16.DecodeRune(high, unit))
				high = 0
			default:
				dst = utf8.AppendRune(dst, unit)
			}
		}
		return dst, nil
	}}
}
