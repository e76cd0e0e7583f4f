package mailstore

import (
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Keepable reports whether the store can keep a time: MAPI counts from 1601, and EWS
// writes years of four digits.
func Keepable(t time.Time) bool { return t.Year() >= 1601 && t.Year() <= 9999 }

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// IsGUID reports whether a text is a GUID, with or without braces.
func IsGUID(s string) bool {
	if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") {
		s = s[1 : len(s)-1]
	}
	return guid.MatchString(s)
}

// forms has, by type, a function that reports whether the store could keep a text as a value.
var forms = map[ews.PropertyType]func(string) bool{
	ews.TypeString:  func(string) bool { return true },
	ews.TypeInteger: func(s string) bool { return isInteger(s, 32) },
	ews.TypeLong:    func(s string) bool { return isInteger(s, 64) },
	ews.TypeShort:   func(s string) bool { return isInteger(s, 16) },
	"Currency":      isNumber,
	ews.TypeDouble:  isNumber, "Float": isNumber, "ApplicationTime": isNumber,
	ews.TypeBoolean: func(s string) bool { return s == "true" || s == "false" },
	ews.TypeBinary: func(s string) bool {
		_, err := base64.StdEncoding.DecodeString(s)
		return err == nil
	},
	ews.TypeSystemTime: func(s string) bool {
		t, err := ParseTime(s)
		return err == nil && Keepable(t)
	},
	ews.TypeCLSID: IsGUID,
}

// propertySets are the sets that EWS has names for.
var propertySets = map[ews.PropertySet]bool{
	ews.SetCommon: true, ews.SetPublicStrings: true, ews.SetInternetHeaders: true, ews.SetAddress: true, ews.SetAppointment: true,
	ews.SetMeeting: true, ews.SetTask: true, ews.SetSharing: true, "CalendarAssistant": true, "UnifiedMessaging": true,
}

func isInteger(s string, bits int) bool {
	_, err := strconv.ParseInt(s, 10, bits)
	return err == nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// Sound reports whether the store could have written a property: it is named in exactly one
// way, and its values have its type.
func Sound(p ews.ExtendedProperty) bool {
	single, array := strings.CutSuffix(string(p.Field.Type), "Array")
	fits, ok := forms[ews.PropertyType(single)]
	f := p.Field
	named := f.GUID != "" || f.Set != ""
	switch {
	case !ok,
		named == (f.Tag != 0),                 // neither or both
		!named && (f.Name != "" || f.ID != 0), // a tag is enough
		f.Tag >= 0x8000,                       // such tags are for named properties
		f.GUID != "" && (f.Set != "" || !IsGUID(f.GUID) || f.GUID[0] == '{'), // not exactly one set
		f.Set != "" && !propertySets[f.Set],
		f.Name != "" && f.ID != 0:
		return false
	case !array:
		return len(p.Values) == 0 && fits(p.Value)
	case p.Value != "":
		return false
	}
	for _, v := range p.Values {
		if !fits(v) {
			return false
		}
	}
	return true
}
