package eml_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

func changed(raw string, c eml.Changes) (string, *eml.Message) {
	b := bytes.Join(eml.Parse([]byte(raw)).Render(eml.Rendering{Key: []byte("k"), Changes: c}), nil)
	return string(b), eml.Parse(b)
}

const many = "From: eve@x.example\r\nX-Mailer: Bulk\r\nx-Spam: 1\r\nSubject: =?koi8-r?b?79TexdQ=?=\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=iso-8859-1; format=flowed\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9\r\n" +
	"--b\r\nContent-Type: text/csv; charset=iso-8859-1; name=list.csv\r\nContent-Disposition: attachment; filename=list.csv\r\n\r\na;\xe9\r\n" +
	"--b\r\nContent-Type: message/rfc822; name=fwd.eml\r\n\r\nSubject: inner\r\nX-Inner: 1\r\nContent-Disposition: attachment; filename=i.txt\r\n\r\nx\r\n" +
	"--b\r\nContent-Type: application/octet-stream; name=\"=?utf-8?q?b=C3=A4d=2Eexe?=\"\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQ\r\n" +
	"--b\r\nContent-Disposition: attachment; filename*=utf-8''%e2%82%ac; size=1\r\n\r\ny\r\n--b--\r\n"

func names(m *eml.Message) []string {
	var all []string
	for _, a := range m.Attachments() {
		all = append(all, a.Name)
	}
	return all
}

func TestDroppedFields(t *testing.T) {
	t.Parallel()
	text, m := changed(many, eml.Changes{Drop: true})
	assert.NotContains(t, text, "X-Mailer")
	assert.NotContains(t, text, "x-Spam")
	assert.NotContains(t, text, "X-MS-Has-Attach", "nor what the server adds itself")
	assert.Contains(t, text, "X-Inner: 1", "an attached message is content")
	assert.Equal(t, "Отчет", m.Header("Subject"))
	assert.Equal(t, names(eml.Parse([]byte(many))), names(m))
	set := eml.Rendering{Fields: []eml.Field{{Name: "X-Quarantined", Value: "yes"}}, Changes: eml.Changes{Drop: true}}
	assert.NotContains(t, string(bytes.Join(eml.Parse([]byte(many)).Render(set), nil)), "X-Quarantined")
}

func TestRenamedAttachments(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"list.csv", "fwd.eml", "bäd.exe", "€"}, names(eml.Parse([]byte(many))))
	text, m := changed(many, eml.Changes{Rename: true})
	assert.Equal(t, []string{"ATT00001.csv", "fwd.eml", "ATT00002.exe", "ATT00003"}, names(m))
	assert.NotContains(t, text, "list.csv", "neither in Content-Type nor in Content-Disposition")
	assert.Contains(t, text, "size=1")
	assert.Contains(t, text, "filename=i.txt")
	for i, a := range m.Attachments() {
		want, err := io.ReadAll(eml.Parse([]byte(many)).Attachments()[i].Open())
		require.NoError(t, err)
		got, err := io.ReadAll(a.Open())
		require.NoError(t, err)
		assert.Equal(t, want, got, a.Name)
	}
	again, _ := changed(text, eml.Changes{Rename: true})
	_, m = changed(again, eml.Changes{})
	assert.Equal(t, []string{"ATT00001.csv", "fwd.eml", "ATT00002.exe", "ATT00003"}, names(m), "names that were given stay")
	_, m = changed("Content-Type: application/pdf; name=x.pdf\r\n\r\n%PDF", eml.Changes{Rename: true})
	assert.Equal(t, []string{"ATT00001.pdf"}, names(m), "a message that is one file")
	text, _ = changed("Content-Type: a b; name=x.pdf\r\nContent-Disposition: a b; filename=x.pdf\r\n\r\nx", eml.Changes{Rename: true})
	assert.NotContains(t, text, "x.pdf", "also in fields that nobody can write")
	for _, sealed := range []string{
		"Content-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\nMIAG\r\n",
		"Content-Type: multipart/signed; boundary=b; name=s\r\n\r\n--b\r\nContent-Type: text/plain; name=a.txt\r\n\r\nx\r\n--b--\r\n",
	} {
		plain, _ := changed(sealed, eml.Changes{})
		text, _ = changed(sealed, eml.Changes{Rename: true, Recode: true})
		assert.Equal(t, plain, text, "a seal covers the names")
	}
}

