package quarantine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// scaleExamined: what would have to be read beyond the limit is left out, and that is
// reported.
func scaleExamined(t *testing.T, w *world) {
	w.ResetRequests()
	r, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{
		URL: "https://evil.example/", ReceivedAfter: noon, ReceivedBefore: noon.Add(24 * time.Hour),
	}})
	require.NoError(t, err)
	require.ErrorContains(t, r.Err(), "more than 500 messages would have to be read")
	assert.Equal(t, 500, r.Examined)
	assert.LessOrEqual(t, w.requested(ews.OpFindItem), 4)
}

// scaleSender: headers are read many at a time.
func scaleSender(t *testing.T, w *world) {
	window := 1_000
	if *whole {
		window = 10_000
	}
	service := w.newService(t, searching(false, quarantine.Limits{}))
	w.ResetRequests()
	r, err := service.Find(t.Context(), quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{
		Sender: "a@b.example", ReceivedAfter: noon, ReceivedBefore: noon.Add(time.Duration(window) * time.Second),
	}})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	assert.Equal(t, window, r.Examined)
	requests := len(w.Requests())
	t.Logf("%d messages were read with %d requests", window, requests)
	assert.LessOrEqual(t, requests, window*150/10_000+5)
	assert.LessOrEqual(t, requests, 150)
}
