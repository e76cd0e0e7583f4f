package mimescan_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/linkunwrap"
	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
)

// scan returns the content of a message.
func scan(t *testing.T, r io.Reader) (links []string, attachments []mimescan.Attachment, report mimescan.Report, err error) {
	t.Helper()
	report, err = mimescan.Scan(r, mimescan.Handler{
		Link:       func(l string) error { links = append(links, l); return nil },
		Attachment: func(a mimescan.Attachment) error { attachments = append(attachments, a); return nil },
	})
	return links, attachments, report, err
}

// trim removes the initial line that makes a message in this file readable.
func trim(s string) string {
	if strings.HasPrefix(s, "\nContent-") {
		return s[1:]
	}
	return s
}

func crlf(s string) string { return strings.ReplaceAll(trim(s), "\n", "\r\n") }

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestLinks(t *testing.T) {
	t.Parallel()
	const want = "https://evil.example/a?x=1&y=2"
	tests := map[string]string{
		"plain text":            "Subject: x\n\nSee " + want + ", now.\n",
		"no header":             "\nSee " + want + "\n",
		"no blank line":         "Subject: x\nSee the page\n" + want + "\n",
		"at the very end":       "\n" + want,
		"in brackets":           "\n(" + want + ").\n",
		"broken by lines":       "\n<https://evil.example/\n  a?x=1\n  &y=2>\n",
		"before CJK":            "\n" + want + "をクリック\n",
		"mailbox file":          "From a@b Tue Nov 24\nSubject: x\n\n" + want + "\n",
		"quoted-printable":      "Content-Transfer-Encoding: quoted-printable\n\nSee https://ev=\nil.example/a?x=3D1=  \n&y=3D2=20and\n",
		"quoted-printable, not": "Content-Transfer-Encoding: quoted-printable\n\n" + want + "\n",
		"base64":                "Content-Transfer-Encoding: BASE64 \n\n" + b64("See "+want+" and more") + "\n",
		"base64 with noise":     "Content-Transfer-Encoding: base64\n\n" + strings.Join(strings.Split(b64("See "+want+" and"), ""), "!\n ") + "\n",
		"UTF-16":                "Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64\n\n" + b64(strings.Join(strings.Split("See "+want+" and", ""), "\x00")+"\x00") + "\n",
		"UTF-16 by its mark":    "Content-Transfer-Encoding: base64\n\n" + b64("\xff\xfe"+strings.Join(strings.Split("See "+want+" and", ""), "\x00")+"\x00") + "\n",
		"ISO-2022-JP":           "Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B$3$s\x1b(B " + want + " \x1b$B$3$s\x1b(B\n",
		"unknown charset":       "Content-Type: text/plain; charset=klingon\n\n" + want + "\n",
		"attribute":             "Content-Type: text/html\n\n<a HREF='https://evil.example/a?x=1&amp;y=2'>Bank</a>\n",
		"entities":              "Content-Type: text/html\n\n<a href=\"https&colon;&#x2F;&#47;evil&period;example/a?x=1&#38;y=2\">Bank</a>\n",
		"line ends in it":       "Content-Type: text/html\n\n<a href=\"https://evil.example/a?x=1&amp;y=2\n\">Bank</a>\n",
		"text of HTML":          "Content-Type: text/html\n\n<p>https://evil.<wbr>example/<b>a</b>?x=1&amp;y=2</p><p>x</p>\n",
		"no end tag":            "Content-Type: text/html\n\n<a href=https://evil.example/a?x=1&amp;y=2>Bank",
		"base of HTML":          "Content-Type: text/html\n\n<base href=\"https://evil.example/\"><a href=\"a?x=1&amp;y=2\">Bank</a>\n",
		"scheme of the page":    "Content-Type: text/html\n\n<base href=\"https://evil.example/\"><form action=\"//evil.example/a?x=1&amp;y=2\">\n",
		"conditional comment":   "Content-Type: text/html\n\n<!--[if mso]><v:rect href=\"https://evil.example/a?x=1&amp;y=2\"/><![endif]-->\n",
		"refresh":               "Content-Type: text/html\n\n<meta http-equiv=refresh content=\"0; url=https://evil.example/a?x=1&amp;y=2\">\n",
		"style":                 "Content-Type: text/html\n\n<div style=\"background:url('https://evil.example/a?x=1&amp;y=2')\">\n",
		"script":                "Content-Type: text/html\n\n<script>location='https://evil.example/a?x=1&y=2'</script>\n",
		"charset and HTML":      "Content-Type: text/html; charset=\"utf-16\"\nContent-Transfer-Encoding: base64\n\n" + b64("\xff\xfe"+strings.Join(strings.Split("<a href='https&#58;//evil.example/a?x=1&amp;y=2'>", ""), "\x00")+"\x00") + "\n",
		"multipart": `
Content-Type: multipart/alternative; boundary="b"

preamble
--b

plain
--b
Content-Type: text/html

<a href="https://evil.example/a?x=1&amp;y=2">x</a>
--b--
epilogue
`,
		"boundary with odd characters": `
Content-Type: multipart/mixed; boundary=a=b(c) ; x

--a=b(c)
Content-Type: text/plain

https://evil.example/a?x=1&y=2
`,
		"boundary missing":         "Content-Type: multipart/mixed\n\n--b\n\n" + want + "\n--b--\n",
		"boundary that never came": "Content-Type: multipart/mixed; boundary=c\n\n--b\n\n" + want + "\n--b--\n",
		"parts without end":        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/related; boundary=bb\n\n--bb\n\nx\n--b\n\n" + want,
		"nested message": `
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: message/rfc822

Subject: inner
Content-Transfer-Encoding: quoted-printable

https://evil.example/a?x=3D1&y=3D2
--b--
`,
		"nested message in base64": "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + b64("Content-Type: text/plain\n\n"+want+"\n") + "\n",
		"digest":                   "Content-Type: multipart/digest; boundary=b\n\n--b\n\nContent-Type: text/html\n\n<a href='https://evil.example/a?x=1&amp;y=2'>\n--b--\n",
		"attached page":            "Content-Type: application/octet-stream; name=\"invoice.HTML\"\n\n<a href='https://evil.example/a?x=1&amp;y=2'>\n",
		"invitation":               "Content-Type: text/calendar\n\nDESCRIPTION:https://evil.exa\n mple/a?x=1\n\t&y=2\n",
	}
	for name, message := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			links, _, report, err := scan(t, strings.NewReader(crlf(message)))
			require.NoError(t, err)
			assert.Empty(t, report.Opaque)
			assert.Contains(t, links, want)
			again, _, _, err := scan(t, iotest.OneByteReader(strings.NewReader(trim(message))))
			require.NoError(t, err)
			assert.Contains(t, again, want, "with bare line ends, a byte at a time")
		})
	}
}

