package ewstest

import (
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// aqsTest decides whether an item meets a query or a part of one.
type aqsTest func(*mailstore.Item) bool

// aqsTerm is a word or phrase that a query looks for, and the keyword before it, for
// HighlightTerms.
type aqsTerm struct{ scope, value string }

// aqs turns a query in Advanced Query Syntax into a predicate, and returns what to
// highlight. All terms must match, with or without AND or a plus between them, unless
// they are joined by OR; AND and OR have the same precedence and bind from left to right.
// NOT or a minus negates one term, and parentheses group them. Operators are in capitals.
// A term is a keyword and a colon followed by a value, several words, or a group of
// values; or a value alone, which is searched for in all texts. A value matches words
// that begin with it. A quoted value matches whole words in the same order or, for
// people, a whole name or address; with an asterisk after the quotes, it matches words in
// the same order that begin with its words. A value @DOMAIN matches people of that
// domain. Matching ignores case. Message-IDs and custom properties cannot be searched.
// Times are relative to now in UTC, the zone of the mailbox.
//
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/querystring-querystringtype,
// https://learn.microsoft.com/en-us/windows/win32/search/-search-3x-advancedquerysyntax
// and https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-perform-an-aqs-search-by-using-ews-in-exchange.
func aqs(query string, now time.Time) (aqsTest, []aqsTerm, *refusal) {
	if len(query) > maxAQSLength {
		return nil, nil, refuseText("ErrorInvalidOperation", "ewstest takes no QueryString of more than 32 KiB.")
	}
	p := &aqsParser{tokens: aqsTokens(query), now: now.UTC(), memory: &aqsMemory{}}
	if aqsTooLong(p.tokens) {
		return nil, nil, refuseText("ErrorInvalidOperation", "ewstest takes no QueryString of more than 255 words.")
	}
	if len(p.tokens) == 0 {
		return func(*mailstore.Item) bool { return true }, nil, nil
	}
	m := p.any("")
	if p.failed == "" && len(p.tokens) > 0 {
		p.failed = p.tokens[0].text
	}
	if p.failed != "" {
		return nil, nil, refuseText("ErrorInvalidOperation", "ewstest does not understand the QueryString at "+excerpt(p.failed)+".")
	}
	return m, p.terms, nil
}

// excerpt shortens a client's text.
func excerpt(s string) string {
	const most = 50
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// aqsParser reads tokens by recursive descent.
type aqsParser struct {
	tokens  []aqsToken
	now     time.Time
	depth   int
	negated bool
	terms   []aqsTerm
	memory  *aqsMemory
	failed  string // where the query cannot be read
}

func (p *aqsParser) operator(names ...string) bool {
	if len(p.tokens) == 0 || !p.tokens[0].plain() || !slices.Contains(names, p.tokens[0].text) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

// fail records where the query cannot be read.
func (p *aqsParser) fail(where string) aqsTest {
	if p.failed == "" {
		p.failed = where
	}
	return func(*mailstore.Item) bool { return false }
}

// any reads terms with operators between them, from left to right: "a OR b c" is
// "(a OR b) c". Values in it belong to the keyword, if there is one.
func (p *aqsParser) any(keyword string) aqsTest {
	first := p.one(keyword)
	type step struct {
		either bool // OR
		met    aqsTest
	}
	var steps []step
	for p.failed == "" && len(p.tokens) > 0 {
		if t := p.tokens[0]; t.plain() && t.text == ")" {
			break
		}
		either := p.operator("OR")
		if !either {
			p.operator("AND")
		}
		steps = append(steps, step{either, p.one(keyword)})
	}
	return func(it *mailstore.Item) bool {
		met := first(it)
		for _, s := range steps {
			if met != s.either { // otherwise this term decides nothing
				met = s.met(it)
			}
		}
		return met
	}
}

func every(all []aqsTest) aqsTest {
	return func(it *mailstore.Item) bool {
		return !slices.ContainsFunc(all, func(m aqsTest) bool { return !m(it) })
	}
}

// one reads one term.
func (p *aqsParser) one(keyword string) aqsTest {
	if p.depth++; p.depth > maxAQSDepth {
		return p.fail("the depth")
	}
	defer func() { p.depth-- }()
	if p.operator("+") {
		return p.one(keyword)
	}
	if len(p.tokens) == 0 {
		return p.fail("the end")
	}
	if p.operator("NOT") {
		p.negated = !p.negated
		m := p.one(keyword)
		p.negated = !p.negated
		return func(it *mailstore.Item) bool { return !m(it) }
	}
	if p.operator("(") {
		m := p.any(keyword)
		if !p.operator(")") {
			return p.fail("the end")
		}
		return m
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	switch {
	case t.keyword && keyword == "" && aqsKeywords[t.text] != nil:
		return p.values(t.text)
	case t.keyword, t.plain() && aqsOperators[t.text]:
		return p.fail(t.text)
	}
	return p.value(keyword, t)
}

// values reads what follows a keyword and its colon. If the keyword searches texts, all
// words without an operator between them belong to it: in "subject:project plan" both are
// searched for in the subject.
func (p *aqsParser) values(keyword string) aqsTest {
	words := len(p.tokens) > 0 && p.tokens[0].word() && aqsTexts[keyword]
	all := []aqsTest{p.one(keyword)}
	for words && p.failed == "" && len(p.tokens) > 0 && p.tokens[0].word() {
		all = append(all, p.one(keyword))
	}
	return every(all)
}

// value returns the predicate of one value of a keyword.
func (p *aqsParser) value(keyword string, t aqsToken) aqsTest {
	switch {
	case keyword == "received" || keyword == "sent":
		return p.during(keyword, t)
	case keyword == "size":
		return p.sized(t)
	case (keyword == "" || aqsTexts[keyword]) && !p.negated:
		p.terms = append(p.terms, aqsTerm{keyword, t.text})
	}
	m, ok := aqsKeywords[keyword](t, aqsReader{p.memory, keyword})
	if !ok {
		return p.fail(t.text)
	}
	return m
}
