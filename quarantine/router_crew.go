package quarantine

import (
	"sync"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// crew runs functions concurrently. A panic in one of them, such as one in a driver, a
// hook or a journal, would end the process; here it is passed on to the caller of Wait,
// once all have ended.
type crew struct {
	all sync.WaitGroup

	mu       sync.Mutex
	panicked *driver.Panic // the first panic
}

// Go runs a function in a goroutine.
func (c *crew) Go(do func()) { c.all.Go(func() { c.guard(do) }) }

// guard runs a function and records what it panics with, and where.
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

// broken reports whether a function has panicked.
func (c *crew) broken() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.panicked != nil
}

// Wait waits for all functions. If any has panicked, it panics with the first [Panic].
func (c *crew) Wait() {
	c.all.Wait()
	if c.broken() {
		panic(c.panicked)
	}
}
