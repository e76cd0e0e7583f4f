package mimescan_test

import (
	"fmt"
	"net/url"
	"strings"
)

// hostile is mail designed to be slow.
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
	"short lines":    {"a: b\n", strings.Repeat("x\n", 4_000) + "Content-X: y\n"},
	"hosts, bare":    {"\n", "=" + strings.Repeat("a.", 500) + "aa/"},
	"hosts, long":    {"\n", "http://a.example/?" + strings.Repeat("="+strings.Repeat("a.", 500)+"aa/", 30) + " "},
	"dots only":      {"\n", "a."},
	"names":          {"Content-Type: a/b;\n", numbered(" name=%d;\n")},
	"boundary names": {"Content-Type: multipart/mixed;\n", numbered(" boundary=%d;\n")},
	"segments":       {"Content-Type: a/b;\n", numbered(" name*%d*=''%%41;\n")},
	"many names":     {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: a/b;\n" + numbered(" name=%d;\n")[:120_000] + "\n\n"},
	"encoded words":  {"Content-Type: a/b; name=\"", "=?utf-8?q?=41?= =?x?b?QQ==?=\n "},
	"open quotes":    {"Content-Type: a/b;", ` a="\"; b="`},
	"long base":      {"Content-Type: text/html\n\n<base href='http://" + strings.Repeat("a/", 16_000) + "'>", "<a href=a>"},
	"conditional":    {"Content-Type: text/html\n\n", "<!--[if mso]><a href=b><![endif]-->"},
	"attribute":      {"Content-Type: text/html\n\n<a title='", "http:a "},
	"srcset":         {"Content-Type: text/html\n\n<img srcset='", "a 1x,"},
	"many links":     {"\n", numbered("http://a%d.example/ ")},
	"wrapped links":  {"\n", wrapped() + "\n"},
	"domains":        {"\n", "https://xn--" + strings.Repeat("a", 240) + " "},
	"dots":           {"\n", "https://a.example/" + strings.Repeat("../", 5_000) + " "},
	"nesting":        {nested("multipart/mixed; boundary=b%d\n\n--b%[1]d\n"), "\n"},
	"nested lines":   {nested("multipart/mixed; boundary=b%d\n\n--b%[1]d\n"), "http://a.example/\n"},
	"nested mail":    {nested("message/rfc822\n\n%.0d"), "http://a.example/\n"},
	"nested base64":  {"", "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"},
	"uuencode, page": {"\nbegin 644 a.html\n", "M" + strings.Repeat("/&\\H", 15) + "\n"},
	"quoted parts":   {"\n", "Content-Type: text/html\n\nx\n"},
	"quoted headers": {"\n", "Content-Type: text/html\n"},
	"encoded lines":  {"\n", strings.Repeat("QUJD", 16) + "\n\n"},
	"bare hosts":     {"\n", "a.example,b.example:"},
	"bare host":      {"\n", "a.exam.ple"},
	"zeros":          {"\n", "h\x00t\x00t\x00p\x00:\x00/\x00"},
	"quoted links":   {"\n", "http=3A//a.example/=\n"},
	"file names":     {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Disposition: attachment name:a name:b name:c name:d\n\n"},
	"calendar files": {"Content-Type: text/calendar\n\n", "ATTACH;ENCODING=BASE64:QUJD\n"},
	"calendar pages": {"Content-Type: text/calendar\n\nX:", "\"data:text/html,a\""},
	"style":          {"Content-Type: text/css\n\n", "url(//a)@import'b';\\61"},
	"last boundary":  {"Content-Type: multipart/mixed; boundary=b\n\n", "--b--\n"},
	"wide":           {"Content-Type: text/html; charset=utf-16\n\n\xff\xfe", "<\x00a\x00>\x00"},
	"tags, open":     {"Content-Type: text/html\n\n", "<"},
	"raw text":       {"Content-Type: text/html\n\n", "<script></a"},
	"data":           {"Content-Type: text/html\n\n", "<a href='data:text/html;base64,PGEgaHJlZj1odHRwOmE+'>"},
	"refresh":        {"Content-Type: text/html\n\n", "<meta http-equiv=refresh content='0;url=a'>"},
}

// numbered returns a text of 128 KiB with numbers.
func numbered(format string) string {
	var b strings.Builder
	for i := 0; b.Len() < 128<<10; i++ {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// nested returns the headers of parts that are nested as deeply as Scan reads.
func nested(format string) string {
	var b strings.Builder
	for i := range 31 {
		fmt.Fprintf(&b, "Content-Type: "+format, i)
	}
	return b.String() + "\n"
}

// wrapped returns a link that is wrapped nearly as often as a Matcher unwraps.
func wrapped() string {
	link := "https://a.example/"
	for range 9 {
		link = "https://linkprotect.cudasvc.com/url?a=" + url.QueryEscape(link)
	}
	return link
}
