package passage_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// original is an item with two attachments.
func original() driver.Item {
	at := time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)
	return driver.Item{
		MessageID: "<1@evil.example>", Class: "IPM.Note", Subject: "Invoice", Size: 100_000, Received: at, Sent: at.Add(-time.Minute),
		HasAttachments: true, Attachments: []driver.Attachment{{Name: "a.pdf", Size: 20_000}, {Name: "b.pdf", Size: 40_000}},
	}
}

// What a copy may lack, depending on the way it came, and what it may not.
func TestDiffers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		original, copied func(*driver.Item)
		by, mime         string // why, by a way that keeps every property, and by MIME
	}{
		"same":                   {},
		"brackets":               {copied: func(it *driver.Item) { it.MessageID = "1@evil.example" }},
		"another Message-ID":     {copied: func(it *driver.Item) { it.MessageID = "<2@evil.example>" }, by: "its Message-ID differs", mime: "its Message-ID differs"},
		"a Message-ID assigned":  {original: func(it *driver.Item) { it.MessageID = "" }, by: "its Message-ID differs"},
		"class in capitals":      {copied: func(it *driver.Item) { it.Class = "ipm.note" }},
		"another class":          {copied: func(it *driver.Item) { it.Class = "IPM.Post" }, by: `its class is "IPM.Post" instead of "IPM.Note"`, mime: `its class is "IPM.Post" instead of "IPM.Note"`},
		"received later":         {copied: func(it *driver.Item) { it.Received = it.Received.Add(time.Second) }, by: "it was received 2026-11-20T08:30:01Z instead of 2026-11-20T08:30:00Z", mime: "it was received 2026-11-20T08:30:01Z instead of 2026-11-20T08:30:00Z"},
		"received in that time":  {copied: func(it *driver.Item) { it.Received = it.Received.Add(900 * time.Millisecond) }},
		"a time of receipt made": {original: func(it *driver.Item) { it.Received = time.Time{} }, by: "it was received 2026-11-20T08:30:00Z instead of never"},
		"sent never":             {copied: func(it *driver.Item) { it.Sent = time.Time{} }, by: "it was sent never instead of 2026-11-20T08:29:00Z", mime: "it was sent never instead of 2026-11-20T08:29:00Z"},
		"no attachments":         {copied: func(it *driver.Item) { it.HasAttachments, it.Attachments = false, nil }, by: "either it or the original has no attachments", mime: "either it or the original has no attachments"},
		"another subject":        {copied: func(it *driver.Item) { it.Subject = "INVOICE" }, by: "its subject differs"},
		"a subject that was cut": {original: func(it *driver.Item) { it.Subject = strings.Repeat("a", 300) }, copied: func(it *driver.Item) { it.Subject = strings.Repeat("a", 255) }},
		"a subject cut too far":  {original: func(it *driver.Item) { it.Subject = strings.Repeat("a", 300) }, copied: func(it *driver.Item) { it.Subject = strings.Repeat("a", 199) }, by: "its subject differs"},
		"a little smaller":       {copied: func(it *driver.Item) { it.Size = 92_952 }},
		"smaller":                {copied: func(it *driver.Item) { it.Size = 92_951 }, by: "it is 92951 bytes long instead of 100000"},
		"half as large":          {copied: func(it *driver.Item) { it.Size = 45_904 }, by: "it is 45904 bytes long instead of 100000"},
		"less than half":         {copied: func(it *driver.Item) { it.Size = 45_903 }, by: "it is 45903 bytes long instead of 100000", mime: "it is 45903 bytes long instead of 100000"},
		"larger":                 {copied: func(it *driver.Item) { it.Size *= 3 }},
		"an attachment less":     {copied: func(it *driver.Item) { it.Attachments = it.Attachments[1:] }, by: "its attachments differ in number, name or size", mime: "its attachments differ in number, name or size"},
		"in another order":       {copied: func(it *driver.Item) { it.Attachments[0], it.Attachments[1] = it.Attachments[1], it.Attachments[0] }},
		"another name":           {copied: func(it *driver.Item) { it.Attachments[1].Name = "c.pdf" }, by: "its attachments differ in number, name or size", mime: "its attachments differ in number, name or size"},
		"one of one name smaller": {
			original: func(it *driver.Item) { it.Attachments[0].Name = "b.pdf" },
			copied:   func(it *driver.Item) { it.Attachments[0], it.Attachments[1] = it.Attachments[1], it.Attachments[0] },
		},
		"half an attachment":             {copied: func(it *driver.Item) { it.Attachments[1].Size = 19_000 }, by: "its attachments differ in number, name or size"},
		"less than half an attachment":   {copied: func(it *driver.Item) { it.Attachments[1].Size = 18_000 }, by: "its attachments differ in number, name or size", mime: "its attachments differ in number, name or size"},
		"attachments that were not read": {copied: func(it *driver.Item) { it.Attachments = nil }},
	} {
		was := original()
		if tt.original != nil {
			tt.original(&was)
		}
		is := original()
		if tt.original != nil && tt.copied != nil {
			tt.original(&is)
		}
		if tt.copied != nil {
			tt.copied(&is)
		}
		assert.Equal(t, tt.by, passage.Differs(was, is, true), "%s, faithful", name)
		assert.Equal(t, tt.mime, passage.Differs(was, is, false), "%s, by MIME", name)
	}
}

func TestAlike(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)
	q, ok := passage.Alike("<1@evil.example>", at)
	assert.True(t, ok)
	assert.Equal(t, driver.Query{MessageID: "<1@evil.example>"}, q)
	q, ok = passage.Alike("<>", at)
	assert.True(t, ok)
	assert.Equal(t, driver.Query{Received: at}, q)
	_, ok = passage.Alike(" ", time.Time{})
	assert.False(t, ok)
}
