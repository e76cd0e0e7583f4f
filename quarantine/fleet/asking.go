package fleet

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// betweenAsks is the minimum time between two questions to the database, whatever happens.
const betweenAsks = 20 * time.Millisecond

// wake has the database asked, if that is worthwhile. The limiter is locked.
func (l *Limiter) wake() {
	if !l.running {
		l.running = true
		go l.run()
	}
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// run asks the database regularly, as long as there is work.
func (l *Limiter) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var last time.Time // when it was last asked
	for {
		select {
		case <-l.kick:
		case <-timer.C:
		}
		l.mu.Lock()
		l.serve() // a fence may have ended
		due := last.Add(l.refresh)
		if l.worthAsking() {
			due = last.Add(betweenAsks)
		}
		next := l.next(due)
		l.mu.Unlock()
		if time.Now().Before(due) {
			timer.Reset(max(time.Until(next), time.Millisecond))
			continue
		}
		last = time.Now()
		l.ask(context.Background()) // for all calls that wait: none of their contexts ends it; the timeout does
		l.mu.Lock()
		if l.idle() {
			l.running = false
			l.mu.Unlock()
			return
		}
		next = l.next(last.Add(l.refresh))
		l.mu.Unlock()
		timer.Reset(max(time.Until(next), time.Millisecond))
	}
}

// worthAsking reports whether the database may have more for calls that wait, or there is
// something to tell it.
func (l *Limiter) worthAsking() bool {
	if l.silent {
		return false
	}
	if len(l.news) > 0 {
		return true
	}
	for _, a := range l.accounts {
		if a.owes() {
			return true
		}
	}
	now := time.Now()
	for key, n := range l.waiting() {
		if a := l.accounts[key]; a != nil && (!now.Before(a.until) || a.satisfied && a.used+n > a.slots && a.slots < a.share.Concurrency) {
			return true
		}
	}
	return slices.ContainsFunc(l.queue, func(t *ticket) bool { // one that lacks credit
		a := l.accounts[t.calls]
		return a != nil && a.satisfied && !a.covers(1)
	})
}

// next returns when to act next: at a time, or when a fence ends.
func (l *Limiter) next(at time.Time) time.Time {
	if len(l.queue) == 0 {
		return at
	}
	for _, until := range l.fences {
		if until.Before(at) {
			at = until
		}
	}
	return at
}

// idle reports whether there is no work, and nothing to give back.
func (l *Limiter) idle() bool {
	if l.active > 0 || len(l.queue) > 0 {
		return false
	}
	if l.silent {
		return true // leases end by themselves
	}
	for _, a := range l.accounts {
		if a.slots > 0 || a.credit > 0 {
			return false
		}
	}
	return len(l.news) == 0
}

// ask is a question to the database about a payer: see fleet_share in the migrations.
type ask struct {
	Payer string  `json:"payer"`
	Slots int     `json:"slots"`
	Keep  int     `json:"keep"`
	Want  int     `json:"want"`
	Need  int     `json:"need"`
	Wait  int64   `json:"waited"` // microseconds
	Burst float64 `json:"burst"`
	Rate  float64 `json:"rate"`
	Have  float64 `json:"have"`
	Ask   float64 `json:"ask"`
	Block int64   `json:"block"` // microseconds
}

// grant is the answer to an ask.
type grant struct {
	payer  string
	slots  *int     // nil: the answer is only that the payer is parked
	credit *float64 // what was added
	parked int64    // microseconds
}

// ask asks the database for what is needed, and tells it what is not. The lease begins
// before the statement is sent, so it ends here before it ends in the database.
func (l *Limiter) ask(ctx context.Context) {
	l.mu.Lock()
	began := time.Now()
	asks, news := l.asks(began), maps.Clone(l.news)
	l.trips++
	l.mu.Unlock()
	grants, err := l.exchange(ctx, asks)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		if !l.silent {
			l.log.WarnContext(ctx, "limiter: the database does not answer; this worker goes on with its part", "error", err)
		}
		l.silent = true
		l.serve()
		return
	}
	if l.silent {
		l.log.InfoContext(ctx, "limiter: the database answers again")
	}
	l.silent = false
	for key, until := range news {
		if l.news[key].Equal(until) {
			delete(l.news, key)
		}
	}
	l.apply(asks, grants, began)
	l.serve()
}

