package eml_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

func TestEdit(t *testing.T) {
	t.Parallel()
	const mixed = "From: eve@x.example\r\nTo: a@x.example\r\nSubject: one\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\nplain\r\n--c\r\nContent-Type: text/html\r\n\r\n<b>rich</b>\r\n--c--\r\n--b\r\nContent-Disposition: attachment; filename=y.bin\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--b--\r\n"
	for name, tt := range map[string]struct {
		raw             string
		edit            eml.Edit
		subject, to     string
		body            string
		html            bool
		names, contents []string
	}{
		"nothing":           {mixed, eml.Edit{}, "one", "a@x.example", "<b>rich</b>", true, []string{"y.bin"}, []string{"ABC"}},
		"a field":           {mixed, eml.Edit{Fields: []eml.Field{{Name: "subject", Value: "zwölf"}}}, "zwölf", "a@x.example", "<b>rich</b>", true, []string{"y.bin"}, []string{"ABC"}},
		"no field":          {mixed, eml.Edit{Fields: []eml.Field{{Name: "To"}}}, "one", "", "<b>rich</b>", true, []string{"y.bin"}, []string{"ABC"}},
		"text":              {mixed, eml.Edit{Body: &eml.Body{Text: "gone"}}, "one", "a@x.example", "gone", false, []string{"y.bin"}, []string{"ABC"}},
		"a file":            {mixed, eml.Edit{Files: []eml.File{{Name: "ä.txt", ContentType: "text/plain", Content: []byte("xyz")}}}, "one", "a@x.example", "<b>rich</b>", true, []string{"y.bin", "ä.txt"}, []string{"ABC", "xyz"}},
		"a file of parts":   {"Subject: one\n\nhello", eml.Edit{Files: []eml.File{{Name: "m", ContentType: "multipart/mixed; boundary=b", Content: []byte("--b\n\nx")}}}, "one", "", "hello", false, []string{"m"}, []string{"--b\n\nx"}},
		"all of a new one":  {"", eml.Edit{Fields: []eml.Field{{Name: "Subject", Value: "new"}}, Body: &eml.Body{HTML: true, Text: "<i>ö</i>"}}, "new", "", "<i>ö</i>", true, nil, nil},
		"a long file":       {"", eml.Edit{Files: []eml.File{{Name: "l", Content: []byte(strings.Repeat("0123456789", 50))}}}, "", "", "", false, []string{"l"}, []string{strings.Repeat("0123456789", 50)}},
		"text of malformed": {"Subject: one\nrubbish\n\nhello", eml.Edit{Body: &eml.Body{Text: "gone"}}, "one", "", "gone", false, nil, nil},
	} {
		m := eml.Parse(eml.Parse([]byte(tt.raw)).Edit(tt.edit))
		assert.Equal(t, tt.subject, m.Header("Subject"), name)
		assert.Equal(t, tt.to, m.Header("To"), name)
		body, html := m.Body()
		assert.Equal(t, tt.body, strings.TrimSpace(body), name)
		assert.Equal(t, tt.html, html, name)
		var names, contents []string
		for _, a := range m.Attachments() {
			content, err := io.ReadAll(a.Open())
			require.NoError(t, err, name)
			names, contents = append(names, a.Name), append(contents, string(content))
		}
		assert.Equal(t, tt.names, names, name)
		assert.Equal(t, tt.contents, contents, name)
	}
}

func TestFormatAddresses(t *testing.T) {
	t.Parallel()
	all := []eml.Address{{Name: "Bär, B.", Email: "b@x.example"}, {Email: "c@x.example"}}
	m := eml.Parse(eml.Parse(nil).Edit(eml.Edit{Fields: []eml.Field{{Name: "To", Value: eml.FormatAddresses(all)}}}))
	assert.Equal(t, all, m.Addresses("To"))
}

func TestAppend(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "a</body>b", eml.Append("a</body>", false, "b"))
	assert.Equal(t, "<p>a</p><p>b</p>", eml.Append("<p>a</p>", true, "<p>b</p>"))
	assert.Equal(t, "<body>a<p>b</p></BODY ></html>", eml.Append("<body>a</BODY ></html>", true, "<p>b</p>"))
}

func TestHTML(t *testing.T) {
	t.Parallel()
	for page, want := range map[string][2]string{
		"<p>a</p><p>b</p>":                                {"a\r\nb", "<p>a</p><p>b</p>"},
		"a<br>b<br/>c":                                    {"a\r\nb\r\nc", "a<br>b<br/>c"},
		"<script>x</script>a":                             {"a", "a"},
		"<script>x":                                       {"", ""},
		`<a href="http://x.example/">a</a>`:               {"a<http://x.example/>", `<a href="http://x.example/">a</a>`},
		`<a href=" JavaScript:x" OnClick="x">a</a>`:       {"a< JavaScript:x>", "<a>a</a>"},
		"<head><title>t</title><body>a":                   {"a", "<head><title>t</title><body>a"},
		"<iframe src=x><b>no</b></iframe>a<embed src=x>b": {"<b>no</b>ab", "ab"},
		"a &lt;b&gt; &amp;":                               {"a <b> &", "a &lt;b&gt; &amp;"},
		"  spaced   <b> out </b> ":                        {"spaced  out", "  spaced   <b> out </b> "},
	} {
		assert.Equal(t, want[0], eml.PlainText(page), page)
		assert.Equal(t, want[1], eml.SafeHTML(page), page)
	}
}

func FuzzEdit(f *testing.F) {
	f.Add("Subject: a\n\nb", "text", "name", []byte("content"))
	f.Add("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx", "<script>", "ä\"", []byte("--b"))
	f.Add("", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, raw, text, name string, content []byte) {
		edited := eml.Parse(eml.Parse([]byte(raw)).Edit(eml.Edit{Body: &eml.Body{Text: text}, Files: []eml.File{{Name: name, Content: content}}}))
		all := edited.Attachments()
		if len(all) == 0 {
			t.Fatalf("the file is lost: %q", edited.Raw())
		}
		if got, err := io.ReadAll(all[len(all)-1].Open()); err != nil || string(got) != string(content) {
			t.Errorf("the file is %q, not %q: %v", got, content, err)
		}
		_, _ = eml.PlainText(raw), eml.SafeHTML(raw)
	})
}
