package ewstest

import (
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// aqsKeyword makes a predicate from a value, and reports whether the value is valid for
// the keyword.
type aqsKeyword func(aqsToken, aqsReader) (aqsTest, bool)

// aqsTexts are the keywords whose values are words. A value without a keyword is searched
// for in the texts of all of them.
var aqsTexts = map[string]bool{
	"subject": true, "body": true, "content": true, "from": true, "to": true, "cc": true, "bcc": true,
	"recipients": true, "participants": true, "attachment": true, "category": true,
}

// aqsKeywords are the keywords; the empty one is for values without a keyword.
var aqsKeywords = map[string]aqsKeyword{
	"subject":        aqsText(aqsSubject),
	"body":           aqsText(aqsBody),
	"content":        aqsText(aqsBody),
	"from":           aqsPeople(aqsSenders),
	"to":             aqsPeople(aqsRecipients("To")),
	"cc":             aqsPeople(aqsRecipients("Cc")),
	"bcc":            aqsPeople(aqsRecipients("Bcc")),
	"recipients":     aqsPeople(aqsRecipients("To", "Cc", "Bcc")),
	"participants":   aqsPeople(aqsRecipients("To", "Cc", "Bcc")), // not the sender, according to Microsoft's page
	"attachment":     aqsText(aqsAttachments),
	"category":       aqsText(aqsCategories),
	"importance":     aqsName(func(it *mailstore.Item) string { return it.Importance() }, "low", "normal", "high"),
	"kind":           aqsName(aqsKind, "contacts", "docs", "email", "faxes", "im", "journals", "meetings", "notes", "posts", "rssfeeds", "tasks", "voicemail"),
	"hasattachment":  aqsTruth(func(it *mailstore.Item) bool { return it.Properties().Bool(mailstore.TagHasAttachments) }),
	"hasattachments": aqsTruth(func(it *mailstore.Item) bool { return it.Properties().Bool(mailstore.TagHasAttachments) }),
	"isread":         aqsTruth((*mailstore.Item).Read),
	"isflagged":      aqsTruth(func(it *mailstore.Item) bool { return it.Flag().Status == "Flagged" }),
	"size":           func(aqsToken, aqsReader) (aqsTest, bool) { return nil, false }, // see sized
	"received":       func(aqsToken, aqsReader) (aqsTest, bool) { return nil, false }, // see during
	"sent":           func(aqsToken, aqsReader) (aqsTest, bool) { return nil, false },
	"":               aqsText(aqsAll),
}

func aqsAll(it *mailstore.Item) []string {
	return slices.Concat(aqsSubject(it), aqsSenders(it), aqsRecipients("To", "Cc", "Bcc")(it), aqsBody(it), aqsAttachments(it), aqsCategories(it))
}

func aqsSubject(it *mailstore.Item) []string {
	return []string{it.Properties().Text(mailstore.TagSubject)}
}

func aqsCategories(it *mailstore.Item) []string {
	return it.Properties()[mailstore.PropKeywords].Values
}

func aqsBody(it *mailstore.Item) []string { return []string{bodyText(it)} }

func aqsSenders(it *mailstore.Item) []string {
	p := it.Properties()
	return []string{p.Text(mailstore.TagFromName), p.Text(mailstore.TagFromAddress), p.Text(mailstore.TagSenderName), p.Text(mailstore.TagSenderAddress)}
}

func aqsRecipients(headers ...string) aqsSource {
	return func(it *mailstore.Item) []string {
		var all []string
		for _, h := range headers {
			for _, a := range it.Content().Addresses(h) {
				all = append(all, a.Name, a.Email)
			}
		}
		return all
	}
}

// maxSearched limits how much of an attachment is read.
const maxSearched = 1 << 20

// aqsAttachments returns the names of attachments, and the content of text attachments
// and attached messages.
func aqsAttachments(it *mailstore.Item) []string {
	var all []string
	for _, a := range it.Content().Attachments() {
		all = append(all, a.Name)
		kind := strings.ToLower(a.ContentType)
		if !a.Item && !strings.HasPrefix(kind, "text/") {
			continue
		}
		content, _ := io.ReadAll(io.LimitReader(a.Open(), maxSearched))
		switch {
		case a.Item:
			inner := eml.Parse(content)
			text, html := inner.Body()
			if html {
				text = eml.PlainText(text)
			}
			all = append(all, inner.Header("Subject"), text)
		case strings.HasPrefix(kind, "text/html"):
			all = append(all, eml.PlainText(string(content)))
		default:
			all = append(all, string(content))
		}
	}
	return all
}

// aqsClasses are the item classes whose kind differs from that of their element.
var aqsClasses = []struct{ class, kind string }{
	{"IPM.NOTE.MICROSOFT.FAX", "faxes"},
	{"IPM.NOTE.MICROSOFT.VOICEMAIL", "voicemail"},
	{"IPM.NOTE.MICROSOFT.CONVERSATION", "im"},
	{"IPM.NOTE.RPMSG.MICROSOFT.VOICEMAIL", "voicemail"},
	{"IPM.POST.RSS", "rssfeeds"},
	{"IPM.STICKYNOTE", "notes"},
	{"IPM.ACTIVITY", "journals"},
	{"IPM.DOCUMENT", "docs"},
}

// aqsKinds are the kinds of elements.
var aqsKinds = map[string]string{
	"Message": "email", "Contact": "contacts", "DistributionList": "contacts", "Task": "tasks", "PostItem": "posts",
	"CalendarItem": "meetings", "MeetingMessage": "meetings", "MeetingRequest": "meetings", "MeetingResponse": "meetings", "MeetingCancellation": "meetings",
}

// aqsKind returns the kind of an item, by its name in AQS.
func aqsKind(it *mailstore.Item) string {
	class := strings.ToUpper(it.Class())
	for _, c := range aqsClasses {
		if class == c.class || strings.HasPrefix(class, c.class+".") {
			return c.kind
		}
	}
	return aqsKinds[it.Kind()]
}

// aqsText looks for the words of a value, one after the other.
func aqsText(of aqsSource) aqsKeyword {
	return func(t aqsToken, read aqsReader) (aqsTest, bool) {
		text, star := strings.CutSuffix(strings.ToLower(t.text), "*")
		want := aqsWords(text)
		begins := func(i int) bool { return t.star || star || !t.quoted && i == len(want)-1 }
		return func(it *mailstore.Item) bool {
			if len(want) == 0 {
				return slices.ContainsFunc(read.texts(it, of), func(s string) bool { return s != "" })
			}
			return slices.ContainsFunc(read.words(it, of), func(words []string) bool { return aqsPhrase(words, want, begins) })
		}, !strings.Contains(text, "*")
	}
}

// aqsPhrase reports whether the wanted words appear in a row. Of those for which begins
// returns true, only the beginning must match.
func aqsPhrase(words, want []string, begins func(int) bool) bool {
	for ; len(words) >= len(want); words = words[1:] {
		met := 0
		for met < len(want) && (words[met] == want[met] || begins(met) && strings.HasPrefix(words[met], want[met])) {
			met++
		}
		if met == len(want) {
			return true
		}
	}
	return false
}

// aqsPeople looks for people: a quoted value is a whole name or address, and one that
// begins with @ is a domain.
func aqsPeople(of aqsSource) aqsKeyword {
	words := aqsText(of)
	return func(t aqsToken, read aqsReader) (aqsTest, bool) {
		text := strings.ToLower(t.text)
		switch {
		case strings.HasPrefix(text, "@"):
			return func(it *mailstore.Item) bool {
				return slices.ContainsFunc(read.texts(it, of), func(s string) bool { return strings.HasSuffix(strings.ToLower(s), text) })
			}, true
		case t.quoted && !t.star && !strings.HasSuffix(text, "*"):
			return func(it *mailstore.Item) bool {
				return slices.ContainsFunc(read.texts(it, of), func(s string) bool { return s != "" && strings.EqualFold(s, t.text) })
			}, true
		}
		return words(t, read)
	}
}

// aqsWords returns the words of a text.
func aqsWords(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !isWord(r) && !unicode.Is(unicode.M, r) })
}

// aqsName compares a value with a list of names.
func aqsName(of func(*mailstore.Item) string, names ...string) aqsKeyword {
	return func(t aqsToken, _ aqsReader) (aqsTest, bool) {
		want := strings.ToLower(t.text)
		known := false
		for _, n := range names {
			known = known || n == want
		}
		return func(it *mailstore.Item) bool { return strings.ToLower(of(it)) == want }, known
	}
}

func aqsTruth(of func(*mailstore.Item) bool) aqsKeyword {
	return func(t aqsToken, _ aqsReader) (aqsTest, bool) {
		want := strings.ToLower(t.text)
		truth := want == "true" || want == "yes" || want == "1"
		return func(it *mailstore.Item) bool { return of(it) == truth }, truth || want == "false" || want == "no" || want == "0"
	}
}