// A link is found wherever it is in a long text.
func TestLinksOfLongTexts(t *testing.T) {
	t.Parallel()
	const link = "https://evil.example/a"
	for _, before := range []int{0, 1, 32<<10 - 3, 64<<10 - 30, 64<<10 - 1, 64 << 10, 200_000} {
		for _, fill := range []string{"x", " ", "http://other.example/" + strings.Repeat("y", 50) + " "} {
			text := strings.Repeat(fill, before/len(fill)+1)[:before]
			links, _, _, err := scan(t, strings.NewReader("\n"+text+" "+link+" "+text))
			require.NoError(t, err)
			assert.Contains(t, links, link, "after %d bytes of %q", before, fill)
		}
	}
	long := "https://evil.example/" + strings.Repeat("a", 100_000)
	links, _, _, err := scan(t, strings.NewReader("\n"+long+" "+link))
	require.NoError(t, err)
	assert.Contains(t, links, link)
	for _, l := range links {
		assert.LessOrEqual(t, len(l), 32<<10)
	}
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	binary := string([]byte{0, 1, 2, 0xFF, '\r', '\n', 'x'})
	message := crlf(`
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

the text
--b
Content-Type: application/octet-stream; name="=?utf-8?q?Rechnung=C3=A4.exe?="
Content-Transfer-Encoding: base64

` + b64(binary) + `
--b
Content-Disposition: attachment; filename*=utf-8''%e2%82%ac.txt
Content-Type: text/plain

euro
--b
Content-Type: message/rfc822

Content-Type: multipart/mixed; boundary=c

--c
Content-Disposition: attachment; filename=inner.bin

inner
--c--
--b
Content-Type: image/png
Content-Disposition: inline

png
--b--
`)
	_, got, _, err := scan(t, strings.NewReader(message))
	require.NoError(t, err)
	require.Len(t, got, 5)
	assert.Equal(t, mimescan.Attachment{Name: "Rechnungä.exe", Type: "application/octet-stream", SHA256: sha256.Sum256([]byte(binary)), Size: int64(len(binary))}, got[0])
	assert.Equal(t, mimescan.Attachment{Name: "€.txt", Type: "text/plain", SHA256: sha256.Sum256([]byte("euro")), Size: 4}, got[1])
	assert.Equal(t, mimescan.Attachment{Name: "inner.bin", Type: "text/plain", SHA256: sha256.Sum256([]byte("inner")), Size: 5}, got[2])
	assert.Equal(t, "message/rfc822", got[3].Type)
	assert.Equal(t, mimescan.Attachment{Type: "image/png", SHA256: sha256.Sum256([]byte("png")), Size: 3}, got[4])
}

