package driver

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// Cost is what requests to a mail system have cost, and where they went. It is plain
// data with stable JSON names; whatever is not known is left out.
type Cost struct {
	// Requests is how many were sent, repetitions included.
	Requests int `json:"requests"`
	// RequestIDs are the server's ids of the latest requests, oldest first, at
	// most [MaxRequestIDs]: an administrator of the server can find the
	// requests in its logs by these.
	RequestIDs []string `json:"requestIds,omitempty"`
	// Servers are the servers that answered, and Builds their versions, in the order in
	// which they first answered; at most [MaxServers] of each.
	Servers []string `json:"servers,omitempty"`
	Builds  []string `json:"builds,omitempty"`
	// BytesOut and BytesIn are the bytes of the bodies of requests and answers, as they
	// were transferred.
	BytesOut int64 `json:"bytesOut,omitempty"`
	BytesIn  int64 `json:"bytesIn,omitempty"`
	// Waited is the time spent waiting, by payer, for at most [MaxServers] payers; any
	// others are counted together with the last one.
	Waited []Wait `json:"waited,omitempty"`
}

// Plus returns the sum of both costs.
func (c Cost) Plus(more Cost) Cost {
	m := &Meter{cost: c}
	for _, w := range append(slices.Clone(c.Waited), more.Waited...) {
		m.add(Spending{Unsent: true, Payer: w.Payer, Waited: time.Duration(w.Milliseconds) * time.Millisecond})
	}
	m.cost.Waited = nil
	sum := m.Cost()
	sum.Requests += more.Requests
	sum.BytesOut += more.BytesOut
	sum.BytesIn += more.BytesIn
	ids := append(sum.RequestIDs, more.RequestIDs...)
	sum.RequestIDs = ids[max(0, len(ids)-MaxRequestIDs):]
	for _, s := range more.Servers {
		sum.Servers = once(sum.Servers, s)
	}
	for _, b := range more.Builds {
		sum.Builds = once(sum.Builds, b)
	}
	return sum
}

// Bounds of a [Cost].
const (
	MaxRequestIDs = 20
	MaxServers    = 8

	// maxSaid is how many bytes of what a server says about itself are kept.
	maxSaid = 128
)

// Wait is time spent waiting for one payer.
type Wait struct {
	// Payer is the mailbox or service account whose budget a request waited for. It
	// is empty for the SDK's own pauses, such as before a retry, or until a search
	// shows what was written.
	Payer        string `json:"payer,omitempty"`
	Milliseconds int64  `json:"milliseconds"`
}

// Spending is what one request has cost.
type Spending struct {
	// Unsent means that no request was sent, and only Waited counts.
	Unsent            bool
	RequestID         string
	Server, Build     string
	BytesOut, BytesIn int64
	// Waited is how long the request waited to be sent, and Payer whose budget it
	// waited for.
	Waited time.Duration
	Payer  string
	// BackOff is how long the server has asked Payer, in answer to this request, to wait
	// before the next one. Zero: it has not asked.
	BackOff time.Duration
}

// Spend adds the cost of a request to the cost of the driver call that has this context.
// A driver calls it for each request that it has sent, once the request has been answered
// or given up. It may be called concurrently, and does nothing if the context has no
// meter.
func Spend(ctx context.Context, s Spending) {
	switch m := ctx.Value(meterKey{}).(type) {
	case *Meter:
		m.spend(s, true)
	case *sharing:
		m.spend(s)
	}
}

// Metered returns a context and a meter that counts what all calls with that context
// cost. A meter of ctx, if there is one, counts these costs as well.
func Metered(ctx context.Context) (context.Context, *Meter) {
	return metered(ctx, nil)
}

// Watched returns a context for which watch also receives whatever is passed to [Spend]
// with that context or one derived from it, as soon as Spend is called: this is how an
// engine learns of a pause while the driver is still waiting for it to end. watch may be
// called concurrently, and must not block.
func Watched(ctx context.Context, watch func(Spending)) context.Context {
	ctx, _ = metered(ctx, watch)
	return ctx
}

func metered(ctx context.Context, watch func(Spending)) (context.Context, *Meter) {
	outer, _ := ctx.Value(meterKey{}).(*Meter)
	m := &Meter{outer: outer, watch: watch}
	return context.WithValue(ctx, meterKey{}, m), m
}

type meterKey struct{}

// Meter counts what calls cost. Its methods may be called concurrently.
type Meter struct {
	outer *Meter
	watch func(Spending) // may be nil

	mu     sync.Mutex
	cost   Cost
	waited []waited
}

// waited is a [Wait] that has not been rounded.
type waited struct {
	payer string
	time  time.Duration
}

// Cost returns what the calls have cost so far.
func (m *Meter) Cost() Cost {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.cost
	c.RequestIDs, c.Servers, c.Builds = slices.Clone(c.RequestIDs), slices.Clone(c.Servers), slices.Clone(c.Builds)
	for _, w := range m.waited {
		if ms := w.time.Milliseconds(); ms > 0 {
			c.Waited = append(c.Waited, Wait{Payer: w.payer, Milliseconds: ms})
		}
	}
	return c
}

func (m *Meter) add(s Spending) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.Waited > 0 {
		i := slices.IndexFunc(m.waited, func(w waited) bool { return w.payer == s.Payer })
		switch {
		case i >= 0:
		case len(m.waited) < MaxServers:
			m.waited = append(m.waited, waited{payer: s.Payer})
			fallthrough
		default:
			i = len(m.waited) - 1
		}
		m.waited[i].time += s.Waited
	}
	if s.Unsent {
		return
	}
	m.cost.Requests++
	m.cost.BytesOut += s.BytesOut
	m.cost.BytesIn += s.BytesIn
	m.cost.answered(s)
}

// learn adds only which server has answered a request, and under which id.
func (m *Meter) learn(s Spending) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cost.answered(s)
}

// answered adds which server has answered a request. Calls that share a request report
// it more than once.
func (c *Cost) answered(s Spending) {
	if id := said(s.RequestID); id != "" && !slices.Contains(c.RequestIDs, id) {
		if len(c.RequestIDs) == MaxRequestIDs {
			c.RequestIDs = slices.Delete(c.RequestIDs, 0, 1)
		}
		c.RequestIDs = append(c.RequestIDs, id)
	}
	c.Servers, c.Builds = once(c.Servers, said(s.Server)), once(c.Builds, said(s.Build))
}

// once adds a value that is not there yet, unless there are too many.
func once(all []string, one string) []string {
	if one == "" || len(all) == MaxServers || slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// said returns what a server says about itself, cut to length and without
// unprintable characters.
func said(s string) string {
	return strings.TrimSpace(cutUTF8(clean(strings.ToValidUTF8(s, "")), maxSaid))
}
