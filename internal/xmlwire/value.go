package xmlwire

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// Bool returns the text of the current element as an xs:boolean and ends the
// element. Anything else is an error.
func (d *Decoder) Bool() bool {
	switch s := bytes.TrimSpace(d.shortText()); string(s) {
	case "true", "1":
		return true
	case "false", "0":
	default:
		d.fail(ErrValue, "not a boolean")
	}
	return false
}

// Int64 returns the text of the current element as a number and ends the
// element. Anything else is an error.
func (d *Decoder) Int64() int64 {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(d.shortText())), 10, 64)
	if err != nil {
		d.fail(ErrValue, "not a number")
		return 0
	}
	return n
}

// Time returns the text of the current element as an xs:dateTime in UTC and
// ends the element. A time without a zone is UTC. Anything else is an error.
func (d *Decoder) Time() time.Time {
	t, err := ParseTime(string(bytes.TrimSpace(d.shortText())))
	if err != nil {
		d.fail(ErrValue, "not a time")
	}
	return t
}

// ParseTime reads an xs:dateTime and returns it in UTC. A time without a zone is
// UTC.
func ParseTime(s string) (time.Time, error) {
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: not an xs:dateTime", ErrValue)
}

func (d *Decoder) shortText() []byte {
	if run, ok := d.simpleText(); ok {
		return run
	}
	d.scratch = d.AppendText(d.scratch[:0])
	return d.scratch
}
