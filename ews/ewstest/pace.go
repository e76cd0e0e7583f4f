package ewstest

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// paced waits until a member of a batch may be processed, releasing the server's lock
// meanwhile, or refuses it. The first member has already waited; see turn.process.
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
	left := wait // of the batch's time
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

// skipped counts a member that is not processed because the batch's time is up.
func (c *call) skipped() {
	c.budget.mu.Lock()
	defer c.budget.mu.Unlock()
	c.budget.of(c.payer, c.opts).LateItems++
}

// spend makes a member of a batch take the time that it costs, releasing the server's
// lock meanwhile, and charges it. The answer's length beforehand is given.
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

// sleep waits with the server's lock released, unless nobody waits for the answer.
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

// size returns the approximate length of the document so far.
func (e *encoder) size() int64 {
	return int64(len(e.Bytes())) + e.heavy
}
