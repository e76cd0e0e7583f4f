package gather

import (
	"slices"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// A convoy consists of the tasks of one mailbox whose calls have returned together. Their
// next calls are made almost at once, but not quite. If the first of these went ahead, the
// others would have to wait for it; and since one more would go ahead at each step, they
// would soon all be on their own. So these calls wait until all of them have been made: for
// half of the time that their request took, and for [maxPatience] at most, because
// some of the tasks may be finished, or have something else to do. Whoever is late is no
// longer part of it. A task that has shared no request waits for nobody.
type convoy struct {
	of    *convoys
	tasks []*driver.Task
	late  *time.Timer

	// Guarded by the lock of the convoys.
	missing int
	ended   bool
	held    []func() // lets a call go
}

// maxPatience is how long calls wait for each other at most.
const maxPatience = 100 * time.Millisecond

// convoys are those whose calls have not all been made yet, by task.
type convoys struct {
	mu sync.Mutex
	of map[*driver.Task]*convoy
}

// form makes convoys of the tasks whose calls are about to return from a request that has
// taken a certain time.
func (cs *convoys) form(tasks []*driver.Task, took time.Duration) {
	patience := min(took/2, maxPatience)
	if patience <= 0 || len(tasks) < 2 {
		return
	}
	at := make(map[string][]*driver.Task)
	for _, t := range tasks {
		if together := at[t.Mailbox()]; !slices.Contains(together, t) {
			at[t.Mailbox()] = append(together, t)
		}
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for _, together := range at {
		if len(together) < 2 {
			continue
		}
		c := &convoy{of: cs, tasks: together, missing: len(together)}
		for _, t := range together {
			cs.of[t] = c
		}
		c.late = time.AfterFunc(patience, c.end)
	}
}

// left returns the convoy of a task that makes its next call, and forgets that the task is
// part of it; nil means that the task is in none.
func (cs *convoys) left(t *driver.Task) *convoy {
	if t == nil {
		return nil
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c := cs.of[t]
	delete(cs.of, t)
	return c
}

// hold holds a call until the convoy has ended, and then lets it go. It returns false if it
// has ended already.
func (c *convoy) hold(letGo func()) bool {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	if c.ended {
		return false
	}
	c.held = append(c.held, letGo)
	return true
}

// made records that a task has made its next call. The last one ends the convoy.
func (c *convoy) made() {
	c.of.mu.Lock()
	c.missing--
	last := c.missing == 0
	c.of.mu.Unlock()
	if last {
		c.end()
	}
}

// end lets all calls go.
func (c *convoy) end() {
	c.of.mu.Lock()
	held := c.held
	c.ended, c.held = true, nil
	for _, t := range c.tasks {
		if c.of.of[t] == c {
			delete(c.of.of, t)
		}
	}
	c.late.Stop()
	c.of.mu.Unlock()
	for _, letGo := range held {
		letGo()
	}
}
