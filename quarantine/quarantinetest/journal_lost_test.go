package quarantinetest_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

// leaves calls f for each field of a struct that is not a struct itself, or is a time.
func leaves(name string, v reflect.Value, f func(name string, v reflect.Value)) {
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[time.Time]() {
		f(name, v)
		return
	}
	for i := range v.NumField() {
		leaves(name+"."+v.Type().Field(i).Name, v.Field(i), f)
	}
}

// TestJournalLoses: the suite finds every journal that loses one field of an intent,
// including fields added in the future.
func TestJournalLoses(t *testing.T) {
	t.Parallel()
	leaves("Intent", reflect.ValueOf(quarantine.Intent{}), func(name string, _ reflect.Value) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lose := stored(func(in *quarantine.Intent) {
				leaves("Intent", reflect.ValueOf(in).Elem(), func(n string, v reflect.Value) {
					if n == name {
						v.SetZero()
					}
				})
			})
			assert.NotEmpty(t, quarantinetest.JournalProblems(t, func(*testing.T) quarantinetest.JournalStore { return damageable(lose)() }))
		})
	})
}
