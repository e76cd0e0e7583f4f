package exchange_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// drop removes a field.
type drop struct{}

// spoilt returns a configuration with the fields at some paths changed.
func spoilt(t *testing.T, good string, changes map[string]any) []byte {
	t.Helper()
	var doc map[string]any
	require.NoError(t, json.Unmarshal([]byte(good), &doc))
	for _, path := range slices.Sorted(maps.Keys(changes)) {
		value := changes[path]
		object, name := doc, path
		if outer, inner, nested := strings.Cut(path, "."); nested {
			sub, ok := doc[outer].(map[string]any)
			if !ok {
				sub = map[string]any{}
				doc[outer] = sub
			}
			object, name = sub, inner
		}
		if value == (drop{}) {
			delete(object, name)
			continue
		}
		object[name] = value
	}
	b, err := json.Marshal(doc)
	require.NoError(t, err)
	return b
}

// verdict parses and checks a configuration.
func verdict(text []byte) error {
	c, err := exchange.ParseConfig(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return c.Validate()
}

// bad is a configuration with one fault.
type bad struct {
	good    string
	changes map[string]any
	field   string
	remedy  string
	// beyond means that a JSON Schema cannot detect the fault.
	beyond bool
}

// set is one change.
func set(path string, value any) map[string]any { return map[string]any{path: value} }

func list(values ...any) []any { return values }
