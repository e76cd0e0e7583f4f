package mimescan_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
)

// TestStructure checks that the messages within a message are told apart: for each, its
// header, texts, links and opaque content, in order.
func TestStructure(t *testing.T) {
	t.Parallel()
	message := crlf("Subject: outer\nContent-Type: multipart/mixed; boundary=a\n\n" +
		"--a\nContent-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: quoted-printable\n\n=C4=C1 https://lure.example/\n" +
		"--a\nContent-Type: text/plain; name=notes.txt\n\nnot a text of the message\n" +
		"--a\nContent-Type: message/rfc822\n\nSubject: inner\n folded\nContent-Type: multipart/mixed; boundary=b\n\n" +
		"--b\nContent-Type: text/html\n\n<a href=\"https://lure.example/\">x</a>\n" +
		"--b\nContent-Type: application/octet-stream; name=a.eml\n\nSubject: innermost\n\nhttps://lure.example/\n" +
		"--b\nContent-Type: application/ms-tnef; name=winmail.dat\n\nx\n--b--\n" +
		"--a\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n--a--\n")
	var got []string
	say := func(format string, args ...any) error {
		got = append(got, fmt.Sprintf(format, args...))
		return nil
	}
	report, err := mimescan.Scan(strings.NewReader(message), mimescan.Handler{
		Begin: func(header []byte) error {
			return say("begin %s", strings.ReplaceAll(strings.SplitN(string(header), "\r\nContent", 2)[0], "\r\n", ""))
		},
		End: func(r mimescan.Report) error { return say("end %s", r.Opaque) },
		Text: func(x mimescan.Text) error {
			if x.Attached {
				return say("file %s %s %s", x.Name, x.Kind, strings.TrimSpace(x.Text))
			}
			return say("text %s %t %s", x.Kind, x.Page, strings.TrimSpace(x.Text))
		},
		Link:       func(l string) error { return say("link %s", l) },
		Attachment: func(a mimescan.Attachment) error { return say("attachment %s %s", a.Type, a.Opaque) },
	})
	require.NoError(t, err)
	assert.Equal(t, "application/ms-tnef", report.Opaque)
	assert.Equal(t, []string{
		"begin Subject: outer",
		"text text/plain false да https://lure.example/", "link https://lure.example/",
		"file notes.txt text/plain not a text of the message", "attachment text/plain ",
		"begin Subject: inner folded",
		`text text/html true <a href="https://lure.example/">x</a>`, "link https://lure.example/",
		"begin Subject: innermost", "text text/plain false https://lure.example/", "link https://lure.example/", "end ", "attachment application/octet-stream ",
		"attachment application/ms-tnef application/ms-tnef",
		"end application/ms-tnef", "attachment message/rfc822 ",
		"text message/feedback-report false Feedback-Type: abuse", "attachment message/feedback-report ",
	}, got)
}

// TestTextIsCut checks that only the beginning of a long text is passed on, and all of it
// is scanned.
func TestTextIsCut(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	long := "Subject: " + strings.Repeat("s", 300<<10) + "\r\nX: y\r\n\r\n" + strings.Repeat("0123456789abcde\n", size/16) + "https://lure.example/"
	var header, text, links int
	_, err := mimescan.Scan(io.MultiReader(strings.NewReader(long)), mimescan.Handler{
		Begin: func(h []byte) error { header = len(h); return nil },
		Text: func(x mimescan.Text) error {
			text = len(x.Text)
			assert.True(t, x.Cut)
			return nil
		},
		Link: func(l string) error { links++; assert.Equal(t, "https://lure.example/", l); return nil },
	})
	require.NoError(t, err)
	assert.LessOrEqual(t, header, 256<<10)
	assert.Equal(t, 256<<10, text)
	assert.Equal(t, 1, links)
}

// TestWithinText checks that content found within a text is marked, whatever its form.
func TestWithinText(t *testing.T) {
	t.Parallel()
	inner := "Content-Type: message/rfc822\n\nSubject: inner\n\nwithin\n"
	uu := "begin-base64 644 a.eml\n" + "U3ViamVjdDogaW5uZXIKCndpdGhpbgo=\n====\n"
	for name, c := range map[string]struct {
		message string
		quoted  bool
	}{
		"a part":                {"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + inner + "--b--\n", false},
		"another boundary":      {"Content-Type: multipart/mixed; boundary=x\n\n--b\n" + inner + "--b--\n", false},
		"within a text":         {"Content-Type: text/plain\n\nhello\n" + inner, true},
		"encoded within a text": {"Content-Type: text/plain\n\nhello\n" + uu, true},
	} {
		var texts, messages []bool
		_, err := mimescan.Scan(strings.NewReader(crlf(c.message)), mimescan.Handler{
			Begin:      func([]byte) error { return nil },
			Attachment: func(mimescan.Attachment) error { return nil },
			Text: func(x mimescan.Text) error {
				if strings.HasPrefix(x.Text, "within") {
					texts = append(texts, x.Quoted)
				}
				return nil
			},
			End: func(r mimescan.Report) error { messages = append(messages, r.Quoted); return nil },
		})
		require.NoError(t, err, name)
		assert.Equal(t, []bool{c.quoted}, texts, name)
		assert.Equal(t, []bool{c.quoted}, messages, name)
	}
}
