package throttle

import "container/list"

// line holds the waiters of a payer, which take turns by mailbox: a mailbox with a thousand
// calls waiting does not keep another's single call waiting until they are done. Within a
// mailbox, order of arrival decides.
type line struct {
	boxes map[string]*box
	turns list.List // of *box, next one first
	n     int
}

// box holds the waiters of one mailbox. It is in the line only while it has any.
type box struct {
	mailbox string
	waiters list.List // of *waiter
	turn    *list.Element
}

func (q *line) push(w *waiter) {
	b := q.boxes[w.mailbox]
	if b == nil {
		b = &box{mailbox: w.mailbox}
		b.turn = q.turns.PushBack(b)
		if q.boxes == nil {
			q.boxes = make(map[string]*box)
		}
		q.boxes[w.mailbox] = b
	}
	w.box = b
	w.elem = b.waiters.PushBack(w)
	q.n++
}

// front returns the waiter whose turn it is, or nil. That does not change until it leaves.
func (q *line) front() *waiter {
	if e := q.turns.Front(); e != nil {
		return e.Value.(*box).waiters.Front().Value.(*waiter)
	}
	return nil
}

// remove takes w out. If it was its turn, the turn passes to the next mailbox.
func (q *line) remove(w *waiter) {
	b := w.box
	first := b.waiters.Front() == w.elem
	b.waiters.Remove(w.elem)
	q.n--
	switch {
	case b.waiters.Len() == 0:
		q.turns.Remove(b.turn)
		delete(q.boxes, b.mailbox)
	case first && q.turns.Front() == b.turn:
		q.turns.MoveToBack(b.turn)
	}
}

// heads calls f with the first waiter of each mailbox.
func (q *line) heads(f func(*waiter)) {
	for e := q.turns.Front(); e != nil; e = e.Next() {
		f(e.Value.(*box).waiters.Front().Value.(*waiter))
	}
}
