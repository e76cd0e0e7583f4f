package gather

import (
	"sync"
	"time"
)

// A mailbox in which many calls go together is crowded: those who come back together ask
// for the next thing together, and if some of them went ahead, each step would take several
// requests. Then one call of a kind is under way there at a time, until no crowd was seen
// for a while.
const (
	crowd    = 12
	crowdTTL = 3 * time.Second
	// maxCrowds is how many crowded mailboxes are remembered.
	maxCrowds = 1024
)

// crowds are the mailboxes that are crowded, with the time at which they were last.
type crowds struct {
	mu sync.Mutex
	at map[string]time.Time
}

// went tells that so many calls have waited for others in a mailbox, and go together.
func (c *crowds) went(mailbox string, n int) {
	if n < crowd {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.at[mailbox]; !known && len(c.at) >= maxCrowds {
		for key, at := range c.at {
			if time.Since(at) > crowdTTL {
				delete(c.at, key)
			}
		}
		if len(c.at) >= maxCrowds {
			return
		}
	}
	c.at[mailbox] = time.Now()
}

// crowded reports whether a mailbox is crowded.
func (c *crowds) crowded(mailbox string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.at[mailbox]
	if ok && time.Since(at) > crowdTTL {
		delete(c.at, mailbox)
		return false
	}
	return ok
}
