package mimescan_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/linkunwrap"
	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
)

// repeated reads a text again and again.
type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		m := copy(p[n:], r.text[r.at:])
		n += m
		r.at = (r.at + m) % len(r.text)
	}
	return n, nil
}

// ordinary is common mail: a header, and what is repeated behind it.
var ordinary = map[string][2]string{
	"attachment": {"Content-Type: a/b\nContent-Transfer-Encoding: base64\n\n", strings.Repeat("QUJD", 19) + "\r\n"},
	"text":       {"\n", "Lorem ipsum dolor sit amet, consetetur sadipscing elitr. https://example.org/a?b=c\r\n"},
	"html":       {"Content-Type: text/html\n\n", "<p style='color:red'>Lorem <a href='https://example.org/a?b=c&amp;d=e'>ipsum</a> dolor</p>\r\n"},
	"quoted":     {"Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n", "<p>Lorem ipsum=20dolor sit f=FCr amet, <a href=3D'https://exam=\r\nple.org/'>x</a></p>\r\n"},
	"picture":    {"Content-Type: text/html\n\n", "<img src='data:image/png;base64," + strings.Repeat("QUJD", 20_000) + "'>\r\n"},
}

// hostile is mail made to be slow.
var hostile = map[string][2]string{
	"links":          {"\n", "http:/"},
	"joined links":   {"\n", "http://a.example/,"},
	"long links":     {"\n", "http://a.example/" + strings.Repeat("a,", 20_000) + "\n"},
	"brackets":       {"\n", "<http:/ "},
	"www":            {"\n", "www."},
	"comma and www":  {"\n", "http://a,www."},
	"hosts":          {"Content-Type: text/plain; charset=utf-8\n\n", "https://" + strings.Repeat("例え", 5_000) + " "},
	"short hosts":    {"Content-Type: text/plain; charset=utf-8\n\n", "https://" + strings.Repeat("例え", 50) + ".example "},
	"punycode":       {"\n", "https://xn--" + strings.Repeat("a", 50) + "-0ca.example "},
	"zero width":     {"Content-Type: text/plain; charset=utf-8\n\n", "ht\u200btps://a.example "},
	"script escapes": {"\n", `https:\/\/a.example\/\u0041 `},
	"user":           {"Content-Type: text/html\n\n", "<a href='https://" + strings.Repeat("a@", 50_000) + "'>"},
	"tags":           {"Content-Type: text/html\n\n<base href='http://" + strings.Repeat("a/", 1000) + "'>", "<a href=a>"},
	"bases":          {"Content-Type: text/html\n\n", "<base href='http://" + strings.Repeat("a/", 1000) + "'><a href=a>"},
	"open tags":      {"Content-Type: text/html\n\n", "<a "},
	"comments":       {"Content-Type: text/html\n\n", "<!--<a href=b>"},
	"pages":          {"Content-Type: text/html\n\n", "<a href=\"data:text/html,<a href='data:text/html,<a href=data:text/html,x>'>\">"},
	"srcdoc":         {"Content-Type: text/html\n\n", "<iframe srcdoc='<iframe srcdoc=\"<p>\">'>"},
	"entities":       {"Content-Type: text/html\n\n", "&amp"},
	"attributes":     {"Content-Type: text/html\n\n", "<a a='http://' b='http://' c=d e f g>"},
	"folds":          {"Content-Type: text/calendar\n\n", "\r\n "},
	"escapes":        {"Content-Type: text/calendar\n\n", `\n\,\;`},
	"flowed":         {"Content-Type: text/plain; format=flowed; delsp=yes\n\n", "> \n"},
	"blanks":         {"Content-Transfer-Encoding: quoted-printable\n\n", "=   "},
	"UTF-7":          {"Content-Type: text/plain; charset=utf-7\n\n", "+AGEAYQBh-+"},
	"uuencode":       {"\n", "begin 644 a.html\n!80``\nend\n"},
	"uuencode, long": {"\nbegin 644 a.html\n", "M" + strings.Repeat("A", 60) + "\n"},
	"parts":          {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: text/html\n\n" + strings.Repeat("x", 500) + "\n"},
	"small parts":    {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n"},
	"messages":       {"", "Content-Type: message/rfc822\n\n"},
	"boundaries":     {"Content-Type: multipart/mixed; boundary=" + strings.Repeat("b", 8000) + "\n\n", "--" + strings.Repeat("b", 7999) + "\n"},
	"header":         {"Content-Type: ", "\n x"},
	"banners":        {"", "banner\nContent-X: y\n"},
	"glued fields":   {"", "a: b: c: d: e: f\n"},
	"parameters":     {"Content-Type: a/b;\n", " a*1=b;\n"},
	"comment":        {"Content-Type: a/b", "("},
}

func matchBoth(b interface{ Fatal(...any) }, message [2]string, size int64, m *linkunwrap.Matcher) {
	r := io.MultiReader(strings.NewReader(message[0]), io.LimitReader(&repeated{text: message[1]}, size))
	if _, err := mimescan.Scan(r, mimescan.Handler{
		Link:       func(l string) error { m.Check(l); return nil },
		Attachment: func(mimescan.Attachment) error { return nil },
	}); err != nil && !errors.Is(err, mimescan.ErrTooComplex) {
		b.Fatal(err)
	}
}

// BenchmarkScan reads a megabyte of common content, and of content made to be slow,
// and compares each link with one that is searched for.
func BenchmarkScan(b *testing.B) {
	const size = 1 << 20
	m, err := linkunwrap.NewMatcher("https://lure.example/a")
	if err != nil {
		b.Fatal(err)
	}
	for kind, messages := range map[string]map[string][2]string{"ordinary": ordinary, "hostile": hostile} {
		for name, message := range messages {
			b.Run(kind+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(size)
				for b.Loop() {
					matchBoth(b, message, size, m)
				}
			})
		}
	}
}

// The work grows with the size of a message, not faster, however it was made: what is
// reported of links, each of which is compared, is a small multiple of it.
func TestScanWork(t *testing.T) {
	t.Parallel()
	for kind, messages := range map[string]map[string][2]string{"ordinary": ordinary, "hostile": hostile} {
		for name, message := range messages {
			for _, size := range []int64{16 << 10, 64 << 10} {
				work := int64(0)
				r := io.MultiReader(strings.NewReader(message[0]), io.LimitReader(&repeated{text: message[1]}, size))
				_, err := mimescan.Scan(r, mimescan.Handler{
					Link:       func(l string) error { work += int64(len(l)) + 1; return nil },
					Attachment: func(mimescan.Attachment) error { work++; return nil },
				})
				if err != nil {
					require.ErrorIs(t, err, mimescan.ErrTooComplex, name)
				}
				limit := 12 * (size + 32<<10)
				if name == "tags" || name == "bases" {
					limit = mostRelative // each with its base
				}
				assert.LessOrEqual(t, work, limit, "%s, %s: %d bytes", kind, name, size)
			}
		}
	}
}

// mostRelative bounds what is reported of links relative to bases of 2,000 bytes: four
// of them, and as many links as fit into a message of the size above.
const mostRelative = 4 * 2100 * 10_000
