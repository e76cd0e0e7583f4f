package exchange_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		value, err := plainJSON(m.value)
		if err != nil {
			return nil, err
		}
		b = fmt.Appendf(b, "%q:%s", m.name, value) // names are plain words
	}
	return append(b, '}'), nil
}

// plainJSON marshals without HTML escapes.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// makeSchema makes the schema: names and types come from the structs,
// descriptions and the defaults of numbers from their doc comments, the rest from
// the tables in config_schema_rules_test.go.
func makeSchema(t *testing.T) []byte {
	t.Helper()
	docs := readDocs(t)
	config := structSchema(t, docs, reflect.TypeFor[exchange.Config](), "")
	config = append(config, member{"required", []string{"authentication"}}, member{"allOf", configRules()})
	schema := object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"$id", "https://github.com/ewsquarantine/ewsquarantine/blob/main/quarantine/exchange/config.schema.json"},
		{"title", "Configuration of a mail quarantine"},
		{"description", "One Exchange organisation or Microsoft 365 tenant, or an array of them."},
		{"anyOf", []any{
			object{{"$ref", "#/$defs/config"}},
			object{{"type", "array"}, {"items", object{{"$ref", "#/$defs/config"}}}, {"minItems", 1}},
		}},
		{"$defs", append(object{
			{"config", config},
			{"authentication", append(structSchema(t, docs, reflect.TypeFor[exchange.Authentication](), "authentication."), member{"required", []string{"type"}})},
			{"header", append(structSchema(t, docs, reflect.TypeFor[quarantine.Header](), "header."), headerRule()...)},
			{"limits", structSchema(t, docs, reflect.TypeFor[quarantine.Limits](), "searchLimits.")},
			{"throttling", structSchema(t, docs, reflect.TypeFor[exchange.Throttling](), "throttling.")},
		}, commonSchemas()...)},
	}
	text, err := plainJSON(schema)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, json.Indent(&out, text, "", "  "))
	out.WriteByte('\n')
	return out.Bytes()
}

// structSchema returns the schema of an object.
func structSchema(t *testing.T, docs map[string]string, typ reflect.Type, prefix string) object {
	t.Helper()
	var properties object
	for f := range typ.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		doc := docs[typ.Name()+"."+f.Name]
		require.NotEmpty(t, doc, "%s.%s has no doc comment", typ.Name(), f.Name)
		property := object{{"description", doc}}
		property = append(property, typeSchema(f.Type)...)
		property = append(property, details[prefix+name]...)
		if number := defaultNumber.FindStringSubmatch(doc); number != nil && f.Type.Kind() == reflect.Int {
			n, err := strconv.Atoi(strings.ReplaceAll(number[1], ",", ""))
			require.NoError(t, err)
			property = append(property, member{"default", n})
		}
		properties = append(properties, member{name, property})
	}
	return object{{"type", "object"}, {"additionalProperties", false}, {"properties", properties}}
}

var defaultNumber = regexp.MustCompile(`Default: ([0-9,]+)\.`)

// typeSchema returns the schema of the type of a field.
func typeSchema(typ reflect.Type) object {
	switch {
	case typ.Kind() == reflect.Pointer:
		return typeSchema(typ.Elem())
	case typ.Kind() == reflect.Bool:
		return object{{"type", "boolean"}}
	case typ.Kind() == reflect.Int:
		return object{{"type", "integer"}, {"minimum", 0}, {"maximum", 1<<31 - 1}}
	case typ.Kind() == reflect.Slice:
		return object{{"type", "array"}, {"uniqueItems", true}}
	case typ.Kind() == reflect.Struct && !isText(typ):
		return object{{"$ref", "#/$defs/" + strings.ToLower(typ.Name())}}
	}
	return object{{"type", "string"}}
}

// readDocs returns the doc comments of struct fields, by "Type.Field", with JSON
// names instead of Go names.
func readDocs(t *testing.T) map[string]string {
	t.Helper()
	var files []string
	for _, dir := range []string{"../driver", "..", "."} { // Header, Limits and the rest
		found, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		files = append(files, found...)
	}
	docs := map[string]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				readFields(docs, spec.Name.Name, s)
			}
			return false
		})
	}
	words := jsonWords()
	for field, doc := range docs {
		docs[field] = goWord.ReplaceAllStringFunc(strings.NewReplacer("[", "", "]", "", "quarantine.", "", "driver.", "").Replace(doc), func(word string) string {
			if to, ok := words[word]; ok {
				return to
			}
			return word
		})
	}
	return docs
}

// readFields reads one struct. A field without a comment has that of the field
// above.
func readFields(docs map[string]string, typ string, s *ast.StructType) {
	doc := ""
	for _, f := range s.Fields.List {
		if f.Doc != nil {
			doc = strings.Join(strings.Fields(f.Doc.Text()), " ")
		}
		for _, name := range f.Names {
			docs[typ+"."+name.Name] = doc
		}
	}
}

var goWord = regexp.MustCompile(`[A-Za-z]+`)

// jsonWords are the Go names that have a counterpart in JSON.
func jsonWords() map[string]string {
	words := map[string]string{
		"FullAccess": string(exchange.FullAccess), "Impersonation": string(exchange.Impersonation),
		"DefaultQuarantineFolder": exchange.DefaultQuarantineFolder, "DefaultAuthenticationEndpoint": exchange.DefaultAuthenticationEndpoint,
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[exchange.Config](), reflect.TypeFor[exchange.Authentication](), reflect.TypeFor[quarantine.Header](), reflect.TypeFor[quarantine.Limits](),
		reflect.TypeFor[exchange.Throttling](),
	} {
		for f := range typ.Fields() {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" {
				words[f.Name] = name
			}
		}
	}
	return words
}
