package ewstest

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// paced waits until a member of a batch may be processed, with the server's lock given
// away, or refuses it. The first one has waited before; see turn.process.
func (c *call) paced(member int) *refusal {
	switch {
	case c.turn.late: // nobody waits for it
		return nil
	case member == 0:
		c.began = c.opts.Now()
		return nil
	}
	b := &c.budget
	b.mu.Lock()
	of := b.of(c.payer, c.opts)
	p := of.policy
	if p == nil {
		b.mu.Unlock()
		return nil
	}
	now := c.opts.Now()
	wait, tooLong := of.wait(now)
	if tooLong > 0 {
		of.BusyItems++
		b.mu.Unlock()
		return busy(tooLong)
	}
	left := wait // of the time of the batch
	if p.BatchLimit > 0 {
		left = p.BatchLimit - now.Sub(c.began)
	}
	late := p.BatchLimit > 0 && wait >= left
	wait = max(min(wait, left), 0)
	of.Delayed += wait
	if late {
		of.LateItems++
	}
	b.mu.Unlock()
	c.sleep(wait)
	if late {
		return refuse("ErrorTimeoutExpired")
	}
	return nil
}

// skipped counts a member that is not processed because the time of the batch is over.
func (c *call) skipped() {
	c.budget.mu.Lock()
	defer c.budget.mu.Unlock()
	c.budget.of(c.payer, c.opts).LateItems++
}

// spend lets a member of a batch take the time that it costs, with the server's lock given
// away, and charges it. The answer was of a length before.
func (c *call) spend(member int, n *ewsschema.Node, before int64) {
	b := &c.budget
	b.mu.Lock()
	p := b.of(c.payer, c.opts).policy
	b.mu.Unlock()
	if p == nil {
		return
	}
	size := c.out.size() - before + int64(len(n.Value("Data"))+len(n.Value("MimeContent"))+len(n.Value("Content")))
	cost := p.Cost(Task{Operation: c.turn.entry.Operation, Member: member, Bytes: size})
	c.sleep(cost.CAS)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(c.payer, c.opts).charge(cost, c.opts.Now())
}

// sleep waits with the server's lock given away, unless nobody waits for the answer.
func (t *turn) sleep(d time.Duration) {
	if d <= 0 || t.late {
		return
	}
	t.server.mu.Unlock()
	defer t.server.mu.Lock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.gone:
	}
}

// size returns how long the document is so far, about.
func (e *encoder) size() int64 {
	return int64(len(e.Bytes())) + e.heavy
}
