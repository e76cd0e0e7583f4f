package xmlwire

import (
	"bytes"
	"strconv"
	"time"
)

// TryBool is [Decoder.Bool] for values that must not spoil the whole document: for
// anything but an xs:boolean it returns false, and ok is false.
func (d *Decoder) TryBool() (v, ok bool) {
	switch string(bytes.TrimSpace(d.shortText())) {
	case "true", "1":
		return true, d.err == nil
	case "false", "0":
		return false, d.err == nil
	}
	return false, false
}

// TryInt64 is [Decoder.Int64] for values that must not spoil the whole document:
// for anything but a number it returns 0, and ok is false.
func (d *Decoder) TryInt64() (v int64, ok bool) {
	v, err := strconv.ParseInt(string(bytes.TrimSpace(d.shortText())), 10, 64)
	if err != nil || d.err != nil {
		return 0, false
	}
	return v, true
}

// TryTime is [Decoder.Time] for values that must not spoil the whole document: for
// anything but an xs:dateTime it returns the zero time, and ok is false.
func (d *Decoder) TryTime() (v time.Time, ok bool) {
	v, err := ParseTime(string(bytes.TrimSpace(d.shortText())))
	if err != nil || d.err != nil {
		return time.Time{}, false
	}
	return v, true
}
