package driver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func TestBareMessageID(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"<1@evil.example>":          "1@evil.example",
		" \t< 1@evil.example >\r\n": "1@evil.example",
		"1@evil.example":            "1@evil.example",
		"<1@evil.example":           "<1@evil.example",
		"1@evil.example>":           "1@evil.example>",
		"<>":                        "",
		"<":                         "<",
		"":                          "",
	} {
		assert.Equal(t, want, driver.BareMessageID(id), id)
	}
	assert.True(t, driver.SameMessageID("<1@evil.example>", "1@evil.example"))
	assert.False(t, driver.SameMessageID("<1@evil.example>", "<1@EVIL.example>"))
}

func TestSameTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)
	assert.True(t, driver.SameTime(at, at.Add(999*time.Millisecond).In(time.FixedZone("", 3600))))
	assert.False(t, driver.SameTime(at, at.Add(time.Second)))
	assert.True(t, driver.SameTime(time.Time{}, time.Time{}))
}
