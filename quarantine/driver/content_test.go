package driver_test

import (
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func part(kind driver.PartKind, text string) driver.ContentPart {
	return driver.ContentPart{Kind: kind, SHA256: sha256.Sum256([]byte(text)), Size: int64(len(text))}
}

func alternative(text string) driver.ContentPart {
	p := part(driver.PartText, text)
	p.Alternative = true
	return p
}

func TestContentDiffers(t *testing.T) {
	t.Parallel()
	whole := driver.Content{Parts: []driver.ContentPart{
		part(driver.PartSubject, "Invoice"), alternative("see below"), part(driver.PartHTML, "<p>see below"),
		part(driver.PartAttachment, "a"), part(driver.PartAttachment, "b"), part(driver.PartAttachment, "b"),
	}}
	with := func(change func(c *driver.Content)) driver.Content {
		c := whole
		c.Parts = slices.Clone(c.Parts)
		change(&c)
		return c
	}
	for name, tt := range map[string]struct {
		copied driver.Content
		why    string
	}{
		"same":                 {whole, ""},
		"other order":          {with(func(c *driver.Content) { slices.Reverse(c.Parts) }), ""},
		"alternative left out": {with(func(c *driver.Content) { c.Parts = slices.Delete(c.Parts, 1, 2) }), ""},
		"alternative":          {with(func(c *driver.Content) { c.Parts[1] = alternative("see") }), "its alternative text differs: it is 3 bytes long instead of 9"},
		"no alternative":       {with(func(c *driver.Content) { c.Parts[1].Alternative = false }), "it has 1 text instead of 0"},
		"subject":              {with(func(c *driver.Content) { c.Parts[0] = part(driver.PartSubject, "INVOICE") }), "its subject differs"},
		"half of the text":     {with(func(c *driver.Content) { c.Parts[2] = part(driver.PartHTML, "<p>se") }), "its HTML text differs: it is 5 bytes long instead of 12"},
		"an attachment":        {with(func(c *driver.Content) { c.Parts[5] = part(driver.PartAttachment, "c") }), "1 of its 3 attachments differ"},
		"twice the same":       {with(func(c *driver.Content) { c.Parts[5] = part(driver.PartAttachment, "a") }), "1 of its 3 attachments differ"},
		"one less":             {with(func(c *driver.Content) { c.Parts = c.Parts[:5] }), "it has 2 attachments instead of 3"},
		"another kind":         {with(func(c *driver.Content) { c.Parts[5].Kind = driver.PartSigned }), "it has 2 attachments instead of 3"},
		"a kind not known":     {with(func(c *driver.Content) { c.Parts = append(c.Parts, part("new", "x")) }), "it has 1 other part instead of 0"},
		"no end":               {with(func(c *driver.Content) { c.Unended = 1 }), "its end is missing"},
		"truncated":            {with(func(c *driver.Content) { c.Truncated = true }), "the server returns only a part of it: what it returned ends in the marker of a truncated export"},
	} {
		assert.Equal(t, tt.why, tt.copied.Differs(whole), name)
		assert.Equal(t, tt.why == "", whole.Differs(tt.copied) == "", "%s, the other way round", name)
		if tt.why == "" {
			assert.Equal(t, whole.Digest(), tt.copied.Digest(), name)
		} else if name != "alternative" && name != "truncated" {
			assert.NotEqual(t, whole.Digest(), tt.copied.Digest(), name)
		}
	}
	assert.Equal(t, "the end of the original is missing", whole.Differs(with(func(c *driver.Content) { c.Unended = 1 })))
	assert.Len(t, driver.Content{}.Digest(), 64)
}
