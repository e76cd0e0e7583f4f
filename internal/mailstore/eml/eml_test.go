package eml_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

func render(m *eml.Message, key string) []byte {
	return bytes.Join(m.Render(eml.Rendering{Key: []byte(key)}), nil)
}

func TestHeaderTexts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ raw, header, want string }{
		"plain":           {"Subject: a\r\n\r\n", "subject", "a"},
		"folded":          {"Subject: a\r\n b\r\n\tc\r\n\r\n", "Subject", "a b c"},
		"encoded":         {"Subject: =?utf-8?q?R=C3=A9sum=C3=A9?=\n\n", "Subject", "Résumé"},
		"latin1":          {"Subject: =?iso-8859-1?q?=E9?=\n\n", "Subject", "é"},
		"gb2312":          {"Subject: =?gb2312?b?xOO6ww==?=\n\n", "Subject", "你好"},
		"unknown set":     {"Subject: =?x-none?q?a?=\n\n", "Subject", "=?x-none?q?a?="},
		"raw bytes":       {"Subject: caf\xe9\n\n", "Subject", "café"},
		"control":         {"Subject: =?utf-8?q?a=1Fb?=\n\n", "Subject", "a\x1fb"},
		"mailbox file":    {"From eve Mon\nSubject: a\n\nx", "Subject", "a"},
		"line of rubbish": {"Subject: a\nrubbish\nTo: b\n\n", "To", "b"},
		"space at colon":  {"Subject : a\n\n", "Subject", "a"},
		"no header":       {"Hello: no, wait\nthis is text", "Hello", "no, wait"},
		"absent":          {"Subject: a\n\n", "X", ""},
	} {
		assert.Equal(t, tt.want, eml.Parse([]byte(tt.raw)).Header(tt.header), name)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]eml.Address{
		"Eve <eve@x.example>, bob@x.example": {{Name: "Eve", Email: "eve@x.example"}, {Email: "bob@x.example"}},
		`"A, B" <ab@x.example>; c@x.example`: {{Name: "A, B", Email: "ab@x.example"}, {Email: "c@x.example"}},
		"=?utf-8?q?=C3=A4?= <a@x.example>":   {{Name: "ä", Email: "a@x.example"}},
		"Eve [bad] <eve@x.example":           {{Name: "Eve [bad]", Email: "eve@x.example"}},
		"undisclosed-recipients:;":           nil,
		"just a name":                        {{Name: "just a name"}},
		"":                                   nil,
	} {
		m := eml.Parse([]byte("To: " + value + "\n\n"))
		got := m.Addresses("To")
		if len(want) == 0 {
			assert.LessOrEqual(t, len(got), 1, value)
			continue
		}
		assert.Equal(t, want, got, value)
	}
}

