package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// On 80 columns, the seconds of a wait can be seen passing, and targets that were not begun
// are not called failed.
func TestProgressOnANarrowTerminal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &slate{}
		s := sessionOn(out, func() int { return 80 })
		s.columns = func() int { return 80 }
		p := s.follow("", 50000, 8)
		for range 12345 {
			p.begin()
			p.finish(true)
		}
		p.begin()
		p.leave()
		p.begin()
		p.finish(false)
		rested := busy(t, s, 5*time.Minute)
		time.Sleep(10 * time.Second)
		shown := out.wipe()
		last := shown[strings.LastIndex(shown[:len(shown)-1], "\r")+1:]
		assert.Contains(t, last, `12346 of 50000 done, 1 failed, 1 not begun; waiting 4m50s for server "Lab"`)
		rested()
		p.ended()
	})
}
