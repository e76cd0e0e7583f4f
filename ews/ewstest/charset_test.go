package ewstest_test

import (
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// wideText writes a text as UTF-16, the high byte of each unit first or last.
func wideText(s string, high bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		if high {
			b.Write([]byte{byte(u >> 8), byte(u)})
		} else {
			b.Write([]byte{byte(u), byte(u >> 8)})
		}
	}
	return b.String()
}

// TestEncodingsOfRequests: UTF-8 and UTF-16 are recognised by the bytes; a declaration
// that contradicts them is refused. What this test sends is not captured, because it is
// not UTF-8.
func TestEncodingsOfRequests(t *testing.T) {
	t.Setenv("EWSTEST_CAPTURE", "")
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	named := func(declared, subject string) string {
		long := strings.Repeat("x", 10000) // more than is read in one go
		text := envelope(createXML(saveOnly, folderOf("drafts", alice), `<t:Message><t:Subject>`+subject+`</t:Subject><t:Body BodyType="Text">`+long+`</t:Body></t:Message>`))
		if declared == "" {
			return text
		}
		return `<?xml ` + declared + `?>` + text
	}
	const subject, wideDeclared = "日本 𝔘", `version="1.0" encoding="utf-16"`
	for name, tt := range map[string]struct{ body, refused string }{
		"UTF-8":                   {named(`version="1.0" encoding="UTF-8"`, subject), ""},
		"UTF-8 with a mark":       {"\ufeff" + named(`version='1.0' encoding='utf-8'`, subject), ""},
		"UTF-8 not declared":      {named(`version="1.0"`, subject), ""},
		"UTF-8 without a word":    {named("", subject), ""},
		"UTF-16":                  {wideText("\ufeff"+named(wideDeclared, subject), false), ""},
		"UTF-16, other order":     {wideText("\ufeff"+named(wideDeclared, subject), true), ""},
		"UTF-16 without a mark":   {wideText(named(wideDeclared, subject), false), ""},
		"UTF-16BE":                {wideText(named(`version="1.0" encoding="utf-16BE"`, subject), true), ""},
		"UTF-16 not declared":     {wideText("\ufeff"+named("", subject), true), ""},
		"UTF-16 said to be UTF-8": {wideText("\ufeff"+named(`version="1.0" encoding="utf-8"`, subject), false), "the encoding in the declaration, utf-8, is not that of the document, utf-16"},
		"UTF-8 said to be UTF-16": {named(wideDeclared, subject), "the encoding in the declaration, utf-16, is not that of the document, utf-8"},
		"Latin-1":                 {named(`version="1.0" encoding="ISO-8859-1"`, "caf\xe9"), "the encoding in the declaration, iso-8859-1, is not that of the document, utf-8"},
		"Latin-1, only ASCII":     {named(`version="1.0" encoding="iso-8859-1"`, "cafe"), "iso-8859-1"},
		"XML 1.1":                 {named(`version="1.1"`, subject), "the XML version 1.1 is not supported"},
		"half a character":        {wideText("\ufeff"+named(wideDeclared, subject), false) + "<", "not well-formed"},
		"nothing but a mark":      {"\xff\xfe", "not well-formed"},
	} {
		req := posted(t.Context(), t, srv.DirectURL(), strings.NewReader(tt.body))
		res, err := srv.As(srv.Direct(), "svc").RoundTrip(req)
		require.NoError(t, err)
		answer, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		if tt.refused != "" {
			assert.Equal(t, []string{"ErrorInvalidRequest"}, codes(string(answer)), name)
			assert.Contains(t, string(answer), tt.refused, name)
			continue
		}
		require.Equal(t, []string{"NoError"}, codes(string(answer)), "%s: %s", name, answer)
		messages := srv.Mailbox(alice).Messages()
		assert.Equal(t, subject, messages[len(messages)-1].Subject, name)
	}
}
