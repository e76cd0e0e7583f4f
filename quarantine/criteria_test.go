package quarantine_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func TestCriteriaValidate(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	sum := strings.Repeat("0aF1", 16)
	within := func(c quarantine.Criteria) quarantine.Criteria {
		c.ReceivedAfter, c.ReceivedBefore = day, day.AddDate(0, 0, 1)
		return c
	}
	good := map[string]quarantine.Criteria{
		"sender":           {Sender: "mallory@evil.example"},
		"sender in quotes": {Sender: `"john doe"@[IPv6:2001:db8::1]`},
		"subject":          {Subject: "Hi"},
		"prefix":           {Subject: "Your invoice", SubjectMatch: quarantine.SubjectPrefix},
		"a folded subject": {Subject: "Your\r\n\tinvoice"},
		"two ideographs":   {Subject: "請求", SubjectMatch: quarantine.SubjectContains},
		"recipient":        within(quarantine.Criteria{Recipient: "alice@example.test"}),
		"attachment":       within(quarantine.Criteria{AttachmentName: "invoice.iso", AttachmentSHA256: sum}),
		"url":              within(quarantine.Criteria{URL: "https://evil.example/a?b=c"}),
		"url and sender":   {URL: "https://evil.example", Sender: "mallory@evil.example"},
	}
	for name, c := range good {
		assert.NoError(t, c.Validate(), name)
		assert.False(t, c.IsZero(), name)
	}
	bad := map[string]struct {
		c     quarantine.Criteria
		field string
	}{
		"nothing":              {quarantine.Criteria{}, "sender"},
		"a time alone":         {within(quarantine.Criteria{}), "sender"},
		"url alone":            {quarantine.Criteria{URL: "https://evil.example/"}, "receivedAfter"},
		"no end":               {quarantine.Criteria{URL: "https://evil.example/", ReceivedAfter: day}, "receivedBefore"},
		"a long time":          {quarantine.Criteria{AttachmentSHA256: sum, ReceivedAfter: day, ReceivedBefore: day.AddDate(0, 2, 0)}, "receivedAfter"},
		"recipient alone":      {quarantine.Criteria{Recipient: "alice@example.test"}, "receivedAfter"},
		"a name alone":         {quarantine.Criteria{AttachmentName: "invoice.iso"}, "receivedAfter"},
		"times exchanged":      {quarantine.Criteria{Sender: "a@evil.example", ReceivedAfter: day, ReceivedBefore: day.Add(-time.Hour)}, "receivedBefore"},
		"no time between":      {quarantine.Criteria{Sender: "a@evil.example", ReceivedAfter: day, ReceivedBefore: day}, "receivedBefore"},
		"a year long ago":      {quarantine.Criteria{Sender: "a@evil.example", ReceivedAfter: time.Unix(-1e10, 0)}, "receivedAfter"},
		"a year far off":       {quarantine.Criteria{Sender: "a@evil.example", ReceivedBefore: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)}, "receivedBefore"},
		"sender, no address":   {quarantine.Criteria{Sender: "evil.example"}, "sender"},
		"sender, control":      {quarantine.Criteria{Sender: "a\x01@evil.example"}, "sender"},
		"recipient":            {quarantine.Criteria{Recipient: "@", Subject: "Invoice"}, "recipient"},
		"blank subject":        {quarantine.Criteria{Subject: " \u3000 "}, "subject"},
		"short part":           {quarantine.Criteria{Subject: "a b c", SubjectMatch: quarantine.SubjectContains}, "subject"},
		"mark of a reply":      {quarantine.Criteria{Subject: "Re: ", SubjectMatch: quarantine.SubjectPrefix}, "subject"},
		"punctuation":          {quarantine.Criteria{Subject: "----------", SubjectMatch: quarantine.SubjectContains}, "subject"},
		"one ideograph":        {quarantine.Criteria{Subject: "請", SubjectMatch: quarantine.SubjectContains}, "subject"},
		"subject, control":     {quarantine.Criteria{Subject: "In\x01voice"}, "subject"},
		"subject, not UTF-8":   {quarantine.Criteria{Subject: "In\xffvoice"}, "subject"},
		"subject, too long":    {quarantine.Criteria{Subject: strings.Repeat("x", 1000)}, "subject"},
		"unknown match":        {quarantine.Criteria{Subject: "Invoice", SubjectMatch: "regexp"}, "subjectMatch"},
		"match of nothing":     {quarantine.Criteria{Sender: "a@evil.example", SubjectMatch: quarantine.SubjectExact}, "subjectMatch"},
		"wildcard":             {within(quarantine.Criteria{AttachmentName: "*.iso"}), "attachmentName"},
		"blank name":           {within(quarantine.Criteria{AttachmentName: "  "}), "attachmentName"},
		"name with line end":   {within(quarantine.Criteria{AttachmentName: "a\nb"}), "attachmentName"},
		"MD5":                  {within(quarantine.Criteria{AttachmentSHA256: strings.Repeat("0", 32)}), "attachmentSHA256"},
		"no hexadecimal":       {within(quarantine.Criteria{AttachmentSHA256: strings.Repeat("x", 64)}), "attachmentSHA256"},
		"URL without a scheme": {within(quarantine.Criteria{URL: "evil/a"}), "url"},
		"URL without a host":   {within(quarantine.Criteria{URL: "https:///a"}), "url"},
		"URL, control":         {within(quarantine.Criteria{URL: "https://evil.example/\x02"}), "url"},
		"URL with a wildcard":  {within(quarantine.Criteria{URL: "https://*.evil.example"}), "url"},
	}
	for name, tt := range bad {
		err := tt.c.Validate()
		require.ErrorIs(t, err, quarantine.ErrInvalid, name)
		assert.ErrorContains(t, err, "criteria: "+tt.field+" ", name)
	}
}

func TestCriteriaJSON(t *testing.T) {
	t.Parallel()
	const text = `{"sender":"mallory@evil.example","subject":"Your invoice","subjectMatch":"contains",` +
		`"receivedAfter":"2026-11-24T10:00:00Z","attachmentName":"a.iso","url":"https://evil.example/a"}`
	var c quarantine.Criteria
	require.NoError(t, json.Unmarshal([]byte(text), &c))
	require.NoError(t, c.Validate())
	b, err := json.Marshal(c)
	require.NoError(t, err)
	assert.JSONEq(t, text, string(b))
}

func TestLimitsValidate(t *testing.T) {
	t.Parallel()
	assert.NoError(t, quarantine.Limits{}.Validate())
	assert.NoError(t, quarantine.Limits{PerMailbox: 1, Total: 2, Examined: 3, Protected: []string{"ceo@example.test"}}.Validate())
	err := quarantine.Limits{PerMailbox: -1, Total: -2, Examined: -3, Protected: []string{"ceo"}}.Validate()
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	for _, field := range []string{"perMailbox", "total", "examined", "protected[0]"} {
		assert.ErrorContains(t, err, "limits: "+field+" ")
	}
}
