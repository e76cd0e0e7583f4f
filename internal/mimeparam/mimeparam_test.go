package mimeparam_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/mimeparam"
)

func TestGet(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ field, param, want string }{
		"token":                       {"text/plain; charset=utf-8", "charset", "utf-8"},
		"quoted":                      {`attachment; filename="a;b \"c\".txt"; size=1`, "filename", `a;b "c".txt`},
		"folder":                      {`attachment; filename="C:\temp\new.exe"`, "filename", `C:\temp\new.exe`},
		"folder, escaped":             {`attachment; filename="C:\\temp\\new.exe"`, "filename", `C:\temp\new.exe`},
		"no end quote":                {`attachment; filename="list.csv; size=4`, "filename", "list.csv"},
		"no equals sign beside":       {`attachment; size; filename*0="pay"; filename*1="roll.exe"; x`, "filename", "payroll.exe"},
		"twice":                       {"text/html; charset=gbk; charset=utf-8", "charset", "gbk"},
		"blanks":                      {" text/plain ; Charset = \"koi8-r\" ", "charset", "koi8-r"},
		"comment":                     {"text/plain (notes); charset=us-ascii (Plain text)", "charset", "us-ascii"},
		"brackets":                    {"multipart/mixed; boundary=a=b(c) ; x", "boundary", "a=b(c)"},
		"RFC 2231":                    {"attachment; filename*=utf-8'en'%e2%82%ac%20x.txt", "filename", "€ x.txt"},
		"RFC 2231, Korean":            {"attachment; filename*=euc-kr''%C7%D1.zip", "filename", "한.zip"},
		"RFC 2231, Latin 1":           {"attachment; filename*=ISO-8859-1''caf%E9.html", "filename", "café.html"},
		"RFC 2231, Cyrillic":          {"attachment; filename*0*=windows-1251''%CF%F0; filename*1*=%E8%E2%E5%F2.doc", "filename", "Привет.doc"},
		"RFC 2231, no charset":        {"attachment; filename*=''caf%C3%A9.html", "filename", "café.html"},
		"RFC 2231, no apostrophes":    {"attachment; filename*=caf%C3%A9.html", "filename", "café.html"},
		"RFC 2231, out of order":      {"attachment; filename*1*=c.pdf; filename*0*=\"utf-8''ab\"", "filename", "abc.pdf"},
		"RFC 2231, letter divided":    {"attachment; filename*0*=utf-8''caf%C3; filename*1*=%A9.doc", "filename", "café.doc"},
		"RFC 2231 before the other":   {"attachment; filename=_.txt; filename*=utf-8''%C3%A9.txt", "filename", "é.txt"},
		"encoded word":                {`attachment; filename="=?koi8-r?b?79TexdQ=?="`, "filename", "Отчет"},
		"encoded word without quotes": {"attachment; filename==?utf-8?Q?Bill--?= =?utf-8?Q?2=2Epdf?=", "filename", "Bill--2.pdf"},
		"encoded word over segments":  {`attachment; filename*0="=?UTF-8?Q?fun=F0=9F"; filename*1="=98=81.docx?="`, "filename", "fun😁.docx"},
		"encoded words amid a letter": {`attachment; filename="=?gb18030?B?xA==?= =?gb18030?B?4y5leGU=?="`, "filename", "你.exe"},
		"encoded words amid it, Q":    {`attachment; filename="=?big5?Q?=A7?= =?BIG5?q?=41.exe?="`, "filename", "你.exe"},
		"encoded words that differ":   {`attachment; filename="=?koi8-r?b?79TexdQ=?= =?utf-8?q?=C3=A9?="`, "filename", "Отчетé"},
		"encoded word, with language": {`attachment; filename="=?gb2312*zh-CN?B?xOM=?="`, "filename", "你"},
		"encoded words, one broken":   {`attachment; filename="=?utf-8?B?YQ?= =?utf-8?B?Yg==?= =?utf-8?Q?c"`, "filename", "=?utf-8?B?YQ?= b =?utf-8?Q?c"},
		"raw Latin 1":                 {"attachment; filename=\"caf\xe9.exe\"", "filename", "café.exe"},
		"none":                        {"attachment", "filename", ""},
	} {
		assert.Equal(t, tt.want, mimeparam.Parse(tt.field).Get(tt.param), name)
	}
	assert.Equal(t, "text/plain", mimeparam.Parse(" Text/PLAIN (a(b)c) ; x=y").Value)
	assert.Equal(t, []string{"a", "b"}, mimeparam.Parse("x; A*0=1; b=2; a*1=3; a=4").Names())
}

func TestAllReadings(t *testing.T) {
	t.Parallel()
	got := mimeparam.Parse("attachment; filename=plain.txt; filename*=utf-8''%C3%A9.txt; filename=plain.txt; filename=\"b\xe9\"").All("filename")
	assert.Equal(t, []mimeparam.Text{{Text: "é.txt"}, {Text: "plain.txt"}, {Text: "bé", Guessed: true}}, got)
	assert.True(t, mimeparam.Parse("a; n*=x-none''%E9").All("n")[0].Guessed)
	assert.True(t, mimeparam.Parse("a; n=\"=?x-none?q?=E9?=\"").All("n")[0].Guessed)
	assert.False(t, mimeparam.Parse("a; n*=''abc").All("n")[0].Guessed, "ASCII is the same in all")
}

func FuzzParse(f *testing.F) {
	f.Add(`text/plain (x); charset="utf-8"; name*0*=euc-kr''%B0%B3; name*1=".zip"; =; ;"`)
	f.Add("a; b=\"\\\"; c=d; e*1*=%zz; e*=x'y; f=\"\xe9")
	f.Fuzz(func(t *testing.T, body string) {
		field := mimeparam.Parse(body)
		for _, name := range field.Names() {
			for _, text := range field.All(name) {
				if !utf8.ValidString(text.Text) || len(text.Text) > 16*len(body)+16 {
					t.Fatalf("%q of %q", text.Text, body)
				}
			}
		}
		again := mimeparam.Parse(strings.ReplaceAll(body, "\xff", "?"))
		assert.LessOrEqual(t, len(again.Names()), len(body))
	})
}
