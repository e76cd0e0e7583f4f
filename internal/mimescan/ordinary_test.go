package mimescan_test

import (
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/ewsquarantine/ewsquarantine/internal/linkunwrap"
	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
)

// ordinaryTexts has a text for each charset.
var ordinaryTexts = map[string]string{
	"us-ascii": "Dear all", "utf-8": "Grüße, €, 日本", "iso-8859-1": "Grüße für März", "iso-8859-2": "Zażółć gęślą", "iso-8859-15": "100 € für März", "windows-1252": "Grüße — “für”",
	"windows-1251": "Привет, мир", "koi8-r": "Привет, мир", "iso-2022-jp": "こんにちは、世界", "shift_jis": "こんにちは、世界", "euc-kr": "안녕하세요", "gb2312": "你好世界", "gb18030": "你好世界",
	"big5": "你好世界", "utf-16": "Grüße", "utf-16le": "Привет", "": "Dear all",
}

// ordinaryPart makes a part from a text, with a media type, charset and transfer encoding.
func ordinaryPart(t *testing.T, kind, charset, encoding, text string) string {
	t.Helper()
	if charset != "us-ascii" && charset != "" {
		e, err := htmlindex.Get(charset)
		require.NoError(t, err)
		text, err = e.NewEncoder().String(text)
		require.NoError(t, err)
	}
	switch encoding {
	case "base64":
		text = b64(text)
	case "quoted-printable":
		var b strings.Builder
		w := quotedprintable.NewWriter(&b)
		_, _ = io.WriteString(w, text)
		_ = w.Close()
		text = b.String()
	}
	parameter := ""
	if charset != "" {
		parameter = "; charset=\"" + charset + "\""
	}
	return "Content-Type: " + kind + parameter + "\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n" + text + "\r\n"
}

// A thousand ordinary messages are read without doubts, and their contents are found.
func TestOrdinaryMessages(t *testing.T) {
	t.Parallel()
	m, err := linkunwrap.NewMatcher(lure)
	require.NoError(t, err)
	n := 0
	for charset, text := range ordinaryTexts {
		for _, encoding := range []string{"base64", "quoted-printable", "8bit", "7bit", "binary"} {
			if strings.HasPrefix(charset, "utf-16") && encoding != "base64" {
				continue // the line ends of mail would corrupt it
			}
			plain := ordinaryPart(t, "text/plain", charset, encoding, text+": "+lure+" .\n\n-- \n"+text+"\n")
			html := ordinaryPart(t, "text/html", charset, encoding, "<html><head><title>"+text+"</title></head><body><p>"+text+": <a href=\""+lure+"\">"+text+"</a></p></body></html>\n")
			file := "Content-Type: application/pdf; name=bill.pdf\r\nContent-Disposition: attachment; filename=bill.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n"
			alternative := multi("alternative", "alt", plain, html)
			for name, message := range map[string]string{
				"plain": plain, "html": html, "alternative": alternative, "mixed": multi("mixed", "m1", plain, file), "mixed, html": multi("mixed", "m2", html, file),
				"alternative and file": multi("mixed", "m3", alternative, file), "related": multi("related", "rel", html, strings.Replace(file, "application/pdf", "image/png", 1)),
				"signed": multi("signed", "s1", alternative, strings.ReplaceAll(file, "bill.pdf", "signature.asc")), "forwarded": multi("mixed", "m4", plain, "Content-Type: message/rfc822\r\n\r\nSubject: "+"inner\r\n"+html),
				"report":     multi("report", "rep", plain, "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.example\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\n", "Content-Type: message/rfc822\r\n\r\n"+html),
				"invitation": multi("alternative", "a2", plain, ordinaryPart(t, "text/calendar; method=REQUEST", "utf-8", "base64", "BEGIN:VCALENDAR\r\nSUMMARY:x\r\nEND:VCALENDAR\r\n")),
				"deep":       multi("mixed", "d1", multi("mixed", "d2", multi("mixed", "d3", alternative))), "text attached": multi("mixed", "m5", html, "Content-Disposition: attachment; filename=notes.txt\r\n"+plain),
				"listed": multi("mixed", "m6", plain, "Content-Type: text/plain; charset=us-ascii\r\nContent-Disposition: inline\r\n\r\n____\r\nlist@example.test\r\n"),
			} {
				seen := false
				report, err := mimescan.Scan(strings.NewReader("From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"+message), mimescan.Handler{
					Link:       func(l string) error { seen = seen || m.Match(l); return nil },
					Attachment: func(mimescan.Attachment) error { return nil },
				})
				what := fmt.Sprintf("%s, %q in %s", name, charset, encoding)
				require.NoError(t, err, what)
				assert.Zero(t, report, what)
				assert.True(t, seen, what)
				n++
			}
		}
	}
	assert.GreaterOrEqual(t, n, 1000)
}

