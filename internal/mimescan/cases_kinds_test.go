package mimescan_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// More of the kinds of TestCasesDecoding: text before, within and after headers, and
// charsets and encodings by other names.
func TestCasesDecodingKinds(t *testing.T) {
	t.Parallel()
	encoded := func(l string) string {
		return "Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + b64(anchor(l)) + "\n"
	}
	inner := func(before string) func(string) string {
		return func(l string) string { return mixedCase("Content-Type: message/rfc822\n\n" + before + encoded(l)) }
	}
	in := func(charset, content string) func(string) string {
		return func(l string) string {
			return "Content-Type: text/html; charset=" + charset + "\nContent-Transfer-Encoding: base64\n\n" + b64(strings.ReplaceAll(content, "ANCHOR", anchor(l))) + "\n"
		}
	}
	utf7 := func(s string) string {
		var b strings.Builder
		for _, c := range s {
			if c == ' ' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' {
				b.WriteRune(c)
				continue
			}
			b.WriteString("+" + base64.RawStdEncoding.EncodeToString([]byte{0, byte(c)}) + "-")
		}
		return b.String()
	}
	linkCases{
		"04 two marks":                  func(l string) string { return "\ufeff\ufeffSubject: x\n" + encoded(l) },
		"04 mark and an empty line":     func(l string) string { return "\ufeff\nSubject: x\n" + encoded(l) },
		"05 header after an empty line": func(l string) string { return mixedCase("X-A: b\n\n" + encoded(l)) },
		"05 header in the text":         func(l string) string { return plainCase("It was returned:\n\nSubject: x\n" + encoded(l)) },
		"05 multipart in the text":      func(l string) string { return plainCase("Returned:\n\n" + mixedCase(encoded(l))) },
		"05 two parts in the text":      func(l string) string { return plainCase("Content-Type: text/plain\n\nhello\n--b\n" + encoded(l)) },
		"05 base64 in the text":         func(l string) string { return plainCase("see\n" + b64("<!doctype html>"+anchor(l)) + "\n-- \nbye") },
		"05 quoted-printable in the text": func(l string) string {
			return plainCase("see " + strings.ReplaceAll(l[:20]+"=\n"+l[20:], "?id=", "?id=3D"))
		},
		"05 banner amid a folded field": func(l string) string {
			return "Content-Type: multipart/mixed;\nTake care\n boundary=b\n\n--b\n" + encoded(l) + "--b--\n"
		},
		"05 blank of a folded field missing": func(l string) string {
			return "Content-Type: multipart/mixed;\nboundary=b\n\n--b\n" + encoded(l) + "--b--\n"
		},
		"08 >From and an empty line": inner(">From eve@lure.example\n\n"),
		"08 >From twice":             inner(">From eve@lure.example\n>From bob@lure.example\n"),
		"08 any field":               inner("\nList-Id: <x>\nDelivered-To: y\n"),
		"12 Chinese by another name": in("hz-gb-2312", "~{<:Ky2;~} ANCHOR"),
		"12 Korean by another name":  in("cp949", "\xc7\xd1 ANCHOR"),
		"12 nobody knows":            in("unknown-8bit", "caf\xe9 ANCHOR"),
		"12d UTF-7 as ASCII":         func(l string) string { return "Content-Type: text/html; charset=us-ascii\n\n" + utf7(anchor(l)) + "\n" },
		"12d UTF-7 as nothing":       func(l string) string { return "Content-Type: text/plain\n\nsee " + utf7(l) + " now\n" },
		"12d UTF-7, the page says so": func(l string) string {
			return "Content-Type: text/html\n\n<meta charset=utf-7>" + utf7(anchor(l)) + "\n"
		},
		"14 base of all parts": func(l string) string {
			return "Content-Type: multipart/related; boundary=c\nContent-Base: \"https://" + bare(l)[:12] + "/\"\n\n--c\nContent-Type: text/html\nContent-Location: x.html\n\n<a href='" + target(l) + "'>x</a>\n--c--\n"
		},
		"60 footer of a mailing list": func(l string) string {
			return mixedCase("Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + b64(anchor(l)) + "\n\n____\nThe list, see its page\n")
		},
	}.run(t)
	for name, message := range map[string]string{ // found, or undecided
		"07 base 64":                 mixedCase("Content-Type: text/html\nContent-Transfer-Encoding: base 64\n\n" + b64(anchor(lure))),
		"07 two encodings":           mixedCase("Content-Type: text/html\nContent-Transfer-Encoding: 8bit, base64\n\n" + b64(anchor(lure))),
		"07 quopri":                  mixedCase("Content-Type: text/html\nContent-Transfer-Encoding: quopri\n\n" + strings.ReplaceAll(anchor(lure), "=", "=3D")),
		"12 UTF-16 behind Chinese":   "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + b64(utf16LE(strings.Repeat("日本語", 700) + lure)[2:]) + "\n",
		"75 the last boundary alone": "Content-Type: multipart/mixed; boundary=b\n\n\u200b--b\n" + encoded(lure) + "--b--\n",
	} {
		seen, report, err := found(t, crlf(message), lure)
		require.NoError(t, err, name)
		assert.True(t, seen, name)
		assert.NotEmpty(t, report.Links, name)
	}
	// The charset that a page declares counts if nothing else declares one.
	for name, header := range map[string]string{"none": "text/html", "ASCII": "text/html; charset=us-ascii"} {
		message := "Content-Type: " + header + "\n\n<meta http-equiv=Content-Type content='text/html; charset=windows-1251'><a href='https://lure.example/\xcf\xf0'>x</a>\n"
		seen, report, err := found(t, message, "https://lure.example/Пр")
		require.NoError(t, err, name)
		assert.True(t, seen, name)
		assert.Zero(t, report, name)
	}
}

