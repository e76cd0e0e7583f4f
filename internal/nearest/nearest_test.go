package nearest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/nearest"
)

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	names := []string{"quarantineFolder", "quarantineMailbox", "ewsUrl", "username", "-message-id"}
	for what, want := range map[string]string{
		"quarantineFoldr": "quarantineFolder", "quarantine_folder": "quarantineFolder", "QuarantineFodler": "quarantineFolder",
		"ewsURI": "ewsUrl", "user": "username", "-mesage-id": "-message-id", "-messageid": "-message-id",
		"us": "", "x": "", "": "", "mailbox": "", strings.Repeat("q", 1000): "",
	} {
		got := nearest.DidYouMean(what, names)
		if want == "" {
			assert.Empty(t, got, what)
			continue
		}
		assert.Equal(t, "; did you mean "+want+"?", got, what)
	}
}
