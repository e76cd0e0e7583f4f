package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/nearest"
)

// checkFields checks the text, which is known to be JSON, against the fields of
// [Config] before it is decoded: encoding/json ignores case, accepts repeated
// names, and does not report where an unknown name is.
func (t configText) checkFields() error {
	w := fieldWalk{text: t, dec: json.NewDecoder(bytes.NewReader(t))}
	token, at, err := w.next()
	if err != nil {
		return err
	}
	return w.configs(token, at, "")
}

// CheckSettings checks the text of a program's own configuration file, which embeds
// configurations of this package, against the fields of a struct, as [ParseConfigs] does
// against those of [Config]. The error gives the line and column of a setting that is
// unknown, set twice or of the wrong type. A field of type [json.RawMessage] is a
// configuration, or an array of them. Other fields can have the types that fields of Config
// have, or be arrays of structs or of strings.
func CheckSettings[T any](text []byte) error {
	t, err := readConfig(bytes.NewReader(text))
	if err != nil {
		return err
	}
	if err := t.checkSyntax(); err != nil {
		return err
	}
	w := fieldWalk{text: t, dec: json.NewDecoder(bytes.NewReader(t))}
	token, at, err := w.next()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return t.errorAt(at, "", "is not a JSON object; it must begin with {")
	}
	return w.object(reflect.TypeFor[T](), "")
}

// configs checks a configuration or an array of them, whose first token has been read.
func (w *fieldWalk) configs(token json.Token, at int, path string) error {
	config := reflect.TypeFor[Config]()
	switch token {
	case json.Delim('{'):
		if path != "" {
			path += "."
		}
		return w.object(config, path)
	case json.Delim('['):
		return w.array(config, path)
	}
	return w.text.errorAt(at, path, "is not a JSON object; it must begin with {")
}

type fieldWalk struct {
	text configText
	dec  *json.Decoder
}

// next returns the next token and the offset where it begins.
func (w *fieldWalk) next() (json.Token, int, error) {
	at := w.text.skipSpace(int(w.dec.InputOffset()))
	token, err := w.dec.Token()
	if err != nil {
		return nil, at, w.text.errorAt(at, "", "is not JSON: "+err.Error())
	}
	return token, at, nil
}

// array checks an array of objects.
func (w *fieldWalk) array(typ reflect.Type, prefix string) error {
	for i := 0; ; i++ {
		token, at, err := w.next()
		if err != nil {
			return err
		}
		path := fmt.Sprintf("%s[%d]", prefix, i)
		switch {
		case token == json.Delim(']') && i == 0 && typ == reflect.TypeFor[Config]():
			return w.text.errorAt(at, prefix, "is an empty array; add at least one configuration")
		case token == json.Delim(']'):
			return nil
		case token != json.Delim('{'):
			return w.text.errorAt(at, path, "must be an object")
		}
		if err := w.object(typ, path+"."); err != nil {
			return err
		}
	}
}

// object checks the members of an object whose opening brace has been read.
// The types nest only two deep, which bounds the recursion.
func (w *fieldWalk) object(typ reflect.Type, prefix string) error {
	seen := map[string]bool{}
	for {
		token, at, err := w.next()
		if err != nil {
			return err
		}
		if token == json.Delim('}') {
			return nil
		}
		name, _ := token.(string) // the decoder guarantees it
		field := fieldNamed(typ, name)
		switch {
		case field == nil:
			return w.text.errorAt(at, prefix+quoteUnprintable(name), "is not a setting"+suggest(typ, name))
		case seen[name]:
			return w.text.errorAt(at, prefix+name, "is set twice; remove one")
		}
		seen[name] = true
		if err := w.value(field, prefix+name); err != nil {
			return err
		}
	}
}