// More of the kinds of TestCasesLinks and TestCasesCalendar.
func TestCasesLinksKinds(t *testing.T) {
	t.Parallel()
	event := func(line string) func(string) string {
		return func(l string) string {
			line := strings.NewReplacer("LINK", l, "CODED", strings.ReplaceAll(b64(anchor(l)), "\n", "\r\n "), "PERCENT", url.PathEscape(anchor(l))).Replace(line)
			return attachedFile("meet.ics", "BEGIN:VCALENDAR\r\n"+line+"\r\nEND:VCALENDAR\r\n")
		}
	}
	file := func(name, format string) func(string) string {
		return func(l string) string {
			return attachedFile(name, strings.NewReplacer("LINK", l, "REST", rest(l), "ANCHOR", anchor(l), "ESCAPED", "<p><a href='https&#58;"+rest(l)+"'>").Replace(format))
		}
	}
	linkCases{
		"09 file in base64":     event("ATTACH;ENCODING=BASE64;VALUE=BINARY;FMTTYPE=text/html;X-FILENAME=a.html:CODED"),
		"09 page in an address": event(`DESCRIPTION;ALTREP="data:text/html,PERCENT":x`),
		"13 quoted once too often": func(l string) string {
			return "Content-Type: text/html\n\n<a href=3D\"" + strings.ReplaceAll(l, "=", "=3D") + "\">x</a>\n"
		},
		"20 .css": file("a.css", "@import '/x.css'; a { background: url(REST) }"),
		"20 text/css": func(l string) string {
			return mixedCase("Content-Type: text/css\n\na{background:url(" + rest(l) + ")}")
		},
		"20 .lnk":                   func(l string) string { return attachedFile("a.lnk", "L\x00\x00\x00"+wide("x "+l)+"\x00\x00\x00") },
		"20 name with a mark":       file("a.html\u200b", "x ESCAPED"),
		"20 name with a semicolon":  file("a.html;", "x ESCAPED"),
		"20 no name, a paragraph":   file("a.stm", "ESCAPED"),
		"20 script of another name": file("a.ps1", "start LINK\n"),
		"20 message of a mailbox":   file("a.mbox", "From eve@lure.example Tue\nSubject: x\nContent-Type: text/html\n\nESCAPED"),
		"23 with a circumflex":      func(l string) string { return plainCase("see " + l + "^ now") },
		"64 percent in a script": func(l string) string {
			return htmlCase("<a href=\"javascript:location='" + url.QueryEscape(l) + "'\">x</a>")
		},
	}.run(t)
}

// Many mail programs turn a bare host in a text into a link.
func TestCasesBareHosts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"see lure.example now": true, "lure.example": true, "lure.example.": true, "(lure.example)": true, "at lure.example, or": true, "lure.example:8080/x": false, "LURE.example!": true,
		"请访问lure.example": true, "a.example,lure.example": true, "lure.example?x": true, "https://a.example/b lure.example": true,
		"bob@lure.example": false, "xlure.example": false, "lure.example.test": false, "lure.exampler": false, "notlure.example/a": false, "lure.example@b.example": false, "a@lure.example.": false, "https://a.example/lure.example": false,
	} {
		seen, report, err := found(t, plainCase(text), "https://lure.example")
		require.NoError(t, err, text)
		assert.Equal(t, want, seen, text)
		assert.Zero(t, report, text)
	}
	for text, want := range map[string]bool{"go to lure.example:8080/x now": true, "lure.example:8080/x,": true, "lure.example:80/x": false, "lure.example": false} {
		seen, _, err := found(t, plainCase(text), "http://lure.example:8080/x")
		require.NoError(t, err, text)
		assert.Equal(t, want, seen, text)
	}
}

// Bounces quote messages, and certificates are base64: neither is a defect.
func TestCasesQuotedParts(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"cut off":         "Returned:\n\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nPGE+",
		"another charset": "Content-Type: text/plain; charset=klingon\n\nx",
		"encrypted":       "Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\nMIIB",
		"certificate":     "-----BEGIN CERTIFICATE-----\n" + b64(strings.Repeat("\x30\x82\x00\xff", 300)) + "\n-----END CERTIFICATE-----",
		"many fields":     strings.Repeat("Content-Type: text/html\n\nx\n", 100),
	} {
		seen, report, err := found(t, plainCase(text), lure)
		require.NoError(t, err, name)
		assert.False(t, seen, name)
		assert.Zero(t, report, name)
	}
}
