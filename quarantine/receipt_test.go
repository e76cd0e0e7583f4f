package quarantine_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func TestReceiptRoundTrip(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	r := quarantine.Receipt{
		Action: "quarantine", Server: "Head office", Strategy: "fullAccess",
		Target:  quarantine.Target{Mailbox: "alice@example.test", MessageID: "<1@x>", Reason: "phishing"},
		Started: at, Finished: at.Add(time.Second),
		Items: []quarantine.ReceiptItem{
			{
				Outcome: quarantine.Quarantined, Operation: "abcdefghijklmnopqrstuvwxy2", Way: quarantine.WayMove, Folder: "/Inbox",
				WasRead: true, MessageID: "<1@x>", Class: "IPM.Note", Size: 4711, Received: at, Digest: "9f86d081",
				Reach: driver.Reach{Answer: driver.AnswerForwarded, AnsweredAt: at, FollowUp: driver.FollowUpFlagged},
				From:  quarantine.Place{Mailbox: "alice@example.test", Folder: driver.Folder{ID: "f", Path: "/Inbox", Base: "inbox"}, ItemID: "i"},
				To:    quarantine.Place{Mailbox: "quarantine@example.test", Folder: driver.Folder{ID: "q", Path: "/Quarantine"}, ItemID: "j"},
			},
			{Outcome: quarantine.Failed, Folder: "/Sent", Err: &driver.Error{Err: errors.New("the server is busy"), Temporary: true, Code: "ErrorServerBusy"}, Residue: "something",
				Surplus: []quarantine.Surplus{{Place: quarantine.Place{Mailbox: "quarantine@example.test", Folder: driver.Folder{Path: "/Surplus"}, ItemID: "k"}, Why: "a second copy"}}},
		},
		Unsearched: []driver.Unsearched{{Folder: driver.Folder{Path: "/Secret"}, Reason: "denied"}},
	}
	// With every field set in one item or the other, none can be missing from
	// the JSON form unnoticed.
	first, second := reflect.ValueOf(r.Items[0]), reflect.ValueOf(r.Items[1])
	for i := range first.NumField() {
		require.False(t, first.Field(i).IsZero() && second.Field(i).IsZero(), "%s is set in no item", first.Type().Field(i).Name)
	}
	b, err := json.Marshal(r)
	require.NoError(t, err)
	var got quarantine.Receipt
	require.NoError(t, json.Unmarshal(b, &got))

	failure, ok := errors.AsType[*quarantine.Failure](got.Items[1].Err)
	require.True(t, ok)
	assert.Equal(t, "ErrorServerBusy", failure.Code)
	assert.True(t, failure.Transient)
	assert.Equal(t, r.Items[1].Err.Error(), failure.Error())
	again, err := json.Marshal(got)
	require.NoError(t, err)
	assert.JSONEq(t, string(b), string(again))
	got.Items[1].Err = r.Items[1].Err
	assert.Equal(t, r, got)
}

func TestReceiptSumsUp(t *testing.T) {
	t.Parallel()
	item := func(o quarantine.Outcome, err error) quarantine.ReceiptItem {
		return quarantine.ReceiptItem{Outcome: o, Err: err}
	}
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		items []quarantine.ReceiptItem
		want  quarantine.Outcome
		fails bool
	}{
		"none":         {nil, quarantine.NotFound, false},
		"one":          {[]quarantine.ReceiptItem{item(quarantine.Quarantined, nil)}, quarantine.Quarantined, false},
		"one failed":   {[]quarantine.ReceiptItem{item(quarantine.Quarantined, nil), item(quarantine.Failed, boom)}, quarantine.Failed, true},
		"one refused":  {[]quarantine.ReceiptItem{item(quarantine.Refused, boom), item(quarantine.Quarantined, nil)}, quarantine.Refused, true},
		"already":      {[]quarantine.ReceiptItem{item(quarantine.AlreadyQuarantined, nil)}, quarantine.AlreadyQuarantined, false},
		"restored":     {[]quarantine.ReceiptItem{item(quarantine.AlreadyRestored, nil), item(quarantine.Restored, nil)}, quarantine.Restored, false},
		"found":        {[]quarantine.ReceiptItem{item(quarantine.Found, nil)}, quarantine.Found, false},
		"half missing": {[]quarantine.ReceiptItem{item(quarantine.NotFound, nil), item(quarantine.Restored, nil)}, quarantine.Restored, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := quarantine.Receipt{Started: time.Now(), Items: c.items}
			assert.Equal(t, c.want, r.Outcome())
			if c.fails {
				assert.ErrorIs(t, r.Err(), boom)
			} else {
				assert.NoError(t, r.Err())
			}
		})
	}
	inbox := driver.Folder{Path: "/Inbox"}
	r := quarantine.Receipt{Unsearched: []driver.Unsearched{
		{Reason: "denied"}, {Folder: inbox, Cause: quarantine.CauseNoPermission, Reason: "closed"},
		{Folder: inbox, Cause: quarantine.CauseUndecided, Reason: "2 more messages could not be examined"},
	}}
	assert.EqualError(t, r.Err(), "the mailbox was not searched completely: denied\n"+
		"folder \"/Inbox\" was not searched completely: closed\n"+
		"in folder \"/Inbox\", which was searched: 2 more messages could not be examined")
}
