package ewsschema

import (
	"regexp"
	"strconv"
)

const (
	datePattern = `(-?(?:[1-9][0-9]{3,}|0[0-9]{3}))-([0-9]{2})-([0-9]{2})`
	timePattern = `([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?`
	zonePattern = `(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?`
)

var (
	dateTimeForm = regexp.MustCompile(`^` + datePattern + `T` + timePattern + zonePattern + `$`)
	dateForm     = regexp.MustCompile(`^` + datePattern + zonePattern + `$`)
	timeForm     = regexp.MustCompile(`^` + timePattern + zonePattern + `$`)
	durationForm = regexp.MustCompile(`^-?P([0-9]+Y)?([0-9]+M)?([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?$`)
)

// moment returns a check for xs:dateTime, xs:date or xs:time. The zone is
// optional.
func moment(date, clock bool) func(string) bool {
	form := timeForm
	if date && clock {
		form = dateTimeForm
	} else if date {
		form = dateForm
	}
	return func(s string) bool {
		m := form.FindStringSubmatch(s)
		if m == nil {
			return false
		}
		m = m[1:]
		if date {
			if !isDate(m[0], m[1], m[2]) {
				return false
			}
			m = m[3:]
		}
		return !clock || isClock(m[0], m[1], m[2], m[3])
	}
}

func isDate(year, month, day string) bool {
	y, err := strconv.Atoi(year)
	if err != nil || y == 0 {
		return false
	}
	days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	m, d := atoi(month), atoi(day)
	if m < 1 || m > len(days) || d < 1 {
		return false
	}
	if m == 2 && y%4 == 0 && (y%100 != 0 || y%400 == 0) {
		return d <= 29
	}
	return d <= days[m-1]
}

func isClock(hour, minute, second, fraction string) bool {
	h, m, s := atoi(hour), atoi(minute), atoi(second)
	if h == 24 {
		// Hour 24 is valid only for the end of a day, 24:00:00.
		return m == 0 && s == 0 && atoi(fraction) == 0
	}
	return h < 24 && m < 60 && s < 60
}

// atoi parses digits that a pattern has matched. It returns 0 for no digits, and
// a non-zero number for one that is too large.
func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func isDuration(s string) bool {
	m := durationForm.FindStringSubmatch(s)
	if m == nil {
		return false
	}
	hasDate := m[1] != "" || m[2] != "" || m[3] != ""
	hasTime := m[5] != "" || m[6] != "" || m[7] != ""
	return (hasDate || hasTime) && (m[4] == "" || hasTime)
}
