package ewstest

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// typedValue is a value that can be compared with another of its kind.
type typedValue struct {
	kind   valueKind
	text   string
	number float64
	truth  bool
	time   time.Time
	binary []byte
}

type valueKind int

const (
	textValue valueKind = iota
	numberValue
	boolValue
	timeValue
	binaryValue
)

// Names that have their own order, as the numbers in the store do.
const (
	rankedImportance  ews.PropertyType = "importance"
	rankedSensitivity ews.PropertyType = "sensitivity"
)

// parseValue reads the text form of a value of a type and reports whether it is
// valid.
func parseValue(t ews.PropertyType, s string) (typedValue, bool) {
	switch t {
	case ews.TypeInteger, ews.TypeLong, ews.TypeShort:
		bits := map[ews.PropertyType]int{ews.TypeInteger: 32, ews.TypeLong: 64, ews.TypeShort: 16}[t]
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, bits)
		return typedValue{kind: numberValue, number: float64(n)}, err == nil
	case ews.TypeDouble, "Float", "ApplicationTime", "Currency":
		n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		return typedValue{kind: numberValue, number: n}, err == nil
	case ews.TypeBoolean:
		switch strings.ToLower(strings.TrimSpace(s)) {
		case "true", "1":
			return typedValue{kind: boolValue, truth: true}, true
		case "false", "0":
			return typedValue{kind: boolValue}, true
		}
		return typedValue{}, false
	case ews.TypeSystemTime:
		at, err := mailstore.ParseTime(strings.TrimSpace(s))
		return typedValue{kind: timeValue, time: at}, err == nil
	case rankedImportance:
		return ranked(mailstore.Importance(s))
	case rankedSensitivity:
		return ranked(mailstore.Sensitivity(s))
	case "CLSID":
		id, ok := classID(s)
		return typedValue{kind: textValue, text: id}, ok
	case ews.TypeBinary:
		b, err := decodeBase64(s)
		return typedValue{kind: binaryValue, binary: b}, err == nil
	}
	return typedValue{kind: textValue, text: s}, true
}

// classID returns a GUID, which may be in braces, in canonical form, and whether it is
// valid.
func classID(s string) (string, bool) {
	s = strings.TrimSpace(s)
	return strings.ToLower(strings.Trim(s, "{}")), mailstore.IsGUID(s)
}

// compare orders two values of the same kind; texts that differ only in case are
// equal, as in the store.
func (v typedValue) compare(w typedValue) int {
	switch v.kind {
	case numberValue:
		return cmp.Compare(v.number, w.number)
	case timeValue:
		return v.time.Compare(w.time)
	case binaryValue:
		return bytes.Compare(v.binary, w.binary)
	case boolValue:
		return cmp.Compare(truth(v.truth), truth(w.truth))
	}
	if strings.EqualFold(v.text, w.text) {
		return 0
	}
	return cmp.Or(cmp.Compare(strings.ToLower(v.text), strings.ToLower(w.text)), cmp.Compare(v.text, w.text))
}

// key returns a text that is the same for all values of a kind that compare treats as
// equal.
func (v typedValue) key() string {
	switch v.kind {
	case numberValue:
		return strconv.FormatFloat(v.number+0, 'g', -1, 64) // +0 avoids negative zero
	case timeValue:
		return v.time.UTC().Format(time.RFC3339Nano)
	case binaryValue:
		return string(v.binary)
	case boolValue:
		return strconv.FormatBool(v.truth)
	}
	return mailstore.Fold(v.text)
}

func ranked(p ews.ExtendedProperty, ok bool) (typedValue, bool) {
	if !ok {
		return typedValue{}, false
	}
	return parseValue(ews.TypeInteger, p.Value)
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// decodeBase64 decodes base64 that may contain white space, as XML allows.
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, " \t") {
		s = strings.Join(strings.Fields(s), "")
	}
	return base64.StdEncoding.DecodeString(s)
}
