package ewstest

import (
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// aqs turns an Advanced Query Syntax string into a predicate, as far as mail
// searches need it: terms that must all match, each keyword:value or a word to
// find in any text; quoted values; AND, OR and NOT. It ignores case and supports
// neither Message-IDs nor custom properties.
func aqs(query string) func(*mailstore.Item) bool {
	var alternatives [][]term
	current := []term{}
	negate := false
	for _, word := range words(query) {
		switch word {
		case "AND":
			continue
		case "OR":
			alternatives = append(alternatives, current)
			current = nil
			continue
		case "NOT":
			negate = true
			continue
		}
		t := parseTerm(word)
		t.negate, negate = t.negate != negate, false
		current = append(current, t)
	}
	alternatives = append(alternatives, current)
	return func(it *mailstore.Item) bool {
		for _, terms := range alternatives {
			all := true
			for _, t := range terms {
				all = all && t.matches(it) != t.negate
			}
			if all {
				return true
			}
		}
		return false
	}
}

// words splits at white space outside quotes and drops parentheses.
func words(s string) []string {
	quoted := false
	fields := strings.FieldsFunc(s, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return !quoted && (r == ' ' || r == '\t' || r == '\r' || r == '\n' || r == '(' || r == ')')
	})
	return fields
}

type term struct {
	keyword, value string
	negate         bool
}

func parseTerm(word string) term {
	t := term{}
	word, t.negate = strings.CutPrefix(word, "-")
	if k, v, ok := strings.Cut(word, ":"); ok && !strings.Contains(k, `"`) {
		t.keyword, word = strings.ToLower(k), v
	}
	t.value = strings.ToLower(strings.Trim(word, `"`))
	return t
}

func (t term) matches(it *mailstore.Item) bool {
	p := it.Properties()
	has := func(texts ...string) bool {
		for _, s := range texts {
			if strings.Contains(strings.ToLower(s), t.value) {
				return true
			}
		}
		return false
	}
	from := []string{p.Text(mailstore.TagFromName), p.Text(mailstore.TagFromAddress), p.Text(mailstore.TagSenderName), p.Text(mailstore.TagSenderAddress)}
	recipients := func(headers ...string) (all []string) {
		for _, h := range headers {
			for _, a := range it.Content().Addresses(h) {
				all = append(all, a.Name, a.Email)
			}
		}
		return all
	}
	switch t.keyword {
	case "subject":
		return has(p.Text(mailstore.TagSubject))
	case "body":
		return has(body(it))
	case "from":
		return has(from...)
	case "to":
		return has(recipients("To")...)
	case "cc":
		return has(recipients("Cc")...)
	case "bcc":
		return has(recipients("Bcc")...)
	case "participants":
		return has(append(from, recipients("To", "Cc", "Bcc")...)...)
	case "attachment":
		for _, a := range it.Attachments() {
			if has(a.Name) {
				return true
			}
		}
		return false
	case "category":
		return has(p[mailstore.PropKeywords].Values...)
	case "importance":
		return has(it.Importance())
	case "kind":
		return t.value == "email" && messageKinds[it.Kind()]
	case "hasattachment", "hasattachments":
		return strconv.FormatBool(p.Bool(mailstore.TagHasAttachments)) == t.value
	case "isread":
		return strconv.FormatBool(it.Read()) == t.value
	case "isflagged":
		return strconv.FormatBool(it.Flag().Status == "Flagged") == t.value
	case "received":
		at, ok := it.Property(mailstore.TagDeliveryTime)
		return ok && strings.HasPrefix(at.Value, t.value)
	case "sent":
		return strings.HasPrefix(p.Text(mailstore.TagSubmitTime), t.value)
	case "":
		return has(append(from, p.Text(mailstore.TagSubject), body(it))...) || has(recipients("To", "Cc", "Bcc")...)
	}
	return false
}

func body(it *mailstore.Item) string {
	text, _ := it.Content().Body()
	return text
}
