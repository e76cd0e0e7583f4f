package quarantine_test

import (
	"fmt"
	"mime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Texts with a special meaning in a shell, a query language, XML or Unicode are found
// as they are, as a subject, as the name of an attachment and as the name of a
// sender, and similar texts are not.
func TestOddTexts(t *testing.T) {
	t.Parallel()
	texts := []string{
		"[External] Free and $10 coupons", "100% off *now*", `He said "pay"`, "a'b--; DROP", `C:\temp\x`, "re: FW: RE: AW: hello", "(.*)", "[abc]",
		"x & y <z>", "tab\tinside", "Ünïcödé ß 発注書", "İstanbul ıi", "emoji 💰💰", "a\u00a0b", "zero\u200bwidth", "ﬁle", "e\u0301cole",
		strings.Repeat("long ", 80) + "end", "subject:evil OR from:x", "#{x}", "%s%n", "ΣΑΣ final", "...", "]]>", "&amp;", "<!--", "\u202Efdp.exe", "a,b;c",
	}
	for _, impersonation := range []bool{false, true} {
		srv, strategy := criteriaWorld(t, impersonation)
		for i, text := range texts {
			encoded := mime.QEncoding.Encode("utf-8", text)
			name := mime.FormatMediaType("attachment", map[string]string{"filename": strings.NewReplacer("/", "_", `\`, "_", "\t", " ").Replace(text)})
			body := "--b\nContent-Type: text/plain\n\nhello\n--b\nContent-Type: application/octet-stream\nContent-Disposition: " + name + "\n\nx\n--b--\n"
			srv.Mailbox(alice).DeliverWith(mail(fmt.Sprint(i, "@x"), "From: mallory@evil.example\nSubject: "+encoded+"\nContent-Type: multipart/mixed; boundary=b", body),
				ewstest.Delivery{Received: criteriaDay})
		}
		for i, text := range texts {
			want := []string{fmt.Sprint(i, "@x")}
			asked := strings.ReplaceAll(text, "\t", " ")
			got, undecided, err := findBy(t, strategy, quarantine.Criteria{Subject: asked, Sender: "mallory@evil.example"}, quarantine.Limits{})
			require.NoError(t, err)
			assert.Equal(t, want, got, "subject %.40q", text)
			assert.Empty(t, undecided)
			file := strings.NewReplacer("/", "_", `\`, "_", "\t", " ").Replace(text)
			got, _, err = findBy(t, strategy, quarantine.Criteria{AttachmentName: file, Sender: "mallory@evil.example"}, quarantine.Limits{})
			if err != nil {
				require.ErrorIs(t, err, quarantine.ErrInvalid, "name %.40q", text)
				continue
			}
			assert.Equal(t, want, got, "name %.40q", text)
		}
	}
}