func (w *fieldWalk) value(typ reflect.Type, path string) error {
	token, at, err := w.next()
	if err != nil {
		return err
	}
	if token == nil { // null: as if omitted
		return nil
	}
	want, ok := "a string in quotation marks", false
	switch {
	case typ == reflect.TypeFor[json.RawMessage]():
		return w.configs(token, at, path)
	case typ.Kind() == reflect.Bool:
		want = "true or false, without quotation marks"
		_, ok = token.(bool)
	case typ.Kind() == reflect.Int:
		want = "a whole number, without quotation marks"
		if n, isNumber := token.(float64); isNumber {
			ok = n == math.Trunc(n) && math.Abs(n) <= math.MaxInt32
		}
	case typ.Kind() == reflect.Struct && typ != reflect.TypeFor[Secret]() && typ != reflect.TypeFor[ProxyURL]():
		if token == json.Delim('{') {
			return w.object(typ, path+".")
		}
		want = "an object in braces"
	case typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct:
		if token == json.Delim('[') {
			return w.array(typ.Elem(), path)
		}
		want = "an array of objects"
	case typ.Kind() == reflect.Slice:
		if token == json.Delim('[') {
			return w.strings(path)
		}
		want = `an array of strings, such as ["example.com"]`
		if path == "mailboxes" || strings.HasSuffix(path, ".mailboxes") || strings.HasSuffix(path, ".protected") {
			want = `an array of strings, such as ["name@example.com"]`
		}
	case typ == reflect.TypeFor[Duration]():
		want = `a duration in quotation marks, such as "60s" or "15m"`
		if text, isString := token.(string); isString {
			if _, problem := parseDuration(text); problem != "" {
				return w.text.errorAt(at, path, problem)
			}
			ok = true
		}
	default:
		_, ok = token.(string)
	}
	if !ok {
		return w.text.errorAt(at, path, "must be "+want)
	}
	return nil
}

// strings checks an array of strings whose opening bracket has been read.
func (w *fieldWalk) strings(path string) error {
	for i := 0; ; i++ {
		token, at, err := w.next()
		if err != nil {
			return err
		}
		if token == json.Delim(']') {
			return nil
		}
		if _, ok := token.(string); !ok {
			return w.text.errorAt(at, fmt.Sprintf("%s[%d]", path, i), "must be a string in quotation marks")
		}
	}
}

// fieldNamed returns the type of the field with this exact JSON name, or nil.
// For a pointer it returns the type that it points to.
func fieldNamed(typ reflect.Type, name string) reflect.Type {
	for f := range typ.Fields() {
		if tag := jsonName(f); tag != "" && tag == name {
			if f.Type.Kind() == reflect.Pointer {
				return f.Type.Elem()
			}
			return f.Type
		}
	}
	return nil
}

// jsonName returns the JSON name of a field, or "" if it has none.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}

// suggest returns a hint for an unknown name: the name that was probably meant, or else all
// valid ones.
func suggest(typ reflect.Type, name string) string {
	var names []string
	for f := range typ.Fields() {
		if tag := jsonName(f); tag != "" {
			if strings.EqualFold(tag, name) {
				return fmt.Sprintf("; use %s", tag)
			}
			names = append(names, tag)
		}
	}
	if inner := innerSetting(typ, name); inner != "" {
		return fmt.Sprintf("; use %s", inner)
	}
	if root := reflect.TypeFor[Config](); typ != root && fieldNamed(root, name) != nil {
		return fmt.Sprintf("; move %s out of this object", name)
	}
	slices.Sort(names)
	if near := nearest.DidYouMean(name, names); near != "" {
		return near
	}
	return "; valid settings are " + strings.Join(names, ", ")
}

// innerSetting returns the path of a setting of this name inside one of the fields.
func innerSetting(typ reflect.Type, name string) string {
	for f := range typ.Fields() {
		tag, inner := jsonName(f), f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if tag == "" || inner.Kind() != reflect.Struct {
			continue
		}
		for g := range inner.Fields() {
			if own := jsonName(g); own != "" && strings.EqualFold(own, name) {
				return tag + "." + own
			}
		}
	}
	return ""
}

// quoteUnprintable truncates a long name, and quotes one that cannot be shown
// as it is.
func quoteUnprintable(name string) string {
	if len(name) > 64 {
		name = strings.ToValidUTF8(name[:64], "") + "…"
	}
	q := fmt.Sprintf("%q", name)
	if q == `"`+name+`"` && name != "" {
		return name
	}
	return q
}
