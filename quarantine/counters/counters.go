package counters

import (
	"context"
	"encoding/json"
	"maps"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Counters counts messages and requests. The zero value is ready for use. Its methods
// may be called concurrently, and several services may share one. It must not be copied.
type Counters struct {
	mu sync.Mutex
	v  Values
}

var (
	_ quarantine.Hook = (*Counters)(nil)
	_ ews.Hook        = (*Counters)(nil)
)

// Values are the counts since the beginning. The JSON names are stable.
type Values struct {
	// Messages are the messages that were processed, by action and outcome.
	Messages map[quarantine.ItemAction]map[quarantine.Outcome]int64 `json:"messages,omitempty"`
	// MessageCalls is how many requests were sent for these messages. It does not include
	// searches, which may serve several messages. MessageTime is how long the messages
	// took in total, and MessageRetries how often a step was repeated.
	MessageCalls   int64         `json:"messageCalls"`
	MessageRetries int64         `json:"messageRetries"`
	MessageTime    time.Duration `json:"messageTime"` // in nanoseconds, like all times here

	// Calls are the requests to servers, by operation and outcome. They include requests
	// that were not sent, as unsent.
	Calls map[ews.Operation]map[ews.CallOutcome]int64 `json:"calls,omitempty"`
	// CallRetries is how many of them repeated an earlier request. CallTime is how long
	// they took, without Waited, the time spent waiting for the limiter. BackOff is the
	// total length of the pauses that servers asked for.
	CallRetries int64         `json:"callRetries"`
	CallTime    time.Duration `json:"callTime"`
	Waited      time.Duration `json:"waited"`
	BackOff     time.Duration `json:"backOff"`
	// BytesOut and BytesIn are the bytes of the bodies of requests and responses, as
	// transferred.
	BytesOut int64 `json:"bytesOut"`
	BytesIn  int64 `json:"bytesIn"`
	// Connections is how many connections were opened to send requests, and Handshakes
	// how many TLS handshakes were completed on them. Both stay zero with a transport that
	// does not call [httptrace.ClientTrace].
	Connections int64 `json:"connections"`
	Handshakes  int64 `json:"handshakes"`
}

// CallsPerMessage returns the average number of requests sent for a message, not counting
// searches; 0 before the first message.
func (v Values) CallsPerMessage() float64 {
	var n int64
	for _, by := range v.Messages {
		for _, count := range by {
			n += count
		}
	}
	if n == 0 {
		return 0
	}
	return float64(v.MessageCalls) / float64(n)
}

// Values returns the current counts.
func (c *Counters) Values() Values {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.v
	v.Messages, v.Calls = copied(v.Messages), copied(v.Calls)
	return v
}

// String returns the values as JSON, which makes it an [expvar.Var].
func (c *Counters) String() string {
	text, err := json.Marshal(c.Values())
	if err != nil {
		return "{}" // cannot happen: strings and numbers can be marshalled
	}
	return string(text)
}

func copied[A, B comparable](all map[A]map[B]int64) map[A]map[B]int64 {
	all = maps.Clone(all)
	for a, by := range all {
		all[a] = maps.Clone(by)
	}
	return all
}

func count[A, B comparable](all *map[A]map[B]int64, a A, b B) {
	if *all == nil {
		*all = make(map[A]map[B]int64)
	}
	if (*all)[a] == nil {
		(*all)[a] = make(map[B]int64)
	}
	(*all)[a][b]++
}

// workKey is the context key for work on a message.
type workKey struct{}

// TraceItemStart is called by the service: see [quarantine.Hook].
func (c *Counters) TraceItemStart(ctx context.Context, _ quarantine.ItemStart) context.Context {
	return context.WithValue(ctx, workKey{}, true)
}

// TraceItemEnd is called by the service: see [quarantine.Hook].
func (c *Counters) TraceItemEnd(_ context.Context, item quarantine.ItemEnd) {
	c.mu.Lock()
	defer c.mu.Unlock()
	count(&c.v.Messages, item.Action, item.Outcome)
	c.v.MessageRetries += int64(item.Retries)
	c.v.MessageTime += item.Duration
}

// TraceCallStart is called by the client: see [ews.Hook].
func (c *Counters) TraceCallStart(ctx context.Context, _ ews.CallStart) context.Context {
	return httptrace.WithClientTrace(ctx, c.connections())
}

// TraceCallEnd is called by the client: see [ews.Hook].
func (c *Counters) TraceCallEnd(ctx context.Context, call ews.CallEnd) {
	forMessage := ctx.Value(workKey{}) != nil
	c.mu.Lock()
	defer c.mu.Unlock()
	count(&c.v.Calls, call.Operation, call.Outcome)
	c.v.Waited += call.Waited
	c.v.BackOff += call.BackOff
	if call.Outcome == ews.CallUnsent {
		return
	}
	if forMessage {
		c.v.MessageCalls++
	}
	if call.Attempt > 1 {
		c.v.CallRetries++
	}
	c.v.CallTime += call.Duration - call.Waited
	c.v.BytesOut += call.BytesOut
	c.v.BytesIn += call.BytesIn
}