// asks returns what to ask. What it gives back is no longer used, even if the answer is
// lost.
func (l *Limiter) asks(now time.Time) map[string]ask {
	asks, waiting := make(map[string]ask), l.waiting()
	for key, a := range l.accounts {
		n := waiting[key]
		if a.used+n+a.peak+a.slots+a.flying == 0 && a.credit <= 0 {
			continue
		}
		want, credit := a.ask(n)
		have := a.credit
		a.slots = min(a.slots, max(want, a.used))
		a.credit = min(a.credit, a.credit+credit)
		a.peak, a.spent = a.used+n, 0
		a.kept = max(a.used, a.allowed(now, l.silent, l.workers))
		asks[key] = ask{
			Payer: key, Slots: a.share.Concurrency, Keep: a.kept, Want: want,
			Burst: a.burst, Rate: a.rate, Have: have, Ask: credit,
		}
	}
	for _, t := range slices.Backward(l.queue) { // so the oldest remains
		for key, n := range t.needs() {
			if q, ok := asks[key]; ok {
				q.Need, q.Wait = n, now.Sub(t.since).Microseconds()
				asks[key] = q
			}
		}
	}
	for key, until := range l.news {
		q := asks[key] // without slots if it is not shared
		q.Payer, q.Block = key, max(until.Sub(now).Microseconds(), 0)
		asks[key] = q
	}
	return asks
}

// exchange sends the asks and returns the answers.
func (l *Limiter) exchange(ctx context.Context, asks map[string]ask) (grants []grant, err error) {
	text, err := json.Marshal(slices.Collect(maps.Values(asks)))
	if err != nil {
		return nil, err
	}
	if len(asks) == 0 {
		text = []byte("[]")
	}
	err = l.db.do(ctx, func(ctx context.Context) error {
		rows, err := l.db.pool.Query(ctx, `SELECT of_payer, granted, added, parked_us FROM fleet_share($1, $2 * interval '1 microsecond', $3::jsonb)`,
			l.holder, l.lease.Microseconds(), string(text))
		if err == nil {
			grants, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (g grant, err error) {
				err = r.Scan(&g.payer, &g.slots, &g.credit, &g.parked)
				return g, err
			})
		}
		return err
	})
	return grants, err
}

// apply applies the database's answers to what was asked at a time.
func (l *Limiter) apply(asks map[string]ask, grants []grant, began time.Time) {
	now := time.Now()
	for _, g := range grants {
		if g.parked > 0 {
			if until := now.Add(time.Duration(g.parked) * time.Microsecond); until.After(l.fences[g.payer]) {
				l.fences[g.payer] = until
			}
		}
		a := l.accounts[g.payer]
		if a == nil || g.slots == nil || g.credit == nil {
			continue
		}
		q := asks[g.payer]
		a.slots, a.until = *g.slots, began.Add(l.lease)
		a.kept = max(a.kept, a.slots)
		a.credit += max(*g.credit, 0)
		a.satisfied = a.slots >= q.Want && *g.credit >= q.Ask
	}
}

// Close gives back what this worker has, so others need not wait for its lease to end.
// Calls in flight stay charged to it. The limiter can be used again. It does no harm if the
// database does not answer.
func (l *Limiter) Close(ctx context.Context) error {
	l.mu.Lock()
	asks := make(map[string]ask)
	for key, a := range l.accounts {
		if a.slots+a.used == 0 && a.credit <= 0 {
			continue
		}
		have := a.credit
		a.slots, a.credit = a.used, min(have, 0)
		asks[key] = ask{Payer: key, Slots: a.share.Concurrency, Keep: a.used, Want: a.used, Burst: a.burst, Rate: a.rate, Have: have, Ask: min(-have, 0)}
	}
	l.trips++
	l.mu.Unlock()
	_, err := l.exchange(ctx, asks)
	return err
}

// Asked returns how many statements were sent to the database, for metrics.
func (l *Limiter) Asked() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.trips
}
