package mimescan_test

import (
	"errors"
	"io"
	"strings"
	"testing"

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

// BenchmarkScan reads 4 MiB of common content, and of content made to be slow.
// Time and memory differ little.
func BenchmarkScan(b *testing.B) {
	const size = 4 << 20
	for name, message := range map[string][2]string{
		"attachment": {"Content-Type: a/b\nContent-Transfer-Encoding: base64\n\n", strings.Repeat("QUJD", 19) + "\r\n"},
		"text":       {"\n", "Lorem ipsum dolor sit amet, consetetur sadipscing elitr. https://example.org/a?b=c\r\n"},
		"html":       {"Content-Type: text/html\n\n", "<p style='color:red'>Lorem <a href='https://example.org/a?b=c&amp;d=e'>ipsum</a> dolor</p>\r\n"},
		"links":      {"\n", "http:/"},
		"brackets":   {"\n", "<http:/ "},
		"www":        {"\n", "www."},
		"tags":       {"Content-Type: text/html\n\n<base href='http://" + strings.Repeat("a/", 1000) + "'>", "<a href=a>"},
		"open tags":  {"Content-Type: text/html\n\n", "<a "},
		"entities":   {"Content-Type: text/html\n\n", "&amp"},
		"folds":      {"Content-Type: text/calendar\n\n", "\r\n "},
		"quoted":     {"Content-Transfer-Encoding: quoted-printable\n\n", "=   "},
		"parts":      {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: text/html\n\n" + strings.Repeat("x", 500) + "\n"},
		"header":     {"Content-Type: ", "\n x"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(size)
			for b.Loop() {
				r := io.MultiReader(strings.NewReader(message[0]), io.LimitReader(&repeated{text: message[1]}, size))
				if _, err := mimescan.Scan(r, mimescan.Handler{
					Link:       func(string) error { return nil },
					Attachment: func(mimescan.Attachment) error { return nil },
				}); err != nil && !errors.Is(err, mimescan.ErrTooComplex) {
					b.Fatal(err)
				}
			}
		})
	}
}