// The bytes of an attachment are unchanged, whatever its size and line ends.
func TestAttachmentsExact(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 2, 3, 4, 1023, 1024, 1025, 16<<10 - 1, 16 << 10, 16<<10 + 1, 100_001} {
		content := bytes.Repeat([]byte("\r\r\n\x00-"), size/5+1)[:size]
		message := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: a/b\r\n\r\n" + string(content) + "\r\n--b\r\n" +
			"Content-Type: a/c\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(string(content)) + "\r\n--b--\r\n"
		_, got, _, err := scan(t, strings.NewReader(message))
		require.NoError(t, err)
		require.Len(t, got, 2, size)
		assert.Equal(t, sha256.Sum256(content), got[0].SHA256, size)
		assert.Equal(t, sha256.Sum256(content), got[1].SHA256, size)
	}
}

func TestOpaque(t *testing.T) {
	t.Parallel()
	for _, message := range []string{
		"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nAAAA\n",
		"Content-Type: multipart/encrypted; boundary=b; protocol=\"application/pgp-encrypted\"\n\n--b\n\nx\n--b--\n",
		"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/octet-stream; name=message.rpmsg\n\nx\n--b--\n",
	} {
		_, _, report, err := scan(t, strings.NewReader(message))
		require.NoError(t, err)
		assert.NotEmpty(t, report.Opaque)
	}
}

func TestScanBounds(t *testing.T) {
	t.Parallel()
	var deep strings.Builder
	for i := range 100 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	tests := map[string]string{
		"nested parts":    deep.String(),
		"nested messages": strings.Repeat("Content-Type: message/rfc822\n\n", 100),
		"many parts":      "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 20_000),
		"endless tag":     "Content-Type: text/html\n\n<a title='" + strings.Repeat("x", 5<<20) + "' href='https://evil.example'>",
	}
	tests["relative links"] = "Content-Type: text/html\n\n<base href=http://a.example>" + strings.Repeat("<a href=a>", 20_000)
	for name, message := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, _, err := scan(t, strings.NewReader(message))
			assert.ErrorIs(t, err, mimescan.ErrTooComplex)
		})
	}
}

// A read error is never mistaken for the end of the message.
func TestScanReadError(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection lost")
	message := crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>x\n--b\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\nQUJD\n--b\nContent-Type: message/rfc822\n\n\nx\n--b--\nepilogue\n")
	for cut := range len(message) + 1 {
		_, _, _, err := scan(t, io.MultiReader(strings.NewReader(message[:cut]), iotest.ErrReader(broken)))
		assert.ErrorIs(t, err, broken, "after %q", message[:cut])
	}
}

func TestScanStops(t *testing.T) {
	t.Parallel()
	n := 0
	message := "\nhttps://one.example/ https://two.example/ "
	_, err := mimescan.Scan(io.MultiReader(strings.NewReader(message+strings.Repeat("x ", 200_000)), iotest.ErrReader(errors.New("read on"))), mimescan.Handler{
		Link: func(string) error { n++; return mimescan.ErrStop },
	})
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	failure := errors.New("mine")
	_, err = mimescan.Scan(strings.NewReader("Content-Type: text/html\n\n<a href=https://x.example>"), mimescan.Handler{Link: func(string) error { return failure }})
	assert.ErrorIs(t, err, failure)
}

// A link with or without a scheme is found wherever it is in a long text.
func TestScanLinkAnywhere(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"https://lure.example/login", "www.lure.example/login", "lure.example/login"} {
		m, err := linkunwrap.NewMatcher(link)
		if err != nil {
			m, err = linkunwrap.NewMatcher("https://" + link)
		}
		require.NoError(t, err)
		for before := 64<<10 - 2*len(link); before < 64<<10+2; before++ {
			seen := false
			_, err := mimescan.Scan(strings.NewReader("\n"+strings.Repeat("a ", before)[:before-1]+" "+link+"\n"), mimescan.Handler{
				Link: func(l string) error { seen = seen || m.Match(l); return nil },
			})
			require.NoError(t, err)
			assert.True(t, seen, "%s behind %d bytes", link, before)
		}
	}
}
