package mimescan_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
	"github.com/ewsquarantine/ewsquarantine/testdata"
)

func FuzzScan(f *testing.F) {
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<a href=https&#58;//evil.example>\r\n--b--\r\n"))
	f.Add([]byte("Content-Transfer-Encoding: quoted-printable\n\n=3D=\n=ZZ= \t\nhttps://e=76il.example\n"))
	f.Add([]byte("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeAoKaHR0cHM6Ly9ldmlsLmV4YW1wbGU=\n"))
	f.Add([]byte("Content-Type: text/calendar; charset=utf-16\n\nA:https://ev\n il.example\n"))
	f.Add([]byte("\ufeffBcc: Cc: Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n[X]\nContent-Transfer-Encoding: base64; (x)\n\nPGEgaHJlZj0ieCI+\n--b--\n"))
	f.Add([]byte("\nbegin 644 a.html\n'35H@;'5R90``\n`\nend\nbegin-base64 644 b.eml\nQTogYg==\n====\n"))
	f.Add([]byte("Content-Type: text/plain; charset=utf-7; delsp=yes\n\n+AGgAdAB0AHAAcw-://a.exam \n>ple,https:b.example\n"))
	f.Add([]byte("Content-Type: a/b; name*0*=euc-kr''%B0%B3; name*1=.vcs\n\nBEGIN:VCALENDAR\r\nX:https://a.exa\r\n mple\\n=3D\r\n"))
	f.Add([]byte("Content-Type: text/html\nContent-Base: http:a.example\n\n<iframe srcdoc='<a href=b>'><meta http-equiv=refresh content='0;url=//c'><a href='data:,<a href=d>'><!--<a href=e>--><base href=f>"))
	f.Add([]byte("Content-Type: text/plain; charset=utf-8\n\nsee\u00a0a.example, \xec\u3000“b.example”日本.example\n"))
	entries, err := testdata.Mail.ReadDir("mail")
	require.NoError(f, err)
	for _, e := range entries {
		b, err := testdata.Mail.ReadFile("mail/" + e.Name())
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		size := int64(0)
		_, err := mimescan.Scan(bytes.NewReader(message), mimescan.Handler{
			Link: func(l string) error {
				if len(l) > 1<<20 {
					t.Fatalf("a link of %d bytes", len(l))
				}
				return nil
			},
			Attachment: func(a mimescan.Attachment) error { size += a.Size; return nil },
		})
		if err != nil {
			assert.ErrorIs(t, err, mimescan.ErrTooComplex)
		}
		// A nested message counts at each level.
		if size > 40*int64(len(message)) {
			t.Fatalf("%d bytes attached to a message of %d", size, len(message))
		}
	})
}

func FuzzReadContent(f *testing.F) {
	f.Add([]byte(mixed("multipart/mixed", "a", note, file, asMail)))
	f.Add([]byte(mixed("multipart/signed", "a", note, file)))
	f.Add([]byte(mixed("multipart/alternative", "a", note, entity(pageUTF8, "<p>x<script>y</script><a href=z>"))))
	f.Add([]byte(entity("Content-Type: text/plain; charset=utf-16", utf16LE(umlauts))))
	f.Add([]byte(entity(plainUTF8, "\uFEFF \t\r\n \xEF\xBF\xBD\r")))
	f.Fuzz(func(t *testing.T, message []byte) {
		c, err := mimescan.ReadContent(bytes.NewReader(message))
		require.NoError(t, err)
		again, err := mimescan.ReadContent(iotest.HalfReader(bytes.NewReader(message)))
		require.NoError(t, err)
		assert.Equal(t, c, again)
		for _, p := range c.Parts {
			// A text may be three times as long in UTF-8.
			if p.Size > 8*int64(len(message))+64 {
				t.Fatalf("%d bytes in a message of %d", p.Size, len(message))
			}
		}
	})
}

// TestScanCorpus scans real mail, if the corpus is available.
func TestScanCorpus(t *testing.T) {
	t.Parallel()
	root, err := os.Getwd()
	require.NoError(t, err)
	for ; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
	}
	n := 0
	_ = filepath.WalkDir(filepath.Join(root, "..", "shared", "corpus"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".eml") {
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return nil
		}
		defer f.Close()
		n++
		_, _, _, err = scan(t, f)
		assert.NoError(t, err, path)
		return nil
	})
	t.Logf("%d messages", n)
}
