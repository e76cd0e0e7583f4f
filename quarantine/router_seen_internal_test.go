package quarantine

import (
	"fmt"
	"testing"
)

// Targets are remembered in bounded memory: at least the latest seenAtOnce, and
// at most twice as many.
func TestSeenIsBounded(t *testing.T) {
	t.Parallel()
	s := newSeen()
	target := func(i int) Target { return Target{Mailbox: "a@b.test", MessageID: fmt.Sprint(i)} }
	const most = 2*seenAtOnce + 10
	for i := range most {
		if !s.add(target(i)) {
			t.Fatalf("%d is new", i)
		}
	}
	if n := len(s.newer) + len(s.older); n > 2*seenAtOnce {
		t.Errorf("%d are remembered", n)
	}
	for _, i := range []int{most - 1, most - seenAtOnce} {
		if s.add(target(i)) {
			t.Errorf("%d is remembered", i)
		}
	}
	if !s.add(target(0)) {
		t.Error("the first is forgotten")
	}
}