func TestRecodedTexts(t *testing.T) {
	t.Parallel()
	recode := eml.Changes{Recode: true}
	text, m := changed(many, recode)
	body, _ := m.Body()
	assert.Equal(t, "café", body)
	assert.Contains(t, text, "Content-Transfer-Encoding: base64\r\n\r\nY2Fmw6k=\r\n")
	assert.Contains(t, text, "charset=utf-8; format=flowed")
	assert.Contains(t, text, "a;\xe9", "an attachment keeps its bytes")
	assert.Contains(t, text, "Subject: =?utf-8?b?")
	assert.Equal(t, "Отчет", m.Header("Subject"))
	for name, tt := range map[string]struct{ raw, contains, body string }{
		"base64":       {"Content-Type: text/html; charset=windows-1251\r\nContent-Transfer-Encoding: base64\r\n\r\nz/Do4uXy\r\n", "quoted-printable\r\n\r\n=D0=9F", "Привет"},
		"no type":      {"Subject: a\r\n\r\nhello\r\n", "Content-Type: text/plain; charset=utf-8", "hello\r\n"},
		"long":         {"Subject: a\r\n\r\n" + strings.Repeat("x", 200), base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 57))) + "\r\n", strings.Repeat("x", 200)},
		"empty":        {"Subject: a\r\n\r\n", "Content-Transfer-Encoding: base64\r\n\r\n", ""},
		"not the set":  {"Content-Type: text/plain; charset=x-none\r\n\r\nhello", "charset=x-none\r\n", "hello"},
		"no such text": {"Content-Type: text/plain\r\n\r\n\xff\xfe", "\xff\xfe", "ÿþ"},
		"uuencoded":    {"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a", "begin 644 a", "begin 644 a"},
		"no base64":    {"Content-Transfer-Encoding: base64\r\n\r\n!!!!", "!!!!", ""},
		"strange type": {"Content-Type: text/b(d; charset=utf-8\r\n\r\nhello", "hello", ""},
	} {
		text, m := changed(tt.raw, recode)
		assert.Contains(t, text, tt.contains, name)
		body, _ := m.Body()
		assert.Equal(t, tt.body, body, name)
	}
	plain, _ := changed(many, eml.Changes{})
	again, _ := changed(many, recode)
	assert.Equal(t, text, again, "the same each time")
	assert.NotEqual(t, plain, text)
}

// FuzzChanges checks that all changes together keep the text, and the number and
// content of the attachments.
func FuzzChanges(f *testing.F) {
	f.Add([]byte(many))
	f.Add([]byte("Content-Type:;name*0=00"))
	f.Add([]byte("Content-Type: text/plain; charset=koi8-r; name*0=a; name*1=b\r\nContent-Transfer-Encoding: base64\r\n\r\n//5hAA=="))
	corpus(func(_ string, raw []byte) {
		if len(raw) < 8<<10 {
			f.Add(raw)
		}
	})
	content := func(m *eml.Message) (all []string) {
		for _, a := range m.Attachments() {
			b, _ := io.ReadAll(a.Open())
			all = append(all, string(b))
		}
		return all
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if bytes.Contains(raw, []byte("16")) {
			return // the line ends of UTF-16 without a transfer encoding do not survive any rewriting
		}
		plain := eml.Parse(render(eml.Parse(raw), "k"))
		_, m := changed(string(raw), eml.Changes{Drop: true, Rename: true, Recode: true})
		want, wantHTML := plain.Body()
		got, html := m.Body()
		ends := strings.NewReplacer("\r\n", "\n", "\r", "\n") // a text has no others
		want, got = ends.Replace(want), ends.Replace(got)
		if want != got || wantHTML != html {
			t.Errorf("the text was %q and is %q", want, got)
		}
		assert.Equal(t, content(plain), content(m))
	})
}
