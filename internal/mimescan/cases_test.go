package mimescan_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/linkunwrap"
	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
)

// Awkward messages. The number of a case is the kind of its defect, which other products
// had to learn about. The link in each message must be found; the scan of its neighbour,
// which differs only in the link, must be complete.

const (
	lure = "https://lure.example/open?id=7"
	fine = "https://fine.example/open?id=8"
)

// linkCases make a message with a link, with LF line ends.
type linkCases map[string]func(link string) string

// mixedCase makes a message from a short text and another part.
func mixedCase(part string) string {
	return "Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nhello\n--b\n" + part + "\n--b--\n"
}

// attachedFile makes a message with a file in base64.
func attachedFile(name, content string) string {
	return mixedCase("Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"" + name + "\"\nContent-Transfer-Encoding: base64\n\n" + b64(content))
}

func htmlCase(page string) string { return "Content-Type: text/html; charset=utf-8\n\n" + page + "\n" }

func plainCase(text string) string {
	return "Content-Type: text/plain; charset=utf-8\n\n" + text + "\n"
}

// anchor returns a page in which the link can be found only by reading the HTML.
func anchor(link string) string {
	return "<html><body><a href=\"" + strings.Replace(link, ":", "&#58;", 1) + "\">open</a></body></html>"
}

func rest(link string) string { return strings.TrimPrefix(link, "https:") } // with two slashes

func bare(link string) string { return strings.TrimPrefix(link, "https://") }

func target(link string) string { // path and query
	return link[strings.Index(bare(link), "/")+len("https://")+1:]
}

func wide(s string) string { return strings.Join(strings.Split(s, ""), "\x00") + "\x00" }

// found reports whether a message has a link.
func found(t *testing.T, message, link string) (bool, mimescan.Report, error) {
	t.Helper()
	m, err := linkunwrap.NewMatcher(link)
	require.NoError(t, err)
	seen := false
	report, err := mimescan.Scan(strings.NewReader(message), mimescan.Handler{
		Link:       func(l string) error { seen = seen || m.Match(l); return nil },
		Attachment: func(mimescan.Attachment) error { return nil },
	})
	return seen, report, err
}

func (all linkCases) run(t *testing.T) {
	t.Helper()
	var table strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		message := all[name]
		result := "found; neighbour complete"
		for kind, ends := range map[string]func(string) string{"CRLF": crlf, "LF": func(s string) string { return s }} {
			if kind == "LF" && strings.Contains(name, "encoded as a whole") {
				continue
			}
			seen, report, err := found(t, ends(message(lure)), lure)
			require.NoError(t, err, name)
			if !assert.True(t, seen, "%s, %s: missed; %+v", name, kind, report) {
				result = "missed"
			}
			seen, report, err = found(t, ends(message(fine)), lure)
			require.NoError(t, err, name)
			if !assert.False(t, seen, "%s, %s: the neighbour", name, kind) || !assert.Zero(t, report, "%s, %s: the neighbour is complete", name, kind) {
				result += "; not the neighbour"
			}
		}
		fmt.Fprintf(&table, "%-38s %s\n", name, result)
	}
	t.Logf("%d cases\n%s", len(all), table.String())
}

