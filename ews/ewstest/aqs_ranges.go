package ewstest

import (
	"cmp"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// aqsParts separates signs and the dots of a range from the text around them.
var aqsParts = regexp.MustCompile(`\.\.|[<>=]+`)

// signs maps a comparison sign to a predicate. Its argument is -1 for what is less than
// the value or before the time, 0 for what equals the value or is in the time, and 1 for
// what is greater or after it.
var signs = map[string]func(int) bool{
	"":   func(c int) bool { return c == 0 },
	"=":  func(c int) bool { return c == 0 },
	"<>": func(c int) bool { return c != 0 },
	"<":  func(c int) bool { return c < 0 },
	"<=": func(c int) bool { return c <= 0 },
	">":  func(c int) bool { return c > 0 },
	">=": func(c int) bool { return c >= 0 },
}

// sized reads a size: a single size, a range with dots, or a size after a comparison
// sign.
func (p *aqsParser) sized(t aqsToken) aqsTest {
	parts, ends := p.parts(t)
	sign := ""
	if strings.ContainsAny(parts[0], "<>=") {
		sign = parts[0]
	}
	at := min(len(sign), 1)
	number := func() int64 {
		size, n := byteCount(parts[min(at, len(parts)):])
		at += max(n, 1)
		return size
	}
	low := number()
	high := low
	if sign == "" && at < len(parts) && parts[at] == ".." {
		at++
		high = number()
	}
	if low < 0 || high < 0 || ends[at-1] < 0 || t.quoted && at < len(parts) || signs[sign] == nil {
		return p.fail(t.text)
	}
	p.tokens = p.tokens[ends[at-1]:]
	return func(it *mailstore.Item) bool {
		size := it.Size()
		if size >= low && size <= high {
			return signs[sign](0)
		}
		return signs[sign](cmp.Compare(size, low))
	}
}

// units are the units of sizes, in bytes.
var units = map[string]float64{"b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}

// byteCount returns the size at the beginning of some words, and how many words it takes:
// a number of bytes, or a number with a unit attached or in the next word. It returns -1
// if the words begin with no size.
func byteCount(words []string) (size int64, n int) {
	if len(words) == 0 {
		return -1, 0
	}
	end := strings.IndexFunc(words[0], unicode.IsLetter)
	if end < 0 {
		end = len(words[0])
	}
	text, unit, n := words[0][:end], words[0][end:], 1
	if unit == "" && len(words) > 1 && units[words[1]] > 0 {
		unit, n = words[1], 2
	}
	if unit == "" {
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			return v, n
		}
		return -1, 0
	}
	v, err := strconv.ParseFloat(text, 64)
	if v *= units[unit]; err != nil || units[unit] == 0 || v >= math.MaxInt64 {
		return -1, 0
	}
	return int64(v), n
}

// maxRangeTokens is how many tokens a range of dates can have: December 1, 2013 ..
// December 11, 2013, with a sign.
const maxRangeTokens = 8

// parts returns the words of a token, and of the tokens after it that may belong to a
// time, with signs and the dots of a range apart. For each part, ends gives the number of
// further tokens consumed if it is the last, or -1 in the middle of a token.
func (p *aqsParser) parts(t aqsToken) (parts []string, ends []int) {
	add := func(text string, end int) {
		for word := range strings.FieldsSeq(strings.ToLower(text)) {
			word = strings.TrimSuffix(word, ",")
			for part := range strings.FieldsSeq(aqsParts.ReplaceAllString(word, " $0 ")) {
				parts, ends = append(parts, part), append(ends, -1)
			}
		}
		if len(ends) > 0 {
			ends[len(ends)-1] = end
		}
	}
	add(t.text, 0)
	for i := 0; !t.quoted && i < len(p.tokens) && i < maxRangeTokens && p.tokens[i].word(); i++ {
		add(p.tokens[i].text, i+1)
	}
	if len(parts) == 0 {
		return []string{""}, []int{0}
	}
	return parts, ends
}
