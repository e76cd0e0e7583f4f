package mimescan_test

import (
	"crypto/sha256"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
)

// Links are read as browsers and mail programs read them.
func TestCasesLinks(t *testing.T) {
	t.Parallel()
	html := func(format string) func(string) string {
		return func(l string) string {
			return htmlCase(strings.NewReplacer("LINK", l, "REST", rest(l), "BARE", bare(l), "TARGET", target(l), "HOST", bare(l)[:12], "HALF1", l[:14], "HALF2", l[14:]).Replace(format))
		}
	}
	plain := func(format string) func(string) string {
		return func(l string) string {
			return plainCase(strings.NewReplacer("LINK", l, "BARE", bare(l), "HALF1", l[:14], "HALF2", l[14:]).Replace(format))
		}
	}
	file := func(name, format string) func(string) string {
		return func(l string) string {
			return attachedFile(name, strings.NewReplacer("LINK", l, "ANCHOR", anchor(l)).Replace(format))
		}
	}
	inPage := func(around func(link string) string) func(string) string {
		return func(l string) string { return attachedFile("a.html", around(l)) }
	}
	linkCases{
		"13 no slash":                    html(`<a href="https:BARE">x</a>`),
		"13 no slash in a text":          plain("see https:BARE now"),
		"59 one slash":                   html(`<a href="https:/BARE">x</a>`),
		"13 many slashes":                html(`<a href="https://///BARE">x</a>`),
		"13 backslashes":                 html(`<a href="https:\\BARE">x</a>`),
		"13 mixed slashes":               html(`<a href="https:/\/\BARE">x</a>`),
		"14 base behind the link":        html(`<a href="/TARGET">x</a><base href="https://HOST/">`),
		"14b base with a line end":       html("<base href=\"https://HOST\n/\"><a href=\"/TARGET\">x</a>"),
		"14 base without quotes":         html(`<BASE HREF=https://HOST/y/><a href=../TARGET>x</a>`),
		"14 base with backslashes":       html(`<base href="https:\\HOST\"><a href="TARGET">x</a>`),
		"14 base without scheme":         html(`<base href="//HOST/"><a href="TARGET">x</a>`),
		"14 base without slashes":        html(`<base href=" HOST "><a href="/TARGET">x</a>`),
		"14 base of the same scheme":     html(`<base href="https://HOST/"><a href="https:TARGET">x</a>`),
		"14 second base":                 html(`<base href="https://first.example/"><base href="https://HOST/"><a href="TARGET">x</a>`),
		"14d relative with a line end":   html("<base href=\"https://HOST/\"><a href=\"/\n\tTARGET\n\">x</a>"),
		"15 conditional comment":         html("<!--[if mso]><a href=\"HALF1\nHALF2\">x</a><![endif]-->"),
		"15 entities in a comment":       html(`<!--[if gte mso 9]><v:rect href="https&#58;REST"></v:rect><![endif]-->`),
		"15 noscript":                    html(`<noscript><a href="https&#58;REST">x</a></noscript>`),
		"15 noframes":                    html("<noframes><a href=\"HALF1\nHALF2\">x</a></noframes>"),
		"15 within iframe":               html(`<iframe><a href="https&#58;REST">x</a></iframe>`),
		"19 text without scheme":         plain("see BARE now"),
		"19 text, glued":                 plain("请访问BARE now"),
		"19 text, in brackets":           plain("see (BARE) or a.example/(BARE)"),
		"19 style":                       html(`<style>a{background:URL( "//BARE" )}</style>`),
		"19 style without quotes":        html(`<style>a{background:url(//BARE)}</style>`),
		"19 style, escaped":              html(`<style>a{background:u\72l(\2f\2f BARE)}</style>`),
		"19 style, scheme escaped":       html(`<style>a{background:url(ht\74ps\3a REST)}</style>`),
		"19 style of a tag":              html(`<p style="background:url(&quot;//BARE&quot;)">`),
		"19 style, imported":             html(`<style>@import '//BARE';</style>`),
		"19 style, set of images":        html(`<style>a{background:image-set("//BARE" 1x)}</style>`),
		"19 style, relative to a base":   html(`<base href="https://HOST/"><style>a{background:url(TARGET)}</style>`),
		"15c refresh without scheme":     html(`<meta http-equiv="refresh" content="0;url=REST">`),
		"15c refresh, quotes and blanks": html(`<META content=" 5 ; URL = 'https:BARE' " http-equiv=Refresh>`),
		"15c refresh without url":        html(`<meta http-equiv=refresh content="0, https:BARE">`),
		"17 srcdoc":                      html(`<iframe srcdoc="<a href='https&amp;colon;REST'>x</a>"></iframe>`),
		"17b data page in base64":        inPage(func(l string) string { return "<iframe src=\"data:text/html;base64," + b64(anchor(l)) + "\">" }),
		"65 data page, one slash": inPage(func(l string) string {
			return "<iframe src=\"data:text/html,<a href=" + strings.Replace(l, "//", "/", 1) + ">\">"
		}),
		"17b data page, percent": inPage(func(l string) string { return "<a href=\"data:text/html," + url.PathEscape(anchor(l)) + "\">" }),
		"17b data page, other charset": inPage(func(l string) string {
			return "<object data='DATA:text/html;charset=utf-8;base64," + b64(anchor(l)) + "'>"
		}),
		"17b data page in a data page": inPage(func(l string) string {
			return "<iframe src=\"data:text/html;base64," + b64("<iframe src='data:text/html;base64,"+b64(anchor(l))+"'>") + "\">"
		}),
		"17b data page in UTF-16": inPage(func(l string) string {
			return "<a href=\"data:text/html;charset=utf-16;base64," + b64(wide(anchor(l))) + "\">"
		}),
		"17b data page, malformed": inPage(func(l string) string { return "<a href=\"data:text/html,100%," + url.PathEscape(anchor(l)) + "\">" }),
		"17b data page of SVG": inPage(func(l string) string {
			return "<embed src=\"data:image/svg+xml;base64," + b64("<svg><a xlink:href='"+l+"'/></svg>") + "\">"
		}),
		"19 no scheme":              html(`<a href="BARE">x</a>`),
		"19 no scheme, two slashes": html(`<a href="//BARE">x</a>`),
		"19 no scheme, backslashes": html(`<a href="\\BARE">x</a>`),
		"20 .html.":                 file("bill.html.", "ANCHOR"),
		"20 .htm":                   file("bill.HTM", "ANCHOR"),
		"20 .html and a blank":      file("bill.html ", "ANCHOR"),
		"20 .xht":                   file("bill.xht", "ANCHOR"),
		"20 .svg":                   file("bill.svg", "<svg xmlns:x='http://www.w3.org/1999/xlink'><a x:href='LINK'/></svg>"),
		"20 .hta":                   file("bill.hta", "ANCHOR"),
		"20 .url":                   file("bill.url", "[InternetShortcut]\r\nURL=LINK\r\n"),
		"20 .url in UTF-16": func(l string) string {
			return attachedFile("bill.url", "\xff\xfe"+wide("[InternetShortcut]\r\nURL="+l+"\r\n"))
		},
		"20 .webloc":               file("bill.webloc", "<plist><dict><key>URL</key><string>LINK</string></dict></plist>"),
		"20 page by no usual name": file("bill.dat", "ANCHOR"),
		"20c .mht": func(l string) string {
			return attachedFile("bill.mht", "MIME-Version: 1.0\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n"+b64(anchor(l)))
		},
		"20c .mhtml with a base": func(l string) string {
			return attachedFile("bill.mhtml", "Content-Type: text/html\r\nContent-Location: https://"+bare(l)[:12]+"/x/y\r\n\r\n<a href='../"+target(l)+"'>x")
		},
		"20e .eml": func(l string) string {
			return attachedFile("bill.eml", "Subject: x\r\nContent-Type: text/html\r\n\r\n"+anchor(l))
		},
		"20e .eml in .eml": func(l string) string {
			return attachedFile("bill.eml", crlf(attachedFile("inner.eml", "Subject: x\nContent-Type: text/html\n\n"+anchor(l))))
		},
		"21 slashes of JSON": func(l string) string {
			return htmlCase(`<script type="application/ld+json">{"url":"` + strings.ReplaceAll(l, "/", `\/`) + `"}</script>`)
		},
		"21 escapes of scripts": func(l string) string {
			return htmlCase(`<script>location="` + strings.NewReplacer(":", `\u003a`, "/", `\x2F`).Replace(l) + `"</script>`)
		},
		"21 script in an address":     html(`<a href="javascript:open('LINK')">x</a>`),
		"23 nothing between":          plain("https://good.example/xLINK"),
		"23 nothing behind a slash":   plain("https://good.example/LINK"),
		"23 comma":                    plain("https://good.example/x,LINK"),
		"23 semicolon":                plain("https://good.example/x;LINK;http://good.example"),
		"23 bar":                      plain("https://good.example/x|LINK|y"),
		"23 Markdown":                 plain("[https://good.example/x](LINK)(y)"),
		"23 before another":           plain("LINK,https://good.example/"),
		"23 many":                     plain(strings.Repeat("https://good.example/,", 100) + "LINK" + strings.Repeat(",https://good.example/", 100)),
		"25 zero width in the host":   plain("https://\u200bHALF2 HALF1\u200bHALF2"),
		"25 zero width in the scheme": func(l string) string { return plainCase("see ht\u2060tps:" + rest(l)) },
		"25 soft hyphen":              plain("HALF1\u00adHALF2"),
		"25 entity of zero width":     html(`<a href="HALF1&#8203;HALF2">x</a>`),
		"25 zero width as a blank":    plain("see LINK\u200band more"),
		"25 reading direction":        plain("\u202aLINK\u202c"),
		"31 long user information": func(l string) string {
			return htmlCase(`<a href="https://good.example` + strings.Repeat("%20", 12_000) + "@" + bare(l) + `">x</a>`)
		},
		"31c many tabs": func(l string) string {
			return htmlCase(`<a href="https:` + strings.Repeat("&Tab;", 34_000) + "//" + bare(l) + `">x</a>`)
		},
		"31c many slashes": func(l string) string {
			return htmlCase(`<a href="https:` + strings.Repeat("/", 34_000) + bare(l) + `">x</a>`)
		},
		"64 tab and line end": func(l string) string {
			return htmlCase("<a href=\"ht&#10;tps://" + bare(l)[:5] + "&Tab;" + bare(l)[5:] + "\">x</a>")
		},
		"64 user information":       html(`<a href="https://good.example@BARE">x</a>`),
		"64 backslash before an at": html(`<a href="https://HOST\@good.example/">x</a><a href="LINK">`),
		"64 srcset":                 html(`<img srcset="https://good.example/a 1x, LINK 2x">`),
	}.run(t)
}

// iCalendar folds lines, escapes characters and may contain HTML, whatever the media
// type.
func TestCasesCalendar(t *testing.T) {
	t.Parallel()
	event := func(lines ...string) string {
		return "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	}
	invitation := func(text string) string {
		return mixedCase("Content-Type: text/calendar; method=REQUEST\nContent-Transfer-Encoding: base64\n\n" + b64(text))
	}
	linkCases{
		"09 line end escaped":   func(l string) string { return invitation(event(`DESCRIPTION:` + l + `\nor call`)) },
		"09 before a semicolon": func(l string) string { return invitation(event(`DESCRIPTION:x\;` + l + `\; y`)) },
		"09 HTML": func(l string) string {
			return invitation(event(`X-ALT-DESC;FMTTYPE=text/html:<html>\n<a href="https&#58\;` + rest(l) + `">x</a>`))
		},
		"09 HTML, folded": func(l string) string {
			return invitation(event(`X-ALT-DESC;FMTTYPE=text/html:<a hr` + "\r\n " + `ef="https&#58\;//lu` + "\r\n\t" + strings.TrimPrefix(strings.Replace(rest(l), "//lure", "//lure", 1), "//lu") + `">x</a>`))
		},
		"10 .ics of another": func(l string) string {
			return attachedFile("meet.ics", event("DESCRIPTION:see "+l[:14]+"\r\n "+l[14:]+" today"))
		},
		"10 application/ics": func(l string) string {
			return mixedCase("Content-Type: application/ics\nContent-Transfer-Encoding: base64\n\n" + b64(event("DESCRIPTION:"+l[:14]+"\r\n\t"+l[14:])))
		},
		"10 by no name": func(l string) string { return attachedFile("meet.bin", event("DESCRIPTION:"+l[:14]+"\n "+l[14:])) },
		"10 as plain text": func(l string) string {
			return plainCase(strings.ReplaceAll(event("URL:"+l[:14]+"\r\n "+l[14:]), "\r", ""))
		},
		"10 vCalendar": func(l string) string {
			return attachedFile("meet.vcs", "BEGIN:VCALENDAR\r\nDESCRIPTION;ENCODING=QUOTED-PRINTABLE:"+strings.Replace(l[:14]+"=\r\n"+l[14:], "id=", "id=3D", 1)+"\r\nEND:VCALENDAR\r\n")
		},
		"10 vCard": func(l string) string {
			return attachedFile("eve.vcf", "BEGIN:VCARD\r\nURL:"+l[:14]+"\r\n "+l[14:]+"\r\nEND:VCARD\r\n")
		},
	}.run(t)
	message := crlf(invitation(event(`DESCRIPTION:https://lure.example/b?list=1\,2 and https://lure.example/c\;d`)))
	for _, link := range []string{"https://lure.example/b?list=1,2", "https://lure.example/c;d"} {
		seen, _, err := found(t, message, link)
		require.NoError(t, err)
		assert.True(t, seen, link)
	}
}

// Attachments have the names that programs show.
func TestCasesNames(t *testing.T) {
	t.Parallel()
	part := func(disposition string) string {
		return mixedCase("Content-Type: application/octet-stream\nContent-Disposition: attachment;" + disposition + "\nContent-Transfer-Encoding: base64\n\n" + b64("MZ lure"))
	}
	for name, tt := range map[string]struct{ message, want string }{
		"01 Korean":                 {part(" filename*=euc-kr''%C7%D1.zip"), "한.zip"},
		"01 Japanese":               {part(" filename*=iso-2022-jp''%1B%24B%46%7C%1B%28B.zip"), "日.zip"},
		"01 Cyrillic in pieces":     {part(" filename*0*=windows-1251''%CF%F0; filename*1*=%E8%E2%E5%F2.doc"), "Привет.doc"},
		"01 no charset":             {part(" filename*=''caf%C3%A9.doc"), "café.doc"},
		"03 beside a defect":        {part(" filename*0=\"pay\"; filename*1=\"roll.exe\"; size"), "payroll.exe"},
		"03 behind a defect":        {part(" size=; =; filename*=utf-8''%E2%82%AC.exe"), "€.exe"},
		"03b word without quotes":   {part("\n filename==?utf-8?Q?Bill--?=\n =?utf-8?Q?2=2Epdf?=;\n filename*0*=utf-8''Bill--;\n filename*1*=2.pdf"), "Bill--2.pdf"},
		"22 uuencoded":              {plainCase("hi\n\nbegin 644 lure.exe\n'35H@;'5R90``\n`\nend\nbye"), "lure.exe"},
		"22 uuencoded part":         {mixedCase("Content-Type: application/octet-stream\nContent-Transfer-Encoding: x-uuencode\n\nbegin 755 lure.exe\n'35H@;'5R90``\n`\nend"), "lure.exe"},
		"22 begin-base64":           {plainCase("hi\nbegin-base64 644 lure.exe\n" + b64("MZ lure") + "\n===="), "lure.exe"},
		"27 folder":                 {part(` filename="C:\\temp\\lure.exe"`), `C:\temp\lure.exe`},
		"27 folder, not escaped":    {part(` filename="C:\temp\lure.exe"`), `C:\temp\lure.exe`},
		"27c raw Latin 1":           {part(" filename=\"bill\xe4.exe\""), "billä.exe"},
		"52 word over pieces":       {part("\n filename*0=\"=?UTF-8?Q?fun=F0=9F\";\n filename*1=\"=98=81.docx?=\""), "fun😁.docx"},
		"53 order":                  {part("\n filename*1*=b.pdf;\n filename*0*=\"utf-8''a\""), "ab.pdf"},
		"54 inline":                 {mixedCase("Content-Disposition: inline;\n\tfilename*=utf-8''d%E2%80%99%C3%A9cran.png\nContent-Type: image/png;\n\tx-mode=0644;\n\tname=\"other.png\"\n\n" + "MZ lure"), "d’écran.png"},
		"03 no semicolon":           {mixedCase("Content-Type: application/octet-stream\nContent-Disposition: attachment filename=\"lure.exe\"\n\nMZ lure"), "lure.exe"},
		"03 comma":                  {mixedCase("Content-Type: application/octet-stream\nContent-Disposition: attachment, filename=lure.exe\n\nMZ lure"), "lure.exe"},
		"03 colon":                  {part(" filename:lure.exe"), "lure.exe"},
		"03 quotes not closed":      {part(" x=\"a; filename=\"lure.exe\""), "lure.exe"},
		"03 no disposition":         {mixedCase("Content-Disposition: filename=lure.exe\n\nMZ lure"), "lure.exe"},
		"03 name there":             {part(" name=lure.exe"), "lure.exe"},
		"03 file name here":         {mixedCase("Content-Type: application/octet-stream; filename=lure.exe\n\nMZ lure"), "lure.exe"},
		"03 comment before":         {part(" filename=(x)lure.exe"), "lure.exe"},
		"03 without its blank":      {part("\nfilename=\"lure.exe\""), "lure.exe"},
		"03 second field":           {mixedCase("Content-Type: a/b\nContent-Disposition: attachment\nContent-Disposition: attachment; filename=lure.exe\n\nMZ lure"), "lure.exe"},
		"03 word without end":       {part(" filename=\"=?utf-8?B?bHVyZS5leGU=\""), "lure.exe"},
		"54 the description":        {mixedCase("Content-Type: a/b\nContent-Description: lure.exe\n\nMZ lure"), "lure.exe"},
		"54 the location":           {mixedCase("Content-Type: a/b\nContent-Location: https://a.example/x/lure.exe\n\nMZ lure"), "lure.exe"},
		"09 file of a calendar":     {attachedFile("a.ics", "BEGIN:VCALENDAR\r\nATTACH;ENCODING=BASE64;VALUE=BINARY;X-FILENAME=lure.exe:"+b64("MZ lure")+"\r\nEND:VCALENDAR\r\n"), "lure.exe"},
		"22 mode of six digits":     {plainCase("hi\nbegin 100644 lure.exe\n'35H@;'5R90``\n`\nend"), "lure.exe"},
		"54 the other name":         {mixedCase("Content-Disposition: inline;\n\tfilename=x.png\nContent-Type: image/png; name=\"other.png\"\n\nMZ lure"), "other.png"},
		"07 encoding and comment":   {mixedCase("Content-Type: application/octet-stream; name=a.exe\nContent-Transfer-Encoding: base64 (by gateway)\n\n" + b64("MZ lure")), "a.exe"},
		"05 banner amid the fields": {mixedCase("Content-Type: application/octet-stream\n[EXTERNAL] Take care\nContent-Disposition: attachment; filename=lure.exe\nContent-Transfer-Encoding: base64\n\n" + b64("MZ lure")), "lure.exe"},
		"28 glued":                  {"Bcc: Cc: Content-Type: multipart/mixed;\n boundary=b\n\n--b\nContent-Type: application/octet-stream; name=lure.exe\nContent-Transfer-Encoding: base64\n\n" + b64("MZ lure") + "\n--b--\n", "lure.exe"},
		"28 glued, of a part":       {mixedCase("X-A: Content-Disposition: attachment; filename=lure.exe\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n" + b64("MZ lure")), "lure.exe"},
		"20e within .eml":           {attachedFile("x.eml", crlf(part(" filename=lure.exe"))), "lure.exe"},
	} {
		_, got, report, err := scan(t, strings.NewReader(crlf(tt.message)))
		require.NoError(t, err, name)
		assert.Zero(t, report, name)
		i := slices.IndexFunc(got, func(a mimescan.Attachment) bool { return a.Name == tt.want || slices.Contains(a.Aliases, tt.want) })
		require.GreaterOrEqual(t, i, 0, "%s: %+v", name, got)
		t.Logf("%-26s %q found", name, tt.want)
		assert.Equal(t, sha256.Sum256([]byte("MZ lure")), got[i].SHA256, name)
		assert.Equal(t, name == "27c raw Latin 1", got[i].Guessed, name)
	}
	ended := "MZ lure\r\n\r\n"
	_, files, _, err := scan(t, strings.NewReader(crlf(attachedFile("61.txt", ended))))
	require.NoError(t, err)
	require.Len(t, files, 1)
	assert.Equal(t, sha256.Sum256([]byte(ended)), files[0].SHA256)
	t.Logf("%-26s found by its digest", "61 ends with line ends")
	_, got, report, err := scan(t, strings.NewReader(plainCase("begin 644 words\nof the wise\nend")))
	require.NoError(t, err)
	assert.Empty(t, got, "text that begins so is text")
	assert.Zero(t, report)
	_, got, _, err = scan(t, strings.NewReader(plainCase("begin 644 a.html\n"+uuencode(anchor(lure))+"`\nend")))
	require.NoError(t, err)
	require.Len(t, got, 1)
	seen, _, err := found(t, plainCase("begin 644 a.html\n"+uuencode(anchor(lure))+"`\nend"), lure)
	require.NoError(t, err)
	assert.True(t, seen, "a page that is uuencoded")
}

func uuencode(s string) string {
	var b strings.Builder
	for line := range slices.Chunk([]byte(s), 45) {
		b.WriteByte(byte(' ' + len(line)))
		for len(line)%3 != 0 {
			line = append(slices.Clone(line), 0)
		}
		for three := range slices.Chunk(line, 3) {
			for _, v := range []byte{three[0] >> 2, three[0]<<4&0x30 | three[1]>>4, three[1]<<2&0x3C | three[2]>>6, three[2] & 0x3F} {
				b.WriteByte("`!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"[v])
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
