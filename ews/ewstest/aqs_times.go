package ewstest

import (
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// period is the time from one moment up to, but not including, another.
type period struct{ from, to time.Time }

// span returns the period of some years, months and days that begins at a moment.
func span(from time.Time, years, months, days int) period {
	return period{from, from.AddDate(years, months, days)}
}

// during reads a time for received or sent: a single time, a range with dots, or a time
// after a comparison sign.
func (p *aqsParser) during(keyword string, t aqsToken) aqsTest {
	parts, ends := p.parts(t)
	sign := ""
	if strings.ContainsAny(parts[0], "<>=") {
		sign = parts[0]
	}
	at := min(len(sign), 1)
	when, n := p.period(parts[at:])
	last, more := when, 0
	if at += n; n > 0 && sign == "" && at < len(parts) && parts[at] == ".." {
		if last, more = p.period(parts[at+1:]); more == 0 {
			n = 0
		}
		at += 1 + more
	}
	if n == 0 || ends[at-1] < 0 || t.quoted && at < len(parts) || signs[sign] == nil {
		return p.fail(t.text)
	}
	p.tokens = p.tokens[ends[at-1]:]
	field := mailstore.TagDeliveryTime
	if keyword == "sent" {
		field = mailstore.TagSubmitTime
	}
	return within(field, period{when.from, last.to}, signs[sign])
}

func within(field ews.ExtendedField, when period, holds func(int) bool) aqsTest {
	return func(it *mailstore.Item) bool {
		if _, has := it.Property(field); !has {
			return false
		}
		at, place := it.Properties().Time(field), 0
		switch {
		case at.Before(when.from):
			place = -1
		case !at.Before(when.to):
			place = 1
		}
		return holds(place)
	}
}

// period returns the time at the beginning of some words, and how many words it takes; 0
// if they begin with no time.
func (p *aqsParser) period(words []string) (when period, n int) {
	if len(words) == 0 {
		return period{}, 0
	}
	y, m, d := p.now.Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	switch words[0] {
	case "today":
		return span(day, 0, 0, 1), 1
	case "yesterday":
		return span(day.AddDate(0, 0, -1), 0, 0, 1), 1
	case "tomorrow":
		return span(day.AddDate(0, 0, 1), 0, 0, 1), 1
	}
	for i := range 7 {
		if words[0] == strings.ToLower(time.Weekday(i).String()) { // of this week
			return span(day.AddDate(0, 0, i-int(day.Weekday())), 0, 0, 1), 1
		}
	}
	if when, n = p.named(words); n > 0 {
		return when, n
	}
	if which, unit, ok := relative(words[0]); ok {
		return p.unit(which, unit), 1
	}
	if len(words) > 1 {
		if which, unit, ok := relative(words[0] + words[1]); ok {
			return p.unit(which, unit), 2
		}
	}
	if when, ok := p.date(words[0]); ok {
		return when, 1
	}
	return period{}, 0
}

// relative splits a text such as lastweek, which may also be written as two words.
func relative(text string) (which, unit string, ok bool) {
	for _, which := range []string{"this", "last", "next", "past", "coming"} {
		if unit, found := strings.CutPrefix(text, which); found {
			return which, unit, unit == "week" || unit == "month" || unit == "year"
		}
	}
	return "", "", false
}

// unit returns a week, month or year. For this, last and next it is that of the calendar,
// in which weeks begin on Sunday; for past it ends now, and for coming it begins now.
func (p *aqsParser) unit(which, unit string) period {
	y, m, d := p.now.Date()
	years, months, days := 0, 0, 7
	begin := time.Date(y, m, d-int(p.now.Weekday()), 0, 0, 0, 0, time.UTC)
	switch unit {
	case "month":
		months, days, begin = 1, 0, time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
	case "year":
		years, days, begin = 1, 0, time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	switch which {
	case "past":
		return period{p.now.AddDate(-years, -months, -days), p.now.Add(time.Nanosecond)}
	case "coming":
		return span(p.now, years, months, days)
	case "last":
		begin = begin.AddDate(-years, -months, -days)
	case "next":
		begin = begin.AddDate(years, months, days)
	}
	return span(begin, years, months, days)
}

// named reads a month by its name, or a day in it, of this year or of the following one.
func (p *aqsParser) named(words []string) (when period, n int) {
	month := time.January
	for words[0] != strings.ToLower(month.String()) {
		if month++; month > time.December {
			return period{}, 0
		}
	}
	number := func(i, most int) int {
		if i >= len(words) {
			return 0
		}
		v, err := strconv.Atoi(words[i])
		if err != nil || v > most {
			return 0
		}
		return max(v, 0)
	}
	year, day, n := p.now.Year(), number(1, 31), 1
	if day > 0 {
		n++
	}
	if y := number(n, 9999); y >= 1000 {
		year, n = y, n+1
	}
	if day == 0 {
		return span(time.Date(year, month, 1, 0, 0, 0, 0, time.UTC), 0, 1, 0), n
	}
	begin := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if begin.Month() != month {
		return period{}, 0
	}
	return span(begin, 0, 0, 1), n
}

// date reads a day or a moment in numbers; a day without a year is in this year.
func (p *aqsParser) date(text string) (period, bool) {
	for _, layout := range []string{"1/2/2006", "1/2/06", "2006-01-02"} {
		if day, err := time.Parse(layout, text); err == nil {
			return span(day, 0, 0, 1), true
		}
	}
	if day, err := time.Parse("1/2/2006", text+"/"+strconv.Itoa(p.now.Year())); err == nil {
		return span(day, 0, 0, 1), true
	}
	if at, err := mailstore.ParseTime(strings.ToUpper(text)); err == nil {
		return period{at, at.Add(time.Second)}, true
	}
	return period{}, false
}
