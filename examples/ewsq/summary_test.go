package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestSummary makes the page for a run in which one user had replied, one folder could not
// be searched and one message was put back.
func TestSummary(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	m := b.srv.Mailbox("bob@example.test").Messages()[0]
	_, err := b.srv.Client("bob", nil).Do(t.Context(), ews.DoRequest{Body: fmt.Appendf(nil,
		`<m:CreateItem MessageDisposition="SendOnly"><m:Items><t:ReplyToItem><t:ReferenceItemId Id="%s" ChangeKey="%s"/>`+
			`<t:NewBodyContent BodyType="Text">Paid.</t:NewBodyContent></t:ReplyToItem></m:Items></m:CreateItem>`, m.ID.ID, m.ID.ChangeKey)})
	require.NoError(t, err)
	b.write(t, "targets.csv", "mailbox,message_id,reason\nalice@example.test,"+phishing+",\"credential <b>phishing</b>\"\nbob@example.test,"+phishing+",\n")
	taken := b.run(t, "quarantine", "-targets", filepath.Join(b.dir, "targets.csv"))
	receipts := b.write(t, "receipts.jsonl", taken.stdout)
	fault := b.srv.Fail(ewstest.When{Operation: ews.OpFindItem}, ewstest.MemberCode("ErrorAccessDenied"))
	closed := b.run(t, "find", "-mailbox", "carol@example.test", "-message-id", phishing)
	fault.Cancel()
	back := b.run(t, "restore", "-mailbox", "alice@example.test", "-message-id", phishing)
	require.Equal(t, exitDone, back.status, back.stderr)

	out := filepath.Join(b.dir, "campaign.html")
	b.stdin = b.read(t, receipts) + closed.stdout + back.stdout
	r := b.bare(t, "summary", "-out", out, "-title", "Case <17>")
	require.Equal(t, exitDone, r.status, r.stderr)
	require.Len(t, r.lines, 1)
	assert.InDelta(t, 2, r.lines[0]["messages"], 0, "a message that was put back is told of once")
	text, tags := readPage(t, b.read(t, out))
	for _, want := range []string{"Case <17>", "credential <b>phishing</b>", "bob@example.test", "replied 20", "carol@example.test", "/Inbox", "no permission", "restored"} {
		assert.Contains(t, text, want)
	}
	for tag := range tags {
		assert.NotContains(t, []string{"script", "img", "link", "a", "iframe", "form", "b i"}, tag, "the page loads and runs nothing")
	}
	call := text[strings.Index(text, "To call first"):strings.Index(text, "What could not be searched")]
	assert.Contains(t, call, "bob@example.test")
	info, err := os.Stat(out)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

// readPage returns the text of a page and its tags.
func readPage(t *testing.T, page string) (string, map[string]bool) {
	t.Helper()
	var text strings.Builder
	tags := make(map[string]bool)
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return text.String(), tags
		case html.TextToken:
			text.WriteString(z.Token().Data + " ")
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			tags[token.Data] = true
			for _, a := range token.Attr {
				assert.False(t, strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href", "%s=%q", a.Key, a.Val)
			}
		}
	}
}

// TestSummaryIsInert puts hostile text into every field that a sender or a stranger can write.
func TestSummaryIsInert(t *testing.T) {
	t.Parallel()
	b := &bundle{dir: t.TempDir()}
	hostile := `</td><script>alert(1)</script><img src=x onerror=alert(1)>\u202egpj.exe\u001b[31m"' onmouseover='alert(1)`
	line := strings.ReplaceAll(`{"server":"S","mailbox":"X","messageId":"X","outcome":"failed","strategy":"X","copies":1,"error":"X","forward":{"from":"X","parent":"X"},
"receipt":{"action":"quarantine","server":"X","strategy":"X","target":{"mailbox":"X","messageId":"X","reason":"X"},"started":"2026-11-24T10:00:00Z","finished":"2026-11-24T10:00:01Z",
"items":[{"outcome":"failed","folder":"X","wasRead":true,"messageId":"X","operation":"X","residue":"X","error":{"message":"X"},"reach":{"answer":"X","followUp":"X"}},{"outcome":"X","messageId":"other"}],
"unsearched":[{"folder":{"id":"X","path":"X"},"cause":"X","reason":"X"}]}}`, `"X"`, `"`+strings.ReplaceAll(hostile, `"`, `\"`)+`"`)
	b.write(t, "r.jsonl", strings.ReplaceAll(line, "\n", "")+"\nnot JSON\n{\"other\":1}\n")
	out := filepath.Join(b.dir, "page.html")
	r := b.bare(t, "summary", "-receipt", filepath.Join(b.dir, "r.jsonl"), "-out", out)
	assert.Equal(t, exitSome, r.status, "lines could not be read")
	page := b.read(t, out)
	text, tags := readPage(t, page)
	assert.False(t, tags["script"] || tags["img"])
	assert.Contains(t, text, "<script>alert(1)</script>")
	assert.Contains(t, text, "2 lines of the input")
	assert.Contains(t, text, "of another outcome", "none is left out of the count")
	assert.NotContains(t, page, "\u202e")
	assert.NotContains(t, page, "\x1b")

	for _, args := range [][]string{
		{"summary"}, {"summary", "-out", out, "-receipt", b.write(t, "empty", "")}, {"summary", "-out", out, "-receipt", filepath.Join(b.dir, "none")},
	} {
		assert.Equal(t, exitUsage, b.bare(t, args...).status, "%q", args)
	}
	failed := b.bare(t, "summary", "-receipt", filepath.Join(b.dir, "r.jsonl"), "-out", filepath.Join(b.dir, "none", "page.html"))
	assert.Equal(t, exitSome, failed.status)
}
