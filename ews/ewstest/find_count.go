package ewstest

import "github.com/ewsquarantine/ewsquarantine/internal/ewsschema"

// counted holds a page to EwsFindCountLimit: it is cut to what the answers of the payer
// that are not sent yet leave, or refused. again pages with another limit.
func counted[T any](c *call, p page[T], view *ewsschema.Node, again func(limit int) (page[T], *refusal)) (page[T], *refusal) {
	left, limited := c.findable()
	n := len(p.members)
	switch paging := view.Exists(); {
	case !limited:
		return p, nil
	case n <= left && (paging || p.last):
	case c.schema() <= ewsschema.Exchange2010:
		return p, refuse("ErrorServerBusy")
	case !paging || left == 0:
		return p, refuse("ErrorExceededFindCountLimit")
	default:
		cut, refused := again(left)
		if refused != nil {
			return p, refused
		}
		p, n = cut, len(cut.members)
	}
	c.budget.mu.Lock()
	defer c.budget.mu.Unlock()
	c.budget.of(c.payer, c.opts).found += n
	c.found += n
	return p, nil
}

// findable returns how many items and folders the payer may still find, and whether that
// is limited at all.
func (c *call) findable() (int, bool) {
	c.budget.mu.Lock()
	defer c.budget.mu.Unlock()
	of := c.budget.of(c.payer, c.opts)
	if of.policy == nil || of.policy.EwsFindCountLimit == 0 {
		return 0, false
	}
	return max(of.policy.EwsFindCountLimit-of.found, 0), true
}
