package graphmail

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func TestBodyKind(t *testing.T) {
	t.Parallel()
	text := driver.ContentPart{Kind: driver.PartText}
	page := driver.ContentPart{Kind: driver.PartHTML}
	for says, c := range map[string]driver.Content{
		"not complete: cut":    {Truncated: true},
		"not complete: no end": {Unended: 1},
		"attached message":     {Parts: []driver.ContentPart{text, {Kind: driver.PartMessage}}},
		"signed or encrypted":  {Parts: []driver.ContentPart{{Kind: driver.PartSigned}}},
		"or encrypted, which":  {Parts: []driver.ContentPart{{Kind: driver.PartEncrypted}}},
		"cannot be read (raw)": {Parts: []driver.ContentPart{{Kind: driver.PartRaw}}},
		"cannot be read (new)": {Parts: []driver.ContentPart{{Kind: "new"}}},
		"2 texts":              {Parts: []driver.ContentPart{text, page}},
	} {
		_, err := bodyKind(c)
		if says[:3] == "not" {
			says = "not complete"
		}
		require.ErrorContains(t, err, says)
		assert.True(t, driver.Untouched(err))
		assert.True(t, driver.Answered(err))
	}
	for _, c := range []struct {
		parts []driver.ContentPart
		html  bool
	}{
		{nil, false},
		{[]driver.ContentPart{text, {Kind: driver.PartAttachment}}, false},
		{[]driver.ContentPart{{Kind: driver.PartText, Alternative: true}, page}, true},
		{[]driver.ContentPart{page, {Kind: driver.PartText, Alternative: true}}, true},
	} {
		html, err := bodyKind(driver.Content{Parts: c.parts})
		require.NoError(t, err)
		assert.Equal(t, c.html, html)
	}
}

// FuzzCreated: whatever Graph says a message is, the request is JSON, is a draft only if
// the message is one, and has no header and no reply-to address that Graph refuses.
func FuzzCreated(f *testing.F) {
	f.Add(`{"replyTo":[{"emailAddress":{"address":"x"}}],"isDraft":false,"internetMessageHeaders":[{"name":"X-A","value":"b"},{"name":"Received","value":"c"}]}`)
	f.Add(`{"replyTo":"x","flag":[],"internetMessageHeaders":{},"toRecipients":[ ],"isRead":1}`)
	f.Fuzz(func(t *testing.T, text string) {
		var read map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &read) != nil {
			return
		}
		fields, err := created(read, nil, driver.Item{})
		if err != nil {
			return
		}
		out, err := json.Marshal(fields)
		require.NoError(t, err)
		var got struct {
			Headers    []graph.Header        `json:"internetMessageHeaders"`
			ReplyTo    []graph.Recipient     `json:"replyTo"`
			Properties []graph.PropertyValue `json:"singleValueExtendedProperties"`
		}
		require.NoError(t, json.Unmarshal(out, &got))
		assert.LessOrEqual(t, len(got.Headers), maxHeaders)
		for _, h := range got.Headers {
			assert.Regexp(t, `^[xX]-`, h.Name)
		}
		for _, who := range got.ReplyTo {
			assert.Contains(t, who.EmailAddress.Address, "@")
		}
		assert.Equal(t, string(read["isDraft"]) != "true", len(got.Properties) == 1)
	})
}
