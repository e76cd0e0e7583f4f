package ewstest

import (
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// period is a time from one moment to before another.
type period struct{ from, to time.Time }

// during reads a time of received or sent: a day, two with dots between them, a day
// after a comparison, or a word for a day, a week, a month or a year.
func (p *aqsParser) during(keyword string, t aqsToken) func(*mailstore.Item) bool {
	field := mailstore.TagDeliveryTime
	if keyword == "sent" {
		field = mailstore.TagSubmitTime
	}
	text := strings.ToLower(t.text)
	// "this week" is two words.
	if (text == "this" || text == "last" || text == "next") && len(p.tokens) > 0 && !p.tokens[0].keyword {
		text += " " + strings.ToLower(p.tokens[0].text)
		p.tokens = p.tokens[1:]
	}
	if low, high, ok := strings.Cut(text, ".."); ok {
		first, okFirst := p.period(low)
		last, okLast := p.period(high)
		return p.times(field, text, okFirst && okLast, func(at time.Time) bool { return !at.Before(first.from) && at.Before(last.to) })
	}
	_, rest := aqsSign(text)
	when, ok := p.period(rest)
	sign := strings.TrimSuffix(text, rest)
	return p.times(field, text, ok, func(at time.Time) bool {
		before, after := at.Before(when.from), !at.Before(when.to)
		switch sign {
		case ">":
			return after
		case ">=":
			return !before
		case "<":
			return before
		case "<=":
			return !after
		case "<>":
			return before || after
		}
		return !before && !after
	})
}

func (p *aqsParser) times(field ews.ExtendedField, text string, ok bool, holds func(time.Time) bool) func(*mailstore.Item) bool {
	if !ok {
		p.failed = text
	}
	return func(it *mailstore.Item) bool {
		_, has := it.Property(field)
		return has && holds(it.Properties().Time(field))
	}
}

// period returns the time that a text means.
func (p *aqsParser) period(text string) (period, bool) {
	y, m, d := p.now.Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	which, unit, two := strings.Cut(text, " ")
	n := map[string]int{"last": -1, "this": 0, "next": 1}[which]
	switch {
	case text == "today":
		return period{day, day.AddDate(0, 0, 1)}, true
	case text == "yesterday":
		return period{day.AddDate(0, 0, -1), day}, true
	case text == "tomorrow":
		return period{day.AddDate(0, 0, 1), day.AddDate(0, 0, 2)}, true
	case !two:
		return aqsDate(text)
	}
	switch unit {
	case "week":
		begin := day.AddDate(0, 0, 7*n-int(day.Weekday()))
		return period{begin, begin.AddDate(0, 0, 7)}, true
	case "month":
		begin := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
		return period{begin, begin.AddDate(0, 1, 0)}, true
	case "year":
		begin := time.Date(y+n, 1, 1, 0, 0, 0, 0, time.UTC)
		return period{begin, begin.AddDate(1, 0, 0)}, true
	}
	return period{}, false
}

// aqsDate reads a day or a moment.
func aqsDate(text string) (period, bool) {
	for _, layout := range []string{"1/2/2006", "2006-01-02"} {
		if day, err := time.Parse(layout, text); err == nil {
			return period{day, day.AddDate(0, 0, 1)}, true
		}
	}
	if at, err := mailstore.ParseTime(strings.ToUpper(text)); err == nil {
		return period{at, at.Add(time.Second)}, true
	}
	return period{}, false
}
