package eml

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// Unique returns the part of the body that is not quoted from the message it answers, which
// mail programs append to what the user writes. All of a message that is not an answer is
// unique.
func (m *Message) Unique() (text string, html bool) {
	text, html = m.Body()
	switch {
	case !m.Has("In-Reply-To") && !m.Has("References"):
	case html:
		text = uniquePage(text)
	default:
		text = uniqueText(text)
	}
	return text, html
}

// Lines that mark the end of an answer.
var (
	originalLine    = regexp.MustCompile(`(?i)^-{2,} *(original message|forwarded message) *-{2,}$`)
	ruleLine        = regexp.MustCompile(`^_{10,}$`)
	attributionLine = regexp.MustCompile(`(?i)^on .+ wrote:$`)
)

// uniqueText cuts a text before the header of the message it answers, or where only quoted
// lines follow.
func uniqueText(text string) string {
	lines := strings.SplitAfter(text, "\n")
	end, tail := len(lines), quotedTail(lines)
	for i := range lines {
		if quotes(lines, i, tail) {
			end = i
			break
		}
	}
	unique := strings.Join(lines[:end], "")
	if end == len(lines) {
		return unique
	}
	return strings.TrimRight(unique, " \t\r\n")
}

// quotes reports whether a quoted message begins at a line. From the tail on, all lines are
// quoted or empty.
func quotes(lines []string, at, tail int) bool {
	first, next := strings.TrimSpace(lines[at]), ""
	if at+1 < len(lines) {
		next = strings.TrimSpace(lines[at+1])
	}
	switch {
	case originalLine.MatchString(first), ruleLine.MatchString(first) && strings.HasPrefix(next, "From:"):
		return true
	case strings.HasPrefix(first, "From:"):
		return strings.HasPrefix(next, "Sent:") || strings.HasPrefix(next, "Date:")
	case attributionLine.MatchString(first):
		return at+1 >= tail && tail < len(lines)
	case strings.HasPrefix(first, ">"):
		return at >= tail
	}
	return false
}

// quotedTail returns the first of the lines at the end of a text that are all quoted or
// empty, or the number of lines if none is quoted.
func quotedTail(lines []string) int {
	tail, quoted := len(lines), false
	for ; tail > 0; tail-- {
		l := strings.TrimSpace(lines[tail-1])
		if l != "" && !strings.HasPrefix(l, ">") {
			break
		}
		quoted = quoted || l != ""
	}
	if !quoted {
		return len(lines)
	}
	return tail
}

// quoteMarks are the ids and classes of elements that begin a quoted message.
var quoteMarks = map[string]bool{
	"divrplyfwdmsg": true, "appendonsend": true, "stopspelling": true, "gmail_quote": true, "gmail_attr": true, "moz-cite-prefix": true, "yahoo_quoted": true,
}

// uniquePage cuts a page where a quoted message begins, and closes the open elements.
func uniquePage(page string) string {
	var b strings.Builder
	var open []string
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return page
		}
		raw := string(z.Raw())
		t := z.Token()
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			if marked(t) {
				for i := range open {
					b.WriteString("</" + open[len(open)-1-i] + ">")
				}
				return b.String()
			}
			if kind == html.StartTagToken && !voidElements[t.Data] {
				open = append(open, t.Data)
			}
		case html.EndTagToken:
			if n := len(open); n > 0 && open[n-1] == t.Data {
				open = open[:n-1]
			}
		}
		b.WriteString(raw)
	}
}

func marked(t html.Token) bool {
	if t.Data == "blockquote" && attribute(t, "type") == "cite" || quoteMarks[strings.ToLower(attribute(t, "id"))] {
		return true
	}
	for class := range strings.FieldsSeq(strings.ToLower(attribute(t, "class"))) {
		if quoteMarks[class] {
			return true
		}
	}
	return false
}

// voidElements are elements without an end tag.
var voidElements = map[string]bool{
	"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true, "link": true, "meta": true, "wbr": true,
}