func TestAttachmentsAndBody(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		raw         string
		attachments []string
		body        string
		html        bool
		class       string
	}{
		"text":        {"Subject: a\n\nhello\n", nil, "hello\n", false, "IPM.Note"},
		"quoted":      {"Content-Transfer-Encoding: quoted-printable\n\nh=C3=A9\n", nil, "hé\n", false, "IPM.Note"},
		"html":        {"Content-Type: text/html; charset=iso-8859-1\n\n<b>\xe9</b>", nil, "<b>é</b>", true, "IPM.Note"},
		"mixed":       {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n--b\nContent-Type: application/pdf; name=\"x.pdf\"\nContent-Transfer-Encoding: base64\n\nQUJD\n--b--\n", []string{"x.pdf"}, "hello", false, "IPM.Note"},
		"unclosed":    {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n--b\nContent-Disposition: attachment; filename=y\n\nABC", []string{"y"}, "hello", false, "IPM.Note"},
		"no boundary": {"Content-Type: multipart/mixed\n\n--b\n\nhello\n", nil, "", false, "IPM.Note"},
		"attached":    {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: inner\n\nx\n--b--\n", []string{"inner"}, "", false, "IPM.Note"},
		"rfc2231":     {"Content-Disposition: attachment; filename*=utf-8''%e2%82%ac.txt\n\nx", []string{"€.txt"}, "", false, "IPM.Note"},
		"signed":      {"Content-Type: multipart/signed; boundary=b; protocol=\"application/pkcs7-signature\"\n\n--b\n\nx\n--b--\n", []string{"smime.p7m"}, "", false, "IPM.Note.SMIME.MultipartSigned"},
		"enveloped":   {"Content-Type: application/pkcs7-mime\n\nx", []string{"smime.p7m"}, "", false, "IPM.Note.SMIME"},
		"bounce":      {"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nfailed\n--b--\n", nil, "failed", false, "REPORT.IPM.Note.NDR"},
		"meeting":     {"Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\n", nil, "", false, "IPM.Schedule.Meeting.Request"},
		"cancelled":   {"Content-Type: text/calendar; method=CANCEL\n\nBEGIN:VCALENDAR\n", nil, "", false, "IPM.Schedule.Meeting.Canceled"},
	} {
		m := eml.Parse([]byte(tt.raw))
		var names []string
		for _, a := range m.Attachments() {
			names = append(names, a.Name)
		}
		assert.Equal(t, tt.attachments, names, name)
		body, html := m.Body()
		assert.Equal(t, tt.body, body, name)
		assert.Equal(t, tt.html, html, name)
		assert.Equal(t, tt.class, m.Class(), name)
	}
}

func TestAttachmentSizeIsDecoded(t *testing.T) {
	t.Parallel()
	m := eml.Parse([]byte("Content-Disposition: attachment; filename=a\nContent-Transfer-Encoding: base64\n\nQUJD\nREVG\n"))
	all := m.Attachments()
	require.Len(t, all, 1)
	assert.Equal(t, int64(6), all[0].Size)
	b, err := io.ReadAll(all[0].Open())
	require.NoError(t, err)
	assert.Equal(t, "ABCDEF", string(b))
}

func TestDate(t *testing.T) {
	t.Parallel()
	at, ok := eml.Parse([]byte("Date: Tue, 24 Nov 2026 11:00:00 +0100\n\n")).Date()
	assert.True(t, ok)
	assert.Equal(t, time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), at)
	_, ok = eml.Parse([]byte("Date: yesterday\n\n")).Date()
	assert.False(t, ok)
}

func TestRender(t *testing.T) {
	t.Parallel()
	const raw = "X-One: 1\nMessage-ID: <1@x>\nSubject: a\n b\nContent-Type: multipart/mixed; boundary=b; charset=x\nFrom: e@x\n\npre\n--b\n\nhello\n--b\nContent-Disposition: attachment; filename=y\n\nABC\n--b--\npost\n"
	m := eml.Parse([]byte(raw))
	got := string(render(m, "key"))
	assert.Equal(t, got, string(render(m, "key")), "the same each time")
	assert.NotEqual(t, got, string(render(m, "other")), "another item has other boundaries")
	assert.True(t, strings.HasPrefix(got, "From: e@x\r\nSubject: a\r\n\tb\r\nMessage-ID: <1@x>\r\nX-One: 1\r\nX-MS-Has-Attach: yes\r\n"), got)
	assert.NotContains(t, strings.ReplaceAll(got, "\r\n", ""), "\n")
	again := string(render(eml.Parse([]byte(got)), "key"))
	assert.Equal(t, got, again, "rewriting again changes nothing")
	changed := string(bytes.Join(m.Render(eml.Rendering{Key: []byte("key"), Fields: []eml.Field{{Name: "X-One", Value: "é\r\nX-Two: 2"}}}), nil))
	assert.Contains(t, changed, "X-One: =?utf-8?q?=C3=A9")
	assert.NotContains(t, changed, "\r\nX-Two")
}

// corpus calls f for each message of this package's own corpus, and of the corpus next to
// the repository if that exists.
func corpus(f func(name string, raw []byte)) {
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, e := os.Stat(filepath.Join(dir, "go.mod")); e == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	for _, pattern := range []string{filepath.Join(dir, "..", "shared", "corpus", "*", "*.eml"), filepath.Join("testdata", "*.eml")} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			if raw, err := os.ReadFile(name); err == nil {
				f(filepath.Base(name), raw)
			}
		}
	}
}

func TestCorpusKeepsItsContent(t *testing.T) {
	t.Parallel()
	n := 0
	corpus(func(name string, raw []byte) {
		n++
		m := eml.Parse(raw)
		made := render(m, "key")
		assert.NotEqual(t, string(raw), string(made), name)
		again := eml.Parse(made)
		assert.Equal(t, string(made), string(render(again, "key")), name)
		for _, h := range []string{"Subject", "From", "To", "Date", "Message-ID"} {
			assert.Equal(t, m.Header(h), again.Header(h), "%s: %s", name, h)
		}
		before, after := m.Attachments(), again.Attachments()
		require.Len(t, after, len(before), name)
		for i := range before {
			assert.Equal(t, before[i].Name, after[i].Name, name)
		}
	})
	assert.Positive(t, n)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("Subject: a\r\n\r\nb"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n--b--\n"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=\"\"\n\n--\n"))
	f.Add([]byte("\n"))
	f.Add([]byte("Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nAction: relayed\n--b--\n"))
	f.Add([]byte("Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\nContent-Type: message/disposition-notification\n\nDisposition: a/b; deleted/c\n--b--\n"))
	corpus(func(_ string, raw []byte) {
		if len(raw) < 8<<10 {
			f.Add(raw)
		}
	})
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := eml.Parse(raw)
		m.Attachments()
		m.Body()
		m.Class()
		m.Date()
		m.HeaderText()
		m.Addresses("To")
		made := render(m, "key")
		again := eml.Parse(made)
		if !bytes.Equal(made, render(again, "key")) {
			t.Errorf("rewriting again changes the message:\n%q\n%q", made, render(again, "key"))
		}
	})
}

// In UTF-16, the byte of a line feed can be half of another character.
func TestRenderKeepsWideTexts(t *testing.T) {
	t.Parallel()
	const text = "a\x00\r\x00\n\x00b\x00\x0a\x0a"
	for charset, kept := range map[string]bool{"utf-16le": true, "UTF-16": true, "utf-32le": true, "utf-8": false} {
		got := string(render(eml.Parse([]byte("Content-Type: text/plain; charset="+charset+"\n\n"+text)), "key"))
		assert.Equal(t, kept, strings.HasSuffix(got, "\r\n\r\n"+text), "%s: %q", charset, got)
	}
}

// Names can be in any charset, and next to defective parameters.
func TestAttachmentNames(t *testing.T) {
	t.Parallel()
	for disposition, want := range map[string]string{
		"filename*=euc-kr''%C7%D1.zip":                                     "한.zip",
		"filename*0*=windows-1251''%CF%F0; filename*1*=%E8%E2%E5%F2.doc":   "Привет.doc",
		"filename*=''caf%C3%A9.doc":                                        "café.doc",
		"size; filename*0=\"pay\"; filename*1=\"roll.exe\"; =":             "payroll.exe",
		"filename==?utf-8?Q?Bill--?= =?utf-8?Q?2=2Epdf?=; x":               "Bill--2.pdf",
		"filename=\"C:\\temp\\a.exe\"":                                     `C:\temp\a.exe`,
		"filename*=iso-8859-1''Rechnung%20f%FCr.html; filename=other.html": "Rechnung für.html",
	} {
		m := eml.Parse([]byte("\uFEFFContent-Type: application/octet-stream\r\nContent-Disposition: attachment; " + disposition + "\r\n\r\nx"))
		require.Len(t, m.Attachments(), 1, disposition)
		assert.Equal(t, want, m.Attachments()[0].Name)
	}
}
