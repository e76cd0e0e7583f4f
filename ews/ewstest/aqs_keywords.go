package ewstest

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// aqsKeyword makes a predicate of a value, and reports whether it can be one of the
// keyword.
type aqsKeyword func(aqsToken) (func(*mailstore.Item) bool, bool)

// aqsKeywords are the keywords, and an empty one for values without.
var aqsKeywords = map[string]aqsKeyword{
	"subject":        aqsText(func(it *mailstore.Item) []string { return []string{it.Properties().Text(mailstore.TagSubject)} }),
	"body":           aqsText(aqsBody),
	"content":        aqsText(aqsBody),
	"from":           aqsPeople(aqsSenders),
	"to":             aqsPeople(aqsRecipients("To")),
	"cc":             aqsPeople(aqsRecipients("Cc")),
	"bcc":            aqsPeople(aqsRecipients("Bcc")),
	"recipients":     aqsPeople(aqsRecipients("To", "Cc", "Bcc")),
	"participants":   aqsPeople(aqsParticipants),
	"attachment":     aqsText(aqsAttachments),
	"category":       aqsText(func(it *mailstore.Item) []string { return it.Properties()[mailstore.PropKeywords].Values }),
	"importance":     aqsName(func(it *mailstore.Item) string { return it.Importance() }, "low", "normal", "high"),
	"kind":           aqsName(aqsKind, "contacts", "docs", "email", "faxes", "im", "journals", "meetings", "notes", "posts", "rssfeeds", "tasks", "voicemail"),
	"hasattachment":  aqsTruth(func(it *mailstore.Item) bool { return it.Properties().Bool(mailstore.TagHasAttachments) }),
	"hasattachments": aqsTruth(func(it *mailstore.Item) bool { return it.Properties().Bool(mailstore.TagHasAttachments) }),
	"isread":         aqsTruth((*mailstore.Item).Read),
	"isflagged":      aqsTruth(func(it *mailstore.Item) bool { return it.Flag().Status == "Flagged" }),
	"size":           aqsSize,
	"received":       func(aqsToken) (func(*mailstore.Item) bool, bool) { return nil, false }, // see during
	"sent":           func(aqsToken) (func(*mailstore.Item) bool, bool) { return nil, false },
	"": aqsText(func(it *mailstore.Item) []string {
		all := append(aqsParticipants(it), it.Properties().Text(mailstore.TagSubject))
		return append(append(all, aqsBody(it)...), aqsAttachments(it)...)
	}),
}

func aqsBody(it *mailstore.Item) []string { return []string{bodyText(it)} }

func aqsSenders(it *mailstore.Item) []string {
	p := it.Properties()
	return []string{p.Text(mailstore.TagFromName), p.Text(mailstore.TagFromAddress), p.Text(mailstore.TagSenderName), p.Text(mailstore.TagSenderAddress)}
}

func aqsRecipients(headers ...string) func(*mailstore.Item) []string {
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

func aqsParticipants(it *mailstore.Item) []string {
	return append(aqsSenders(it), aqsRecipients("To", "Cc", "Bcc")(it)...)
}

func aqsAttachments(it *mailstore.Item) []string {
	var all []string
	for _, a := range it.Attachments() {
		all = append(all, a.Name)
	}
	return all
}

// aqsKind returns the kind of an item, as AQS names it.
func aqsKind(it *mailstore.Item) string {
	switch kind := it.Kind(); {
	case kind == "Message":
		return "email"
	case kind == "Contact", kind == "DistributionList":
		return "contacts"
	case kind == "Task":
		return "tasks"
	case kind == "PostItem":
		return "posts"
	case kind == "CalendarItem", strings.HasPrefix(kind, "Meeting"):
		return "meetings"
	case strings.HasPrefix(strings.ToUpper(it.Class()), "IPM.STICKYNOTE"):
		return "notes"
	}
	return ""
}

// aqsText looks for words: those that begin with the value or, if it is quoted, are
// the value. A star at the end means the beginning as well.
func aqsText(of func(*mailstore.Item) []string) aqsKeyword {
	return func(t aqsToken) (func(*mailstore.Item) bool, bool) {
		text, star := strings.CutSuffix(strings.ToLower(t.text), "*")
		want := aqsWords(text)
		whole := t.quoted && !star
		return func(it *mailstore.Item) bool {
			for _, s := range of(it) {
				if want == "" || wordsBegin(aqsWords(strings.ToLower(s)), want, whole) {
					return want != "" || s != ""
				}
			}
			return false
		}, !strings.Contains(text, "*")
	}
}

// aqsPeople looks for people: a quoted value is a whole name or address.
func aqsPeople(of func(*mailstore.Item) []string) aqsKeyword {
	words := aqsText(of)
	return func(t aqsToken) (func(*mailstore.Item) bool, bool) {
		if !t.quoted {
			return words(t)
		}
		return func(it *mailstore.Item) bool {
			return slices.ContainsFunc(of(it), func(s string) bool { return s != "" && strings.EqualFold(s, t.text) })
		}, true
	}
}

// aqsWords returns the words of a text, one blank between two.
func aqsWords(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return !isWord(r) && !unicode.Is(unicode.M, r) }), " ")
}

// aqsName compares with one of a list of names.
func aqsName(of func(*mailstore.Item) string, names ...string) aqsKeyword {
	return func(t aqsToken) (func(*mailstore.Item) bool, bool) {
		want := strings.ToLower(t.text)
		known := false
		for _, n := range names {
			known = known || n == want
		}
		return func(it *mailstore.Item) bool { return strings.ToLower(of(it)) == want }, known
	}
}

func aqsTruth(of func(*mailstore.Item) bool) aqsKeyword {
	return func(t aqsToken) (func(*mailstore.Item) bool, bool) {
		want := strings.ToLower(t.text)
		truth := want == "true" || want == "yes" || want == "1"
		return func(it *mailstore.Item) bool { return of(it) == truth }, truth || want == "false" || want == "no" || want == "0"
	}
}

// aqsSize compares the size in bytes with a number or a range.
func aqsSize(t aqsToken) (func(*mailstore.Item) bool, bool) {
	number := func(s string) (int64, bool) {
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil
	}
	if low, high, ok := strings.Cut(t.text, ".."); ok {
		from, okFrom := number(low)
		to, okTo := number(high)
		return func(it *mailstore.Item) bool { return it.Size() >= from && it.Size() <= to }, okFrom && okTo
	}
	sign, text := aqsSign(t.text)
	want, ok := number(text)
	return func(it *mailstore.Item) bool { return sign(it.Size() - want) }, ok
}

// aqsSign cuts the comparison from the beginning of a value: what the difference must
// be.
func aqsSign(s string) (holds func(int64) bool, rest string) {
	for _, op := range []struct {
		text  string
		holds func(int64) bool
	}{
		{">=", func(d int64) bool { return d >= 0 }}, {"<=", func(d int64) bool { return d <= 0 }}, {"<>", func(d int64) bool { return d != 0 }},
		{">", func(d int64) bool { return d > 0 }}, {"<", func(d int64) bool { return d < 0 }}, {"=", func(d int64) bool { return d == 0 }},
	} {
		if rest, ok := strings.CutPrefix(s, op.text); ok {
			return op.holds, rest
		}
	}
	return func(d int64) bool { return d == 0 }, s
}
