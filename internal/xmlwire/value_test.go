package xmlwire_test

import (
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
	"github.com/stretchr/testify/assert"
)

func TestBool(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"true": true, "1": true, " true\r\n": true, "tru&#101;": true, "false": false, "0": false, "\tfalse": false} {
		d := root(t, "<r>"+text+"</r>")
		assert.Equal(t, want, d.Bool(), "%q", text)
		assert.NoError(t, d.Finish())
		got, ok := root(t, "<r>"+text+"</r>").TryBool()
		assert.True(t, ok)
		assert.Equal(t, want, got)
	}
	for _, text := range []string{"", "TRUE", "yes", "2", "true false"} {
		d := root(t, "<r>"+text+"</r>")
		assert.False(t, d.Bool())
		assert.ErrorIs(t, d.Err(), xmlwire.ErrValue, "%q", text)
		d = root(t, "<r>"+text+"</r>")
		got, ok := d.TryBool()
		assert.False(t, got)
		assert.False(t, ok)
		assert.NoError(t, d.Finish())
	}
}

func TestInt64(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"0": 0, "-5": -5, "+7": 7, " 12 ": 12, "9223372036854775807": 1<<63 - 1, "1&#50;": 12} {
		d := root(t, "<r>"+text+"</r>")
		assert.Equal(t, want, d.Int64(), "%q", text)
		assert.NoError(t, d.Finish())
		got, ok := root(t, "<r>"+text+"</r>").TryInt64()
		assert.True(t, ok)
		assert.Equal(t, want, got)
	}
	for _, text := range []string{"", "1.5", "0x10", "1_000", "9223372036854775808", "one"} {
		d := root(t, "<r>"+text+"</r>")
		assert.Zero(t, d.Int64(), "%q", text)
		assert.ErrorIs(t, d.Err(), xmlwire.ErrValue, "%q", text)
		d = root(t, "<r>"+text+"</r>")
		got, ok := d.TryInt64()
		assert.Zero(t, got)
		assert.False(t, ok)
		assert.NoError(t, d.Finish())
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-11-25T12:00:00Z":           noon,
		" 2026-11-25T12:00:00Z\n":        noon,
		"2026-11-25T12:00:00":            noon,
		"2026-11-25T14:00:00+02:00":      noon,
		"2026-11-25T12:00:00.25Z":        noon.Add(250 * time.Millisecond),
		"2026-11-25T12:00:00.0000001":    noon.Add(100),
		"2026-11-25T01:00:00.000-11:00":  noon,
		"0001-01-01T00:00:00Z":           {},
		"2026-11-25T12:00:00.000000000Z": noon,
	} {
		d := root(t, "<r>"+text+"</r>")
		got := d.Time()
		assert.True(t, want.Equal(got), "%q: %v", text, got)
		assert.Equal(t, time.UTC, got.Location())
		assert.NoError(t, d.Finish())
		got, ok := root(t, "<r>"+text+"</r>").TryTime()
		assert.True(t, ok)
		assert.True(t, want.Equal(got))
	}
	for _, text := range []string{"", "2026-11-25", "12:00:00", "2026-02-30T00:00:00Z", "now", "2026-11-25 12:00:00"} {
		d := root(t, "<r>"+text+"</r>")
		assert.True(t, d.Time().IsZero())
		assert.ErrorIs(t, d.Err(), xmlwire.ErrValue, "%q", text)
		d = root(t, "<r>"+text+"</r>")
		got, ok := d.TryTime()
		assert.True(t, got.IsZero())
		assert.False(t, ok)
		assert.NoError(t, d.Finish())
	}
}
