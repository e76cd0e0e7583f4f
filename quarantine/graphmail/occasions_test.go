package graphmail_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// occasion is the time at which something happens: the requests, the direction, and the
// way in which the message is carried.
type occasion struct {
	thing     int
	mode      mode
	direction driver.Direction
	requests  []int
}

func (o occasion) name() string { return o.mode.name + "/" + string(o.direction) }

// occasions returns when each of some things happens in each of some modes: at every
// request, or without -whole at one in so many, and not each thing in each mode.
func occasions(t *testing.T, things, every int, modes ...mode) (all []occasion) {
	for _, m := range modes {
		calls := map[driver.Direction]int{
			driver.ToQuarantine: undisturbed(t, m, driver.ToQuarantine), driver.ToUser: undisturbed(t, m, driver.ToUser),
		}
		for _, direction := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
			for thing := range things {
				o := occasion{thing: thing, mode: m, direction: direction}
				for n := range calls[direction] {
					if *whole || thing%m.thin == 0 && m.chosen(n, thing, direction, calls, every) {
						o.requests = append(o.requests, n)
					}
				}
				all = append(all, o)
			}
		}
	}
	return all
}

// at describes the request for readers.
func (o occasion) at(n int) string {
	return fmt.Sprintf("request %d of %s, %s", n, o.direction, o.mode.name)
}

// partly reports whether only some of the subtests are run, so that some things never happen.
func partly() bool { return strings.Contains(flag.Lookup("test.run").Value.String(), "/") }

// chosen reports whether something is to happen at a request. It chooses one in so many
// of the requests in both directions, not always the same ones, and at least one for each
// thing unless the mode is sparse.
func (m mode) chosen(n, thing int, direction driver.Direction, calls map[driver.Direction]int, every int) bool {
	total := calls[driver.ToQuarantine] + calls[driver.ToUser]
	if direction == driver.ToUser {
		n += calls[driver.ToQuarantine]
	}
	if m.sparse {
		every *= 8
		return (thing*total+n)%every == 37%every
	}
	every = min(every, total)
	return n%every == thing*37%every
}