func multi(kind, boundary string, parts ...string) string {
	return "Content-Type: multipart/" + kind + "; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary + "\r\n" + strings.Join(parts, "\r\n--"+boundary+"\r\n") + "\r\n--" + boundary + "--\r\n"
}

// Links are found if defects of messages and ways to hide a link in a page are combined.
func TestCasesCombined(t *testing.T) {
	t.Parallel()
	pages := map[string]func(link string) string{
		"entity":   anchor,
		"slashes":  func(l string) string { return "<a href='" + strings.Replace(l, "//", `\/\`, 1) + "'>x" },
		"none":     func(l string) string { return "<a href=" + strings.Replace(l, "//", "", 1) + ">x" },
		"base":     func(l string) string { return "<a href='" + target(l) + "'>x</a><base href='//" + bare(l)[:12] + "'>" },
		"comment":  func(l string) string { return "<!--[if mso]>" + anchor(l) + "<![endif]-->" },
		"refresh":  func(l string) string { return "<meta http-equiv=Refresh content='3; URL=" + rest(l) + "'>" },
		"noscript": func(l string) string { return "<noscript>" + anchor(l) + "</noscript>" },
		"data":     func(l string) string { return "<iframe src='data:text/html;base64," + b64(anchor(l)) + "'>" },
		"script": func(l string) string {
			return "<script>x={\"u\":\"" + strings.ReplaceAll(l, "/", `\/`) + "\"}</script>"
		},
		"joined": func(l string) string { return "<p>https://good.example/," + l + "</p>" },
		"mark":   func(l string) string { return "<p>" + l[:14] + "&#8203;" + l[14:] + "</p>" },
		"tab":    func(l string) string { return "<a href='" + l[:3] + "&Tab;" + l[3:] + "'>x" },
	}
	html := func(page string) string {
		return "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + b64(page) + "\n"
	}
	messages := map[string]func(page string) string{
		"plain":     html,
		"mark":      func(p string) string { return "\ufeff" + html(p) },
		"banner":    func(p string) string { return mixedCase("X-A: b\n[EXTERNAL]\n" + html(p)) },
		"semicolon": func(p string) string { return mixedCase(strings.Replace(html(p), "base64", "base64; x", 1)) },
		"comment":   func(p string) string { return mixedCase(strings.Replace(html(p), "base64", "base64 (x)", 1)) },
		"inner":     func(p string) string { return mixedCase("Content-Type: message/rfc822\n\n\n>From x\n" + html(p)) },
		"whole": func(p string) string {
			return "Content-Type: multipart/mixed; boundary=c\nContent-Transfer-Encoding: base64\n\n" + b64("--c\n"+html(p)+"--c--\n")
		},
		"UTF-16": func(p string) string {
			return "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + b64("\xff\xfe"+wide(p))
		},
		"wide": func(p string) string {
			return "Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: base64\n\n" + b64(wide(p))
		},
		"glued":    func(p string) string { return "Bcc: Cc: " + html(p) },
		"file":     func(p string) string { return attachedFile("bill.htm. ", p) },
		"no name":  func(p string) string { return attachedFile("bill.dat", "<html>"+p) },
		"eml":      func(p string) string { return attachedFile("bill.eml", html(p)) },
		"mht":      func(p string) string { return attachedFile("bill.MHT", html(p)) },
		"uuencode": func(p string) string { return plainCase("begin 644 bill.html\n" + uuencode(p) + "`\nend") },
		"quoted": func(p string) string {
			return mixedCase("Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\"\n\n" + strings.NewReplacer("=", "=3D", "/", "=2F").Replace(p))
		},
		"calendar": func(p string) string {
			return attachedFile("x.ics", "BEGIN:VCALENDAR\r\nX-ALT-DESC;FMTTYPE=text/html:"+strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(p)+"\r\nEND:VCALENDAR\r\n")
		},
	}
	combined := make(linkCases)
	for message, around := range messages {
		for page, within := range pages {
			combined[message+", "+page] = func(l string) string { return around(within(l)) }
		}
	}
	combined.run(t)
}
