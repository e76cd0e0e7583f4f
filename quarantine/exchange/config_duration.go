package exchange

import (
	"errors"
	"regexp"
	"time"
)

// Duration is a length of time. In JSON it is a string of numbers with units,
// such as "60s", "15m" or "1h30m"; the units are h, m, s and ms. A bare number,
// whose unit would have to be guessed, is refused. The zero value means not set.
type Duration time.Duration

// String returns the duration as [time.Duration] does, such as "1m0s", or "" for
// the zero value.
func (d Duration) String() string {
	if d == 0 {
		return ""
	}
	return time.Duration(d).String()
}

// MarshalText writes the same as String, which [ParseConfig] reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a duration; an empty text is the zero value.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, problem := parseDuration(string(text))
	if problem != "" {
		return errors.New("the duration " + problem)
	}
	*d = parsed
	return nil
}

var durationText = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?(h|ms|m|s))+$`)

// parseDuration returns a duration, or what is wrong with its text.
func parseDuration(text string) (d Duration, problem string) {
	if text == "" {
		return 0, ""
	}
	parsed, err := time.ParseDuration(text)
	switch {
	case err == nil && parsed < 0:
		return 0, "is negative; leave it out for the default"
	case !durationText.MatchString(text):
		return 0, `is not a duration; use numbers with the units h, m, s and ms, such as "60s" or "15m"`
	case err != nil:
		return 0, "is too long a duration; use hours at most"
	case parsed == 0:
		return 0, "is zero; leave it out for the default"
	}
	return Duration(parsed), ""
}
