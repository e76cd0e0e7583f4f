package ewstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// readable returns an error of the JSON decoder with the names of a scenario's
// fields instead of those of Go types.
func readable(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) || wrong.Field == "" {
		return err
	}
	fields := strings.Split(wrong.Field, ".")
	for i, f := range fields {
		if strings.ToUpper(f) == f {
			fields[i] = strings.ToLower(f)
			continue
		}
		fields[i] = strings.ToLower(f[:1]) + strings.ReplaceAll(f[1:], "ID", "Id")
	}
	return fmt.Errorf("%s must be %s; found %s", strings.Join(fields, "."), jsonKind(wrong.Type), wrong.Value)
}

// jsonKind returns what JSON has for a Go type.
func jsonKind(t reflect.Type) string {
	if t == reflect.TypeFor[duration]() {
		return `a string such as "20ms"`
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "an array"
	case reflect.Struct:
		return "an object"
	case reflect.Pointer:
		return jsonKind(t.Elem())
	case reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}
