package main

import (
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// TestCriteriaFlagsAreComplete checks that each criterion is a flag, a column and a
// JSON member, and that no two flags set the same one.
func TestCriteriaFlagsAreComplete(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		"ReceivedAfter": "2026-11-24", "ReceivedBefore": "2026-11-25", "SubjectMatch": "prefix",
	}
	fields := reflect.TypeFor[quarantine.Criteria]()
	for f := range fields.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		value := values[f.Name]
		if value == "" {
			value = "x"
		}
		var c quarantine.Criteria
		known, err := setCriterion(&c, name, value)
		require.NoError(t, err, name)
		require.True(t, known, "%s has no flag", name)
		for other := range fields.Fields() {
			assert.Equal(t, other.Name != f.Name, reflect.ValueOf(c).FieldByIndex(other.Index).IsZero(), "the flag of %s, and %s", f.Name, other.Name)
		}
		assert.Contains(t, criteriaNames(), flagOf(name), "errors name the flag")
	}
	assert.Len(t, criteria(), fields.NumField())
}

// TestOutcomesAreWords checks that every outcome is shown to people in plain words.
func TestOutcomesAreWords(t *testing.T) {
	t.Parallel()
	all, err := repository.Constants("../../quarantine", "Outcome")
	require.NoError(t, err)
	for name, value := range all {
		text := words(quarantine.Outcome(value))
		assert.Equal(t, -1, strings.IndexFunc(text, unicode.IsUpper), "%s is shown as %q", name, text)
	}
}
