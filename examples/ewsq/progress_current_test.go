package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The status below a line already counts the target of that line.
func TestStatusIsCurrent(t *testing.T) {
	t.Parallel()
	out := &slate{}
	s := sessionOn(out, func() int { return 80 })
	s.stdout = s.screen.Above(out)
	p := s.follow("", 3, 1)
	p.begin()
	p.finish(true)
	assert.NoError(t, s.writeText([]string{"alice: found"}))
	shown := out.wipe()
	assert.Contains(t, shown[strings.Index(shown, "alice: found\n"):], "1 of 3 done")
	p.ended()
	p.finish(true)
	assert.NotContains(t, out.wipe(), "2 of 3", "nothing is drawn any more")
}
