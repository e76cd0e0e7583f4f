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

// repeated yields a text over and over.
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

// ordinary is common mail: a header, and a body that is repeated.
var ordinary = map[string][2]string{
	"attachment": {"Content-Type: a/b\nContent-Transfer-Encoding: base64\n\n", strings.Repeat("QUJD", 19) + "\r\n"},
	"text":       {"\n", "Lorem ipsum dolor sit amet, consetetur sadipscing elitr. https://example.org/a?b=c\r\n"},
	"html":       {"Content-Type: text/html\n\n", "<p style='color:red'>Lorem <a href='https://example.org/a?b=c&amp;d=e'>ipsum</a> dolor</p>\r\n"},
	"quoted":     {"Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n", "<p>Lorem ipsum=20dolor sit f=FCr amet, <a href=3D'https://exam=\r\nple.org/'>x</a></p>\r\n"},
	"picture":    {"Content-Type: text/html\n\n", "<img src='data:image/png;base64," + strings.Repeat("QUJD", 20_000) + "'>\r\n"},
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

// BenchmarkScan reads a megabyte of common content, and of content designed to be slow,
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

// The work grows no faster than the size of a message, however the message is designed.
// The bytes that are looked at, counted each time, and the reported links, each of which
// has to be compared, are small multiples of the size.
func TestScanWork(t *testing.T) {
	t.Parallel()
	for kind, messages := range map[string]map[string][2]string{"ordinary": ordinary, "hostile": hostile} {
		for name, message := range messages {
			for _, size := range []int64{8 << 10, 48 << 10} {
				work := int64(0)
				r := io.MultiReader(strings.NewReader(message[0]), io.LimitReader(&repeated{text: message[1]}, size))
				looked, err := mimescan.ScanWork(r, mimescan.Handler{
					Link:       func(l string) error { work += int64(len(l)) + 1; return nil },
					Attachment: func(mimescan.Attachment) error { work++; return nil },
				})
				if err != nil {
					require.ErrorIs(t, err, mimescan.ErrTooComplex, name)
				}
				limit := 12 * (size + 32<<10)
				if name == "tags" || name == "bases" || name == "long base" {
					limit += mostResolved // each link with its base
				}
				assert.LessOrEqual(t, work, limit, "%s, %s: %d bytes", kind, name, size)
				// Nested parts are read at each of 32 levels.
				assert.LessOrEqual(t, looked, limit+28*(size+32<<10), "%s, %s: %d bytes: looked at", kind, name, size)
			}
		}
	}
}

// mostResolved bounds the resolved links that are reported: 8 MiB of them, and the one
// that exceeds this.
const mostResolved = 8<<20 + 32<<10
