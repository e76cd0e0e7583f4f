package ewstest

import (
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// counted enforces EwsFindCountLimit on a page: the page is cut to what the payer's
// unsent answers leave of the limit, or refused as observed in
// https://github.com/jamesiarmes/php-ews/issues/143. The function again makes the page
// with another limit.
func counted[T any](c *call, p page[T], view *ewsschema.Node, again func(limit int) (page[T], *refusal)) (page[T], *refusal) {
	left, most := c.findable()
	n := len(p.members)
	switch paging := view.Exists(); {
	case most == 0:
		return p, nil
	case n <= left && (paging || p.last):
	case c.schema() <= ewsschema.Exchange2010:
		return p, refuse("ErrorServerBusy")
	case !paging || left == 0:
		return p, &refusal{code: "ErrorExceededFindCountLimit", values: []value{{"PolicyLimit", strconv.Itoa(most)}}}
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

// findable returns how many items and folders the payer may still find, and the limit in
// all; a limit of 0 means none.
func (c *call) findable() (left, most int) {
	c.budget.mu.Lock()
	defer c.budget.mu.Unlock()
	of := c.budget.of(c.payer, c.opts)
	if of.policy == nil || of.policy.EwsFindCountLimit == 0 {
		return 0, 0
	}
	return max(of.policy.EwsFindCountLimit-of.found, 0), of.policy.EwsFindCountLimit
}