func TestCasesDecoding(t *testing.T) {
	t.Parallel()
	page := func(encoding string) func(string) string {
		return func(l string) string {
			return mixedCase("Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: " + encoding + "\n\n" + b64(anchor(l)))
		}
	}
	quoted := func(encoding string) func(string) string {
		return func(l string) string {
			return mixedCase("Content-Type: text/html\nContent-Transfer-Encoding: " + encoding + "\n\n" + strings.NewReplacer("=", "=3D", "/", "=2F").Replace(anchor(l)))
		}
	}
	inner := func(before string) func(string) string {
		return func(l string) string {
			return mixedCase("Content-Type: message/rfc822\n\n" + before + "Subject: inner\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + b64(anchor(l)))
		}
	}
	encoded := func(l string) string {
		return "Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + b64(anchor(l)) + "\n"
	}
	coded := func(charset, encoded string) func(string) string {
		return func(l string) string {
			return "Content-Type: text/html; charset=" + charset + "\nContent-Transfer-Encoding: base64\n\n" + b64(encoded+wide(anchor(l))) + "\n"
		}
	}
	linkCases{
		"01c page with a name in Latin 1": func(l string) string { return rfc2231Page("iso-8859-1''caf%E9.html", l) },
		"01c page with a name in Korean":  func(l string) string { return rfc2231Page("euc-kr''%C7%D1.htm", l) },
		"01c page with a name in no set":  func(l string) string { return rfc2231Page("''page.xhtml", l) },
		"04 mark before the header":       func(l string) string { return "\ufeffSubject: x\n" + encoded(l) },
		"04 mark in an attached message":  inner("\ufeff"),
		"05 banner amid the fields": func(l string) string {
			return mixedCase("Content-Type: text/html\n[EXTERNAL] Take care\nof this mail.\nContent-Transfer-Encoding: base64\n\n" + b64(anchor(l)))
		},
		"05 banner amid those of a message": func(l string) string { return "Subject: x\nTake care, all.\n" + encoded(l) },
		"05 banner before all fields": func(l string) string {
			return mixedCase("Take care, all.\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + b64(anchor(l)))
		},
		"07 base64;":                        page("base64;"),
		"07 base64; and a parameter":        page("base64; x=y"),
		"07 \"base64\"":                     page("\"base64\""),
		"07 base64\"":                       page("base64\""),
		"07 base64,":                        page("Base64,"),
		"07c base64 and a comment":          page("base64 (by gateway)"),
		"07c comment and base64":            page("(x) base64"),
		"07 folded":                         page("\n base64"),
		"07 quoted-printable\"":             quoted("quoted-printable\""),
		"07 quoted-printable;":              quoted("Quoted-Printable;"),
		"07 quoted-printable and a comment": quoted("quoted-printable (really)"),
		"08 empty line before the header":   inner("\n"),
		"08 empty lines before the header":  inner("\n \n\n"),
		"08 >From":                          inner(">From eve@lure.example Tue Nov 24\n"),
		"08 empty line and >From":           inner("\n>From eve@lure.example Tue Nov 24\n"),
		"08 empty line in the message":      func(l string) string { return "\nSubject: x\n" + encoded(l) },
		"08 empty line before a part": func(l string) string {
			return mixedCase("\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + b64(anchor(l)))
		},
		"11 delsp": func(l string) string {
			return "Content-Type: text/plain; format=flowed; DelSp=Yes\n\nopen " + l[:17] + " \n" + l[17:] + " now\n"
		},
		"11 delsp, quoted": func(l string) string {
			return "Content-Type: text/plain; format=flowed; delsp=yes\n\n> open " + l[:17] + " \n> " + l[17:] + " now\n"
		},
		"12 UTF-16 as UTF-8":       coded("utf-8", "\xff\xfe"),
		"12 UTF-16 as nothing":     coded("us-ascii", "\xff\xfe"),
		"12 UTF-16 without a mark": coded("utf-8", ""),
		"12 UTF-16 as UTF-16":      coded("utf-16", ""),
		"12 UTF-16 as the other":   coded("utf-16be", ""),
		"12 UTF-16 of Chinese":     coded("utf-8", "\xff\xfe"+strings.Repeat("\x60\x4f\x7d\x59", 3000)),
		"12 the same, other order": func(l string) string {
			return "Content-Type: text/html; charset=gb2312\nContent-Transfer-Encoding: base64\n\n" + b64("\xfe\xff"+strings.Repeat("\x4f\x60\x59\x7d", 3000)+"\x00"+strings.TrimSuffix(wide(anchor(l)), "\x00")) + "\n"
		},
		"12d UTF-7": func(l string) string {
			return "Content-Type: text/plain; charset=utf-7\n\nsee +AGgAdAB0AHAAcw-:" + strings.Replace(rest(l), "=", "+AD0-", 1) + " +- now\n"
		},
		"12d UTF-7, a page": func(l string) string {
			return "Content-Type: text/html; charset=UNICODE-1-1-UTF-7\n\n+ADw-a href+AD0AIg-" + strings.Replace(l, "=", "+AD0-", 1) + "+ACIAPg-x\n"
		},
		"28 empty fields before it": func(l string) string {
			return "Subject: x\nBcc: Cc: Content-Type: multipart/mixed;\n boundary=b\n\n--b\n" + encoded(l) + "--b--\n"
		},
		"28 an encoding behind one": func(l string) string {
			return mixedCase("Content-Type: text/html\nX-A: X-B: Content-Transfer-Encoding: base64\n\n" + b64(anchor(l)))
		},
		"32 long field": func(l string) string {
			return "Content-Type: multipart/mixed;\n" + strings.Repeat("\tx=\""+strings.Repeat("y", 70)+"\";\n", 400) + "\tboundary=b\n\n--b\n" + encoded(l) + "--b--\n"
		},
		"32b long boundary": func(l string) string {
			b := strings.Repeat("b", 4000)
			return "Content-Type: multipart/mixed; boundary=" + b + "\n\n--" + b + "\n" + encoded(l) + "--" + b + "--\n"
		},
		"55 attached message in base64": func(l string) string {
			return mixedCase("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + b64("Subject: i\n"+encoded(l)))
		},
		"55 multipart encoded as a whole": func(l string) string {
			return "Content-Type: multipart/mixed; boundary=c\nContent-Transfer-Encoding: base64\n\n" + b64("--c\n"+encoded(l)+"--c--\n") + "\n"
		},
		"55 multipart, quoted, as a whole": func(l string) string {
			return "Content-Type: multipart/mixed; boundary=c\nContent-Transfer-Encoding: quoted-printable\n\n=2D-c\n" + strings.ReplaceAll(encoded(l), "=", "=3D") + "=2D-c--\n"
		},
		"56 boundary of hyphens": func(l string) string {
			return "Content-Type: multipart/mixed; boundary=\"-----X\"\n\n-------X\n" + encoded(l) + "-------X--\n"
		},
		"58 no final boundary": func(l string) string { return "Content-Type: multipart/mixed; boundary=c\n\n--c\n" + encoded(l) },
		"58 a part behind the final boundary": func(l string) string {
			return "Content-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--\n\n--c\n" + encoded(l) + "--c--\n"
		},
		"60 blanks behind the encoding": page("base64 \t "),
		"62 charset twice": func(l string) string {
			return "Content-Type: text/html;charset=gbk;charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + b64(anchor(l)) + "\n"
		},
		"63 a header within the body": func(l string) string {
			return "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\nContent-Type: text/html\n\n<a href=" + l + ">x</a>\n"
		},
		"66 boundary folded": func(l string) string {
			return "Content-Type: multipart/alternative;\n\tboundary=\"=_alternative\n 00AB\"\n\n--=_alternative 00AB\n" + encoded(l) + "--=_alternative 00AB--\n"
		},
		"50 plain text":     func(l string) string { return plainCase("see " + l + " now") },
		"51 without quotes": func(l string) string { return htmlCase("<a class=x href=" + l + ">x</a>") },
		"57 boundary in text": func(l string) string {
			return mixedCase("Content-Type: text/plain\n\nthe boundary --b is here\n --b\n--bb\n" + l)
		},
		"70 page as plain text": func(l string) string { return "Content-Type: text/plain\n\n" + anchor(l) + "\n" },
		"70 page of no type": func(l string) string {
			return mixedCase("Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n" + b64(anchor(l)))
		},
		"77 carriage returns only": func(l string) string { return strings.ReplaceAll("Subject: x\n"+encoded(l), "\n", "\r") },
		"77 blanks in the type": func(l string) string {
			return "Content-Type: multipart / mixed; boundary=c\n\n--c\n" + encoded(l) + "--c--\n"
		},
		"71 base of the part": func(l string) string {
			return "Content-Type: text/html\nContent-Base: https://" + bare(l)[:12] + "/\n\n<a href='" + target(l) + "'>x</a>\n"
		},
	}.run(t)
}

func rfc2231Page(name, link string) string {
	return mixedCase("Content-Type: application/octet-stream\nContent-Disposition: attachment; filename*=" + name + "\nContent-Transfer-Encoding: base64\n\n" + b64(anchor(link)))
}

// Unreadable content makes a search undecided, for links, attachments or both.
func TestCasesUndecided(t *testing.T) {
	t.Parallel()
	type says struct{ opaque, links, attachments string }
	for name, tt := range map[string]struct {
		message string
		want    says
	}{
		"18 TNEF":                          {attachedFile("winmail.dat", "x\x9f>\"rest"), says{opaque: "application/ms-tnef"}},
		"18 TNEF by its type":              {mixedCase("Content-Type: application/vnd.ms-tnef\n\nx"), says{opaque: "application/vnd.ms-tnef"}},
		"18 message of Outlook":            {attachedFile("note.msg", "\xd0\xcf\x11\xe0"), says{opaque: "application/octet-stream"}},
		"18 TNEF by its first bytes":       {attachedFile("att.dat", "x\x9f>\"rest"), says{opaque: "application/ms-tnef"}},
		"24 PGP in a file":                 {attachedFile("message.asc", "-----BEGIN PGP MESSAGE-----\n\nhQE="), says{opaque: "PGP in the text"}},
		"24 PGP in a file of no name":      {mixedCase("Content-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n\nhQE="), says{opaque: "PGP in the text"}},
		"73 charset that browsers replace": {"Content-Type: text/html; charset=iso-2022-kr\n\nx\n", says{links: "charset"}},
		"75 two boundaries":                {"Content-Type: multipart/mixed; boundary=b; boundary=c\n\n--b\n\nx\n--b--\n", says{links: "two different", attachments: "two different"}},
		"24 PGP":                           {plainCase("-----BEGIN PGP MESSAGE-----\n\nhQEMAw==\n-----END PGP MESSAGE-----"), says{opaque: "PGP in the text"}},
		"24 PGP in a page":                 {htmlCase("<pre>-----BEGIN PGP MESSAGE-----\nhQE=</pre>"), says{opaque: "PGP in the text"}},
		"24 yEnc":                          {plainCase("=ybegin line=128 size=3 name=a.exe\nabc\n=yend size=3"), says{opaque: "yEnc in the text"}},
		"24 BinHex":                        {plainCase("(This file must be converted with BinHex 4.0)\n:abc:"), says{opaque: "BinHex in the text"}},
		"24 piece of a message":            {"Content-Type: message/partial; number=1; total=2; id=x\n\nSubject: x\n\ny\n", says{opaque: "message/partial"}},
		"22 uuencode without end":          {plainCase("begin 644 a.exe\n\"35H"), says{attachments: "has no end"}},
		"72 unknown transfer encoding":     {mixedCase("Content-Type: text/html\nContent-Transfer-Encoding: base85\n\nabc"), says{links: "transfer encoding", attachments: "transfer encoding"}},
		"72 not in base64":                 {mixedCase("Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n<p>text</p>"), says{links: "base64", attachments: "base64"}},
		"73 unknown charset":               {"Content-Type: text/plain; charset=klingon\n\nx\n", says{links: "charset"}},
		"73 not in UTF-16":                 {"Content-Type: text/plain; charset=utf-16\n\nplain text, really\n", says{links: "utf-16"}},
		"73 link in no UTF-8":              {plainCase("https://fine.example/caf\xe9"), says{links: "charset"}},
		"74 header that broke off":         {mixedCase("Content-Type: text/html\nContent-Transfer-Encoding: base64\noops\nPGE+"), says{links: "broke off", attachments: "broke off"}},
		"74 two types":                     {"Content-Type: text/html\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n", says{links: "two different", attachments: "two different"}},
		"74 header beyond the bound":       {strings.Repeat("X-Long: "+strings.Repeat("y", 1000)+"\n", 1100) + "\nx\n", says{links: "1 MiB", attachments: "1 MiB"}},
		"74 field beyond the bound":        {"Content-Type: text/html" + strings.Repeat(";\n x="+strings.Repeat("y", 1000), 140) + "\n\nx\n", says{links: "128 KiB", attachments: "128 KiB"}},
		"75 boundary that never comes":     {"Content-Type: multipart/mixed; boundary=c\n\n--b\nContent-Type: text/html\n\nx\n--b--\n", says{links: "never comes", attachments: "never comes"}},
		"75 no boundary":                   {"Content-Type: multipart/mixed\n\n--b\nContent-Type: text/html\n\nx\n--b--\n", says{links: "never comes", attachments: "never comes"}},
		"75 boundary beyond the bound":     {"Content-Type: multipart/mixed; boundary=" + strings.Repeat("b", 9000) + "\n\nx\n", says{links: "8 KiB", attachments: "8 KiB"}},
		"30 host beyond the bound":         {plainCase("https://" + strings.Repeat("例え", 200)), says{links: "longer than any"}},
		"30 host in ASCII beyond it":       {htmlCase("<a href=https://" + strings.Repeat("a.", 200) + "example/>x</a>"), says{links: "longer than any"}},
		"30 text behind a host":            {plainCase("https://fine.example" + strings.Repeat("例え", 200)), says{}},
		"31 link beyond the bound":         {plainCase("https://fine.example/" + strings.Repeat("a", 40<<10)), says{links: "32 KiB"}},
		"76 pages within pages too deep":   {htmlCase(nestedPages(8)), says{links: "too many other pages"}},
	} {
		_, report, err := found(t, crlf(tt.message), lure)
		require.NoError(t, err, name)
		t.Logf("%-36s undecided: %s", name, cmp.Or(report.Opaque, report.Links, report.Attachments, "no, and right"))
		assert.Equal(t, tt.want.opaque, report.Opaque, name)
		for got, want := range map[string]string{report.Links: tt.want.links, "a: " + report.Attachments: tt.want.attachments} {
			if want == "" {
				assert.Empty(t, strings.TrimPrefix(got, "a: "), name)
			} else {
				assert.Contains(t, got, want, name)
			}
		}
	}
}

func nestedPages(n int) string {
	page := "<p>x</p>"
	for range n {
		page = "<iframe src=\"data:text/html," + url.PathEscape(page) + "\"></iframe>"
	}
	return page
}

// 1,000 nested multiparts are more than Scan reads.
func TestCasesDeep(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%[1]d\n", i)
	}
	_, _, err := found(t, b.String()+"Content-Type: text/html\n\n"+anchor(lure)+"\n", lure)
	require.ErrorIs(t, err, mimescan.ErrTooComplex)
	t.Logf("%-36s undecided: %v", "67 nested a thousand times", err)
}

// Content is found even if its form had to be guessed.
func TestCasesGuessed(t *testing.T) {
	t.Parallel()
	for name, message := range map[string]string{
		"72 unknown encoding":   mixedCase("Content-Type: text/html\nContent-Transfer-Encoding: x-none\n\n" + anchor(lure)),
		"72 not in base64":      mixedCase("Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n<p>see " + lure + " now</p>"),
		"73 unknown charset":    "Content-Type: text/html; charset=klingon\n\n" + anchor(lure) + "\n",
		"73 not in UTF-16":      "Content-Type: text/html; charset=utf-16\n\n" + anchor(lure) + "\n",
		"75 other boundary":     "Content-Type: multipart/mixed; boundary=c\n\n--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + b64(anchor(lure)) + "\n--b--\n",
		"75 no boundary":        "Content-Type: multipart/mixed\n\n--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + b64(anchor(lure)) + "\n--b--\n",
		"75 multipart not that": "Content-Type: multipart/mixed; boundary=c\nContent-Transfer-Encoding: base64\n\n--c\nContent-Type: text/html\n\n" + anchor(lure) + "\n--c--\n",
	} {
		seen, report, err := found(t, crlf(message), lure)
		require.NoError(t, err, name)
		assert.True(t, seen, name)
		assert.NotEmpty(t, report.Links, name)
		t.Logf("%-36s found", name)
	}
	seen, _, err := found(t, "Content-Type: text/plain\n\nhttps://lure.example/caf\xe9\n", "https://lure.example/café")
	require.NoError(t, err)
	assert.True(t, seen, "Latin 1 that nobody declared")
	seen, report, err := found(t, "Content-Type: text/plain; charset=windows-1251\n\nhttps://lure.example/\xcf\xf0\n", "https://lure.example/Пр")
	require.NoError(t, err)
	assert.True(t, seen, "Cyrillic as declared")
	assert.Zero(t, report)
}
