package ewstest

import (
	"regexp"
	"strings"
	"unicode"
)

// aqsToken is a word, a quoted text, a parenthesis, or a keyword with its colon.
type aqsToken struct {
	text    string
	quoted  bool
	star    bool // an asterisk follows the quoted text
	keyword bool
}

// plain reports whether the token is a word, or one of the operators.
func (t aqsToken) plain() bool { return !t.quoted && !t.keyword }

// aqsOperators have their own meaning when they stand alone and unquoted.
var aqsOperators = map[string]bool{"(": true, ")": true, "+": true, "AND": true, "OR": true, "NOT": true}

// word reports whether the token is an unquoted word that is not an operator.
func (t aqsToken) word() bool { return t.plain() && !aqsOperators[t.text] }

// Microsoft's page on AQS searches spells the keyword hasattachment in three ways.
// Without a value it matches items that have attachments.
var (
	hasAttachment = regexp.MustCompile(`^(?i:has)[ :](?i:attachments?):`)
	hasSome       = regexp.MustCompile(`^(?i:has:attachments?)(?:[ \t\r\n()]|$)`)
)

const aqsBlanks = " \t\r\n"

// aqsTokens cuts a query into tokens. A plus or minus before a term or alone is an
// operator; a minus becomes NOT.
func aqsTokens(s string) []aqsToken {
	var all []aqsToken
	for s != "" {
		switch {
		case strings.ContainsRune(aqsBlanks, rune(s[0])):
			s = s[1:]
		case s[0] == '(' || s[0] == ')' || s[0] == '+':
			all, s = append(all, aqsToken{text: s[:1]}), s[1:]
		case s[0] == '-':
			all, s = append(all, aqsToken{text: "NOT"}), s[1:]
		case s[0] == '"':
			text, rest, _ := strings.Cut(s[1:], `"`)
			rest, star := strings.CutPrefix(rest, "*")
			all, s = append(all, aqsToken{text: text, quoted: true, star: star}), rest
		case hasSome.MatchString(s):
			all = append(all, aqsToken{text: "hasattachment", keyword: true}, aqsToken{text: "true"})
			s = s[min(len(s), strings.IndexAny(s+" ", aqsBlanks+"()")):]
		default:
			t, size := aqsWord(s)
			all, s = append(all, t), s[size:]
		}
	}
	return all
}

// aqsWord reads the word or keyword at the beginning of a text, and returns its size.
func aqsWord(s string) (t aqsToken, size int) {
	if keyword := hasAttachment.FindString(s); keyword != "" {
		return aqsToken{text: "hasattachment", keyword: true}, len(keyword)
	}
	size = strings.IndexAny(s, aqsBlanks+`()"`)
	if size < 0 {
		size = len(s)
	}
	word := s[:size]
	if i := strings.Index(word, ":"); i > 0 && strings.IndexFunc(word[:i], notLetter) < 0 {
		return aqsToken{text: strings.ToLower(word[:i]), keyword: true}, i + 1
	}
	return aqsToken{text: word}, size
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }
