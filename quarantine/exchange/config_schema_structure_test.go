package exchange_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestConfigSchemaStructure: every part of the schema is a schema as the draft
// defines it, every reference resolves, and examples and defaults are valid.
func TestConfigSchemaStructure(t *testing.T) {
	t.Parallel()
	e := publishedSchema(t)
	assert.Equal(t, "https://json-schema.org/draft/2020-12/schema", e.root["$schema"])
	w := &structure{T: t, e: e, used: map[string]bool{}}
	w.schema("", e.root)
	for name := range e.root["$defs"].(map[string]any) {
		assert.True(t, w.used["#/$defs/"+name], "nothing refers to %s", name)
	}
	assert.Greater(t, w.schemas, 100)
}

// structure walks through a schema.
type structure struct {
	*testing.T
	e       *evaluator
	used    map[string]bool // references
	schemas int
}

// schema checks one schema and those nested in it.
func (w *structure) schema(path string, v any) {
	w.Helper()
	s, ok := v.(map[string]any)
	require.True(w, ok, "%s: not a schema", path)
	w.schemas++
	for _, name := range slices.Sorted(maps.Keys(s)) {
		w.keyword(path+"/"+name, s, name, s[name])
	}
}

func (w *structure) keyword(path string, s map[string]any, name string, v any) {
	w.Helper()
	switch name {
	case "properties", "$defs":
		for _, key := range slices.Sorted(maps.Keys(v.(map[string]any))) {
			w.schema(path+"/"+key, v.(map[string]any)[key])
		}
	case "allOf", "anyOf":
		assert.NotEmpty(w, v, path)
		for i, one := range v.([]any) {
			w.schema(fmt.Sprintf("%s/%d", path, i), one)
		}
	case "items", "not", "if", "then", "else":
		w.schema(path, v)
		if name == "then" || name == "else" {
			assert.Contains(w, s, "if", "%s has no effect", path)
		}
	case "additionalProperties", "uniqueItems", "writeOnly":
		assert.IsType(w, true, v, path)
	case "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum":
		assert.IsType(w, 1.0, v, path)
		assert.GreaterOrEqual(w, v, 0.0, path)
	case "required", "enum":
		list, _ := v.([]any)
		assert.NotEmpty(w, list, path)
		for i, one := range list {
			assert.NotContains(w, list[:i], one, path)
		}
	case "pattern":
		_, err := regexp.Compile(v.(string))
		assert.NoError(w, err, path)
		assert.NotRegexp(w, `\\[pPuk]|\(\?|\\x[^0-9a-f]`, v, "%s: not all programs read this", path)
	case "$ref":
		w.used[v.(string)] = true
	case "default":
		w.valid(path, s, v)
	case "examples":
		for _, one := range v.([]any) {
			w.valid(path, s, one)
		}
	case "format":
		assert.Contains(w, []string{"uri", "email", "hostname", "uuid"}, v, path)
	case "type", "const", "$schema", "$id", "$comment", "title", "description":
		assert.NotNil(w, v, path)
	default:
		w.Errorf("%s: the keyword %q is not known", path, name)
	}
}

func (w *structure) valid(path string, s map[string]any, v any) {
	w.Helper()
	ok, err := w.e.valid(s, v)
	require.NoError(w, err, path)
	assert.True(w, ok, "%s: %v is not valid itself", path, v)
}
