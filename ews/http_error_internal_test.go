package ews

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Letters that are cut grow when they are put into lower case: the end of the title stays
// where it is.
func TestTitle(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		"<title>\xffu\xc3\xfc\xc3</title":                     "u",
		"<TITLE lang=en>\xff\xff\xff\xffDown</Title>secret":   "Down",
		"\xff\xff\xff<title>&lt;Down&gt;\n for\tnow</title>x": "<Down> for now",
		"<title>Down": "", "<title": "", "<titles/>": "", "": "",
	} {
		assert.Equal(t, want, title(slices.Clip([]byte(page))), "%q", page)
	}
}
