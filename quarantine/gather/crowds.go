package gather

import (
	"sync"
	"time"
)

// A mailbox in which many calls go together is crowded. Calls that return together are
// followed by others together, and if some of these went ahead, each step would take
// several requests. So only one call of each kind is under way there at a time, until no
// crowd has been seen for a while.
const (
	crowd    = 12
	crowdTTL = 3 * time.Second
	// maxCrowds is how many crowded mailboxes are remembered.
	maxCrowds = 1024
)

// crowds are the crowded mailboxes, with the time at which a crowd was last seen in each.
type crowds struct {
	mu sync.Mutex
	at map[string]time.Time
}

// went records that n calls for a mailbox have waited for others and now go together.
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
