package eml_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

func TestAttachKeepsTheOtherParts(t *testing.T) {
	t.Parallel()
	const alternative = "Subject: one\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>rich</b>\r\n--b--\r\n"
	for name, tt := range map[string]struct {
		raw   string
		names []string
		kept  string
	}{
		"text":        {"Subject: one\r\n\r\nhello", []string{"new.txt"}, "hello"},
		"empty":       {"Subject: one\r\n", []string{"new.txt"}, ""},
		"alternative": {alternative, []string{"new.txt"}, "plain"},
		"mixed":       {many, []string{"list.csv", "fwd.eml", "bäd.exe", "€", "new.txt"}, "=E9"},
		"a file":      {"Subject: one\r\nContent-Type: application/pdf; name=x.pdf\r\n\r\n%PDF", []string{"x.pdf", "new.txt"}, "%PDF"},
		"no parts":    {"Subject: one\r\nContent-Type: multipart/mixed\r\n\r\nhello", []string{"new.txt"}, "hello"},
	} {
		m := eml.Parse([]byte(tt.raw))
		raw, ok := m.Attach(eml.File{Name: "new.txt", Content: []byte("new")})
		require.True(t, ok, name)
		with := eml.Parse(raw)
		assert.Equal(t, tt.names, names(with), name)
		assert.Contains(t, string(raw), tt.kept, name)
		assert.Equal(t, m.Header("Subject"), with.Header("Subject"), name)
		body, html := m.Body()
		after, rich := with.Body()
		assert.Equal(t, body, after, name)
		assert.Equal(t, html, rich, name)
		raw, ok = with.Detach(len(tt.names) - 1)
		require.True(t, ok, name)
		assert.Equal(t, names(m), names(eml.Parse(raw)), name)
		after, _ = eml.Parse(raw).Body()
		assert.Equal(t, strings.TrimSpace(body), strings.TrimSpace(after), name)
	}
	for _, sealed := range []string{"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--", "Content-Type: application/pkcs7-mime\r\n\r\nx"} {
		_, ok := eml.Parse([]byte(sealed)).Attach(eml.File{Name: "a"})
		assert.False(t, ok)
		_, ok = eml.Parse([]byte(sealed)).Detach(0)
		assert.False(t, ok)
	}
}

func TestDetachTheOnlyPart(t *testing.T) {
	t.Parallel()
	raw, ok := eml.Parse([]byte("Subject: one\r\nContent-Type: application/pdf; name=x.pdf\r\n\r\n%PDF")).Detach(0)
	require.True(t, ok)
	assert.Equal(t, "Subject: one\r\n\r\n", string(raw))
}

func TestReplaceAnAttachedMessage(t *testing.T) {
	t.Parallel()
	raw := strings.Replace(many, "Content-Type: message/rfc822; name=fwd.eml\r\n", "Content-Type: message/rfc822; name=fwd.eml\r\nContent-Transfer-Encoding: base64\r\n", 1)
	m := eml.Parse(eml.Parse([]byte(raw)).Replace(1, []byte("Subject: other\r\n\r\ny")))
	assert.Equal(t, names(eml.Parse([]byte(raw))), names(m))
	b, err := io.ReadAll(m.Attachments()[1].Open())
	require.NoError(t, err)
	assert.Equal(t, "Subject: other\r\n\r\ny", string(b))
}

func FuzzAttach(f *testing.F) {
	f.Add([]byte(many), "name", []byte("content"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx"), "ä\"", []byte("--b"))
	f.Add([]byte("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\ny"), "", []byte(nil))
	f.Fuzz(func(t *testing.T, raw []byte, name string, content []byte) {
		m := eml.Parse(raw)
		before := len(m.Attachments())
		for i := range min(before, 3) {
			_, _ = m.Detach(i)
		}
		changed, ok := m.Attach(eml.File{Name: name, Content: content})
		if !ok {
			return
		}
		all := eml.Parse(changed).Attachments()
		if got, err := io.ReadAll(all[before].Open()); err != nil || string(got) != string(content) {
			t.Errorf("the file is %q, not %q: %v", got, content, err)
		}
	})
}
