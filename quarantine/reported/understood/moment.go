package understood

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

var (
	yearFirst = regexp.MustCompile(`(\d{4})\s*[-/.年년]\s*(\d{1,2})\s*[-/.月월]\s*(\d{1,2})\s*[日일.]?`)
	yearLast  = regexp.MustCompile(`\b(\d{1,2})\s?([./-])\s?(\d{1,2})\s?[./-]\s?(\d{4}|\d{2})\b`)
	clock     = regexp.MustCompile(`(?:^|\D)(\d{1,2})(?:\s*[:h時时시]\s*|\.)(\d{2})(?:(?:\s*[:분分]\s*|\.)(\d{2}))?`)
	offset    = regexp.MustCompile(`(?:GMT|UTC|\s)([+-])(\d{1,2})(?::?(\d{2}))?\b`)
	number    = regexp.MustCompile(`\d+`)
	letters   = regexp.MustCompile(`[\p{L}\p{M}]+`)
	numbered  = regexp.MustCompile(`(?i)\btháng\s+(\d{1,2})\b`)
	afternoon = regexp.MustCompile(`(?i)\bp\.?\s?m\b|下午|午後|오후|μ\.?\s?μ|مساء|(?:\d|\s)م(?:\s|$)|(?-i:\bCH\b)`)
	morning   = regexp.MustCompile(`(?i)\ba\.?\s?m\b|上午|午前|오전|π\.?\s?μ|صباح|(?:\d|\s)ص(?:\s|$)|(?-i:\bSA\b)`)
	universal = regexp.MustCompile(`\b(?:GMT|UTC)\b|\dZ\b`)
)

// moment reads the date of quoted headers, in the forms in which mail programs write it in
// different languages. If a date can mean two days, as 3/4/2026 can, it is the one before
// the report and nearest to it; it is zero if both are equally likely.
func moment(text string, reported time.Time) instant {
	if len(text) > 512 {
		return instant{}
	}
	text = strings.Join(strings.Fields(westernDigits(norm.NFC.String(text))), " ")
	if t := dated(text); !t.IsZero() {
		return instant{at: t}
	}
	days, rest := dates(text)
	days = plausible(days, reported)
	if len(days) != 1 {
		return instant{}
	}
	day := days[0]
	hour, minute, second, timed := clockIn(rest)
	if !timed {
		return instant{at: day.Add(12 * time.Hour), about: true}
	}
	at := day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second)
	if m := offset.FindStringSubmatch(rest); m != nil {
		h, _ := strconv.Atoi(m[2])
		min, _ := strconv.Atoi(m[3])
		zone := time.Duration(h)*time.Hour + time.Duration(min)*time.Minute
		if m[1] == "-" {
			zone = -zone
		}
		return instant{at: at.Add(-zone)}
	}
	return instant{at: at, about: !universal.MatchString(rest)}
}

// dates returns the days that a text can mean, and the text without them.
func dates(text string) (days []time.Time, rest string) {
	add := func(y, m, d string) {
		year, _ := strconv.Atoi(y)
		month, _ := strconv.Atoi(m)
		day, _ := strconv.Atoi(d)
		switch {
		case len(y) == 2:
			year += 2000
		case year > 2500 && year < 2700:
			year -= 543 // a year of the Buddhist era
		}
		t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
		if year >= 1980 && year < 2200 && month >= 1 && month <= 12 && t.Day() == day && (len(days) == 0 || !days[0].Equal(t)) {
			days = append(days, t)
		}
	}
	if m := yearFirst.FindStringSubmatchIndex(text); m != nil {
		add(text[m[2]:m[3]], text[m[4]:m[5]], text[m[6]:m[7]])
		return days, text[:m[0]] + " " + text[m[1]:]
	}
	// If there is a month's name and a four-digit year, 09.15.00 is a time.
	isTime := func(m []int) bool { return m[9]-m[8] == 2 && fourDigits.MatchString(text) && monthIn(text) != 0 }
	if m := yearLast.FindStringSubmatchIndex(text); m != nil && !isTime(m) {
		one, two, year := text[m[2]:m[3]], text[m[6]:m[7]], text[m[8]:m[9]]
		add(year, two, one)
		if text[m[4]:m[5]] != "." { // Americans write the month first
			add(year, one, two)
		}
		return days, text[:m[0]] + " " + text[m[1]:]
	}
	month := monthIn(text)
	rest = text
	if m := numbered.FindStringSubmatchIndex(text); m != nil {
		month, _ = strconv.Atoi(text[m[2]:m[3]])
		rest = text[:m[0]] + " " + text[m[1]:]
	}
	if month == 0 {
		return nil, text
	}
	if at := clock.FindStringIndex(text); at != nil {
		rest = text[:at[0]] + " " + text[at[1]:]
	}
	var day, year string
	for _, n := range number.FindAllString(rest, 8) {
		switch {
		case len(n) <= 2 && day == "":
			day = n
		case len(n) == 4 && year == "":
			year = n
		}
	}
	add(year, strconv.Itoa(month), day)
	return days, text
}

// plausible returns the days that are not after the report. Of two, one long before it is
// not meant if the other is near.
func plausible(days []time.Time, reported time.Time) (left []time.Time) {
	if reported.IsZero() {
		return days
	}
	for _, d := range days {
		if d.Before(reported.Add(48 * time.Hour)) {
			left = append(left, d)
		}
	}
	if len(left) == 2 {
		const near, far = 7 * 24 * time.Hour, 21 * 24 * time.Hour
		a, b := reported.Sub(left[0]), reported.Sub(left[1])
		switch {
		case a < near && b > far:
			return left[:1]
		case b < near && a > far:
			return left[1:]
		}
	}
	return left
}

func clockIn(text string) (hour, minute, second int, ok bool) {
	m := clock.FindStringSubmatch(text)
	if m == nil {
		return 0, 0, 0, false
	}
	hour, _ = strconv.Atoi(m[1])
	minute, _ = strconv.Atoi(m[2])
	second, _ = strconv.Atoi(m[3])
	switch {
	case afternoon.MatchString(text) && hour < 12:
		hour += 12
	case morning.MatchString(text) && hour == 12:
		hour = 0
	}
	return hour, minute, second, hour < 24 && minute < 60 && second < 61
}

// westernDigits returns a text with the digits of other scripts replaced by 0 to 9.
func westernDigits(text string) string {
	out := []rune(text)
	for i, r := range out {
		if r < 0x80 || !unicode.Is(unicode.Nd, r) {
			continue
		}
		// Digits come in tens, of which the first is a zero (The Unicode Standard, 4.6).
		n := rune(0)
		for n < 9 && unicode.Is(unicode.Nd, r-n-1) {
			n++
		}
		out[i] = '0' + n
	}
	return string(out)
}
