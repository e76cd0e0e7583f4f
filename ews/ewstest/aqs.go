package ewstest

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// aqs turns a query in Advanced Query Syntax into a predicate. Terms must all match,
// unless OR stands between them; NOT or a minus negates one, and parentheses group
// them. A term is a keyword, a colon and a value or a group of values, or a value
// alone, which is looked for in all texts. A value matches words that begin with it;
// in quotes, whole words, and of people a whole name or address. It ignores case. Message-IDs and custom properties cannot be
// searched. Times are those of now in UTC, the zone of the mailbox.
//
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/querystring-querystringtype
// and https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-perform-an-aqs-search-by-using-ews-in-exchange.
func aqs(query string, now time.Time) (func(*mailstore.Item) bool, *refusal) {
	p := &aqsParser{tokens: aqsTokens(query), now: now.UTC()}
	if len(p.tokens) == 0 {
		return func(*mailstore.Item) bool { return true }, nil
	}
	m := p.any("")
	if p.failed == "" && len(p.tokens) > 0 {
		p.failed = p.tokens[0].text
	}
	if p.failed != "" {
		return nil, refuseText("ErrorInvalidOperation", "ewstest does not understand the QueryString at "+excerpt(p.failed)+".")
	}
	return m, nil
}

// excerpt shortens a text of the client.
func excerpt(s string) string {
	const most = 50
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// aqsToken is a word, a quoted text, a parenthesis, or a keyword with its colon.
type aqsToken struct {
	text    string
	quoted  bool
	keyword bool
}

// aqsTokens cuts a query into tokens.
func aqsTokens(s string) []aqsToken {
	var all []aqsToken
	for s != "" {
		r := rune(s[0])
		switch {
		case strings.ContainsRune(" \t\r\n", r):
			s = s[1:]
		case r == '(' || r == ')':
			all, s = append(all, aqsToken{text: s[:1]}), s[1:]
		case r == '"':
			text, rest, _ := strings.Cut(s[1:], `"`)
			all, s = append(all, aqsToken{text: text, quoted: true}), rest
		default:
			end := strings.IndexAny(s, " \t\r\n()\"")
			if end < 0 {
				end = len(s)
			}
			word := s[:end]
			if i := strings.Index(word, ":"); i > 0 && strings.IndexFunc(word[:i], notLetter) < 0 {
				all, s = append(all, aqsToken{text: strings.ToLower(word[:i]), keyword: true}), s[i+1:]
				continue
			}
			if minus, rest := strings.CutPrefix(word, "-"); rest && (minus != "" || strings.HasPrefix(s[end:], "(") || strings.HasPrefix(s[end:], `"`)) {
				all, s = append(all, aqsToken{text: "NOT"}), s[1:]
				continue
			}
			all, s = append(all, aqsToken{text: word}), s[end:]
		}
	}
	return all
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

// aqsParser reads tokens by recursive descent.
type aqsParser struct {
	tokens []aqsToken
	now    time.Time
	depth  int
	failed string // where
}

// maxAQSDepth limits parentheses and negations.
const maxAQSDepth = 100

func (p *aqsParser) operator(names ...string) bool {
	if len(p.tokens) == 0 || p.tokens[0].quoted || p.tokens[0].keyword {
		return false
	}
	if slices.Contains(names, p.tokens[0].text) {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

// any reads terms with OR between them. Values in it are those of a keyword, or of
// none.
func (p *aqsParser) any(keyword string) func(*mailstore.Item) bool {
	all := []func(*mailstore.Item) bool{p.all(keyword)}
	for p.operator("OR") {
		all = append(all, p.all(keyword))
	}
	return func(it *mailstore.Item) bool {
		for _, m := range all {
			if m(it) {
				return true
			}
		}
		return false
	}
}

// all reads terms that must all match.
func (p *aqsParser) all(keyword string) func(*mailstore.Item) bool {
	all := []func(*mailstore.Item) bool{p.one(keyword)}
	for p.failed == "" && len(p.tokens) > 0 {
		t := p.tokens[0]
		if !t.quoted && !t.keyword && (t.text == "OR" || t.text == ")") {
			break
		}
		p.operator("AND")
		all = append(all, p.one(keyword))
	}
	return func(it *mailstore.Item) bool {
		for _, m := range all {
			if !m(it) {
				return false
			}
		}
		return true
	}
}

// one reads one term.
func (p *aqsParser) one(keyword string) func(*mailstore.Item) bool {
	never := func(*mailstore.Item) bool { return false }
	if p.depth++; p.depth > maxAQSDepth {
		p.failed = "the depth"
	}
	defer func() { p.depth-- }()
	if p.failed != "" || len(p.tokens) == 0 {
		if p.failed == "" {
			p.failed = "the end"
		}
		return never
	}
	if p.operator("NOT") {
		m := p.one(keyword)
		return func(it *mailstore.Item) bool { return !m(it) }
	}
	if p.operator("(") {
		m := p.any(keyword)
		if !p.operator(")") && p.failed == "" {
			p.failed = "the end"
		}
		return m
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	switch {
	case t.keyword && keyword == "" && aqsKeywords[t.text] != nil:
		return p.one(t.text)
	case t.keyword, !t.quoted && (t.text == ")" || t.text == "AND" || t.text == "OR"):
		p.failed = t.text
		return never
	case keyword == "received" || keyword == "sent":
		return p.during(keyword, t)
	}
	return p.value(keyword, t)
}

// value returns the predicate of one value of a keyword.
func (p *aqsParser) value(keyword string, t aqsToken) func(*mailstore.Item) bool {
	m, ok := aqsKeywords[keyword](t)
	if !ok {
		p.failed = t.text
		return func(*mailstore.Item) bool { return false }
	}
	return m
}
