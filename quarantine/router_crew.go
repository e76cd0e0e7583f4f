package quarantine

import (
	"sync"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// crew runs functions side by side. A panic in one of them, as of a driver, a hook or a
// journal, would end the process; here it goes on to who waits, when all have ended.
type crew struct {
	all sync.WaitGroup

	mu       sync.Mutex
	panicked *driver.Panic // of the first one
}

// Go runs a function in a goroutine.
func (c *crew) Go(do func()) { c.all.Go(func() { c.guard(do) }) }

// guard runs a function, and keeps what it panics with, and where.
func (c *crew) guard(do func()) {
	defer func() {
		if v := recover(); v != nil {
			p := driver.NewPanic(v)
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.panicked == nil {
				c.panicked = p
			}
		}
	}()
	do()
}

// broken reports whether one has panicked.
func (c *crew) broken() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.panicked != nil
}

// Wait waits for all, and panics with the [Panic] of the first of them that has panicked.
func (c *crew) Wait() {
	c.all.Wait()
	if c.broken() {
		panic(c.panicked)
	}
}
