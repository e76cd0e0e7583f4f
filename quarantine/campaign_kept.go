package quarantine

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// keptAhead is how many finished targets of an earlier run can be queued by their keys,
// in 24 bytes each, before their receipts have been yielded: up to that many do not hold
// up the rest.
const keptAhead = 1 << 17

// keptAfter is the longest they wait for the first target that is not finished: reading
// receipts is ten times the work of looking for it, and must not hold up the remaining
// targets. A hundred thousand targets take a second or two on a machine that is not busy.
const keptAfter = 10 * time.Second

// kept yields the receipts of targets that an earlier run of a campaign has finished,
// alongside the campaign's other work.
type kept struct {
	waiting chan keptMark
	ended   chan struct{}
	going   chan struct{} // closed when there is other work, or no more
	started sync.Once
	closing sync.Once
	all     crew
}

// keptMark says where a receipt is.
type keptMark struct {
	key seenKey // of the target
	at  *route
}

// newKept starts yielding the receipts of added targets, until it is closed.
func (c *Campaign) newKept(ctx context.Context, action string, emit func(*Receipt, error)) *kept {
	k := &kept{waiting: make(chan keptMark, keptAhead), ended: make(chan struct{}), going: make(chan struct{})}
	k.all.Go(func() {
		defer close(k.ended)
		wait := time.NewTimer(keptAfter)
		defer wait.Stop()
		select {
		case <-k.going:
		case <-wait.C:
		case <-ctx.Done():
		}
		for m := range k.waiting {
			if ctx.Err() != nil {
				return // they come next time
			}
			out, err := m.at.service.claims.journal.(KeyedMarks).MarkOf(ctx, c.name, hex.EncodeToString(m.key[:]))
			if out == nil && err == nil {
				err = errors.New("a finished target was forgotten while the campaign ran; run it again")
			}
			if err != nil {
				out, err = &Receipt{Action: action, Items: []ReceiptItem{}}, c.unread(onServer(m.at, err))
			}
			c.tally.kept(out)
			emit(out, err)
		}
	})
	return k
}

// add gives it a target. Unless there is an error, it blocks only if very many are waiting;
// then it starts yielding.
func (k *kept) add(m keptMark) {
	select {
	case k.waiting <- m:
		return
	default:
		k.start()
	}
	select {
	case k.waiting <- m:
	case <-k.ended:
	}
}

// start lets it begin yielding.
func (k *kept) start() { k.started.Do(func() { close(k.going) }) }

// close waits until all have been yielded.
func (k *kept) close() {
	k.start()
	k.closing.Do(func() { close(k.waiting) })
	k.all.Wait()
}

// unread reports that the mark of a target could not be read.
func (c *Campaign) unread(err error) error { return fmt.Errorf("campaign %q: %w", c.name, err) }

// finished looks up whether an earlier run has finished a target. It returns the receipt
// or, if the receipt can be read later, where it is; neither if no run has finished it.
func (c *Campaign) finished(ctx context.Context, t Target) (*Receipt, *keptMark, error) {
	r := c.router
	asked, _ := r.candidates(t.Mailbox)
	for _, rt := range r.routes { // its mailbox may have moved, and claims have changed, since
		if !slices.Contains(asked, rt) {
			asked = append(asked, rt)
		}
	}
	for i, rt := range asked {
		if slices.ContainsFunc(asked[:i], func(before *route) bool { return sameJournal(before.service.claims.journal, rt.service.claims.journal) }) {
			continue
		}
		if j, ok := rt.service.claims.journal.(KeyedMarks); ok {
			has, err := j.HasMark(ctx, c.name, t)
			if err != nil {
				return nil, nil, onServer(rt, err)
			}
			if has {
				m := &keptMark{at: rt}
				_, err := hex.Decode(m.key[:], []byte(t.Key()))
				return nil, m, err
			}
			continue
		}
		out, err := rt.service.claims.journal.(CampaignJournal).Marked(ctx, c.name, t)
		if out != nil || err != nil {
			return out, nil, onServer(rt, err)
		}
	}
	return nil, nil, nil
}

// mark keeps the receipt of a finished target in the journal of its service.
func (c *Campaign) mark(ctx context.Context, out *Receipt) error {
	rt := c.router.named(out.Server)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), givingUp) // it is done, even if the rest will not be
	defer cancel()
	if err := rt.service.claims.journal.(CampaignJournal).Mark(ctx, c.name, out); err != nil {
		return onServer(rt, fmt.Errorf("journal: the receipt could not be kept for the campaign %q, so the target is run again next time: %w", c.name, err))
	}
	return nil
}
