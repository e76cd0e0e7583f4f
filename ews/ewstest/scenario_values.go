package ewstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// duration is a time.Duration in text form.
type duration time.Duration

// UnmarshalText reads a duration such as 20ms.
func (d *duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return misfit[duration](b)
	}
	*d = duration(v)
	return nil
}

// moment is a time.Time in text form.
type moment time.Time

// UnmarshalText reads a time in the format of RFC 3339.
func (m *moment) UnmarshalText(b []byte) error {
	v, err := time.Parse(time.RFC3339, string(b))
	if err != nil {
		return misfit[moment](b)
	}
	*m = moment(v)
	return nil
}

// misfit returns the error for a text that does not fit a type. The decoder adds the name
// of the field.
func misfit[T any](text []byte) error {
	return &json.UnmarshalTypeError{Value: strconv.Quote(string(text)), Type: reflect.TypeFor[T]()}
}

// inField rephrases a decoder's error in terms of the scenario.
func inField(err error) error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok || wrong.Field == "" {
		return err
	}
	needed := "another value"
	switch wrong.Type {
	case reflect.TypeFor[duration]():
		needed = `a time such as "20ms" or "1h30m"`
	case reflect.TypeFor[moment]():
		needed = `a date and time such as "2026-11-24T10:00:00Z"`
	default:
		switch wrong.Type.Kind() {
		case reflect.String:
			needed = "a text in quotation marks"
		case reflect.Bool:
			needed = "true or false"
		case reflect.Int, reflect.Int64:
			needed = "a whole number"
		case reflect.Uint64:
			needed = "a whole number that is not negative"
		case reflect.Float64:
			needed = "a number"
		case reflect.Slice:
			needed = "a list in square brackets"
		case reflect.Struct:
			needed = "an object in braces"
		}
	}
	return fmt.Errorf("%s must be %s, not %s", spelled(wrong.Field), needed, wrong.Value)
}

// spelled returns the path of a Go field as a scenario spells it.
func spelled(path string) string {
	parts := strings.Split(path, ".")
	for i, p := range parts {
		p = strings.Replace(p, "ID", "Id", 1)
		if p == strings.ToUpper(p) {
			p = strings.ToLower(p)
		}
		parts[i] = strings.ToLower(p[:min(1, len(p))]) + p[min(1, len(p)):]
	}
	return strings.Join(parts, ".")
}

// notNegative refuses the first number that is negative.
func notNegative[N int | int64 | duration](fields []string, numbers ...N) error {
	for i, n := range numbers {
		if n < 0 {
			return fmt.Errorf("%s must not be negative", fields[i])
		}
	}
	return nil
}
