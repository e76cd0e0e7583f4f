package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBatch is the maximum number of requests in one $batch.
const maxBatch = 20

// errNoPart is the error of a request that the answer to its batch leaves out.
var errNoPart = errors.New("the batch does not answer it")

type batchRequest struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers,omitempty"`
	DependsOn []string          `json:"dependsOn,omitempty"`
}

type batchResponse struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

type batchAnswer struct {
	Responses []batchResponse `json:"responses"`
}

// throttled reports whether Graph asked the payer to slow down in some part of a batch, and
// for how long.
func (b *batchAnswer) throttled() (throttled bool, backOff time.Duration) {
	for _, r := range b.Responses {
		if r.Status < 300 {
			continue
		}
		e := r.failure()
		busy := errors.Is(e, ErrThrottled)
		if throttled = throttled || busy; busy || r.Status == http.StatusServiceUnavailable {
			backOff = max(backOff, e.RetryAfter)
		}
	}
	return throttled, backOff
}

// part is the answer to one read of a batch.
type part struct {
	body json.RawMessage
	err  error
}

// batch sends reads together, which saves round trips, although Graph counts each. Each
// waits for the one before it, so that together they are one request in flight: otherwise
// Graph would run four at the same time. Reads that were not run because an earlier one
// failed, or because Graph was busy, are sent again.
// See https://learn.microsoft.com/en-us/graph/json-batching.
func (c *Client) batch(ctx context.Context, payer string, calls []call) ([]part, error) {
	parts := make([]part, len(calls))
	var left []int
	for i, k := range calls {
		if k.route.err != nil || !k.read || k.body != nil {
			parts[i].err = &Error{Operation: k.op, Err: errors.Join(k.route.err, errNoID), unsent: true, read: true, final: true}
			continue
		}
		left = append(left, i)
	}
	tries := make([]int, len(calls))
	for len(left) > 0 {
		now := left[:min(len(left), maxBatch)]
		done, wait, err := c.together(ctx, payer, calls, now, parts)
		if err != nil {
			return nil, err
		}
		left = slices.DeleteFunc(left, func(i int) bool { return done[i] })
		left = slices.DeleteFunc(left, func(i int) bool {
			if !calls[i].follows || !done[i-1] || parts[i-1].err == nil {
				return false
			}
			parts[i].err = parts[i-1].err
			return true
		})
		if wait != nil {
			delay, again := c.again(wait.err, calls[wait.at], tries[wait.at]+1)
			tries[wait.at]++
			switch {
			case !again:
				left = slices.DeleteFunc(left, func(i int) bool { return i == wait.at })
			case delay > 0: // otherwise the limiter waits
				if stopped := sleep(ctx, delay); stopped != nil {
					return nil, &waitError{wait.err, stopped}
				}
			}
		}
	}
	return parts, nil
}

// waiting is a request of a batch that may succeed later.
type waiting struct {
	at  int
	err error
}

// together sends some of the calls and records the answers. It returns which calls need
// not be sent again, and the first that may succeed later.
func (c *Client) together(ctx context.Context, payer string, calls []call, now []int, parts []part) (done map[int]bool, wait *waiting, err error) {
	if c.budget != nil {
		for range len(now) - 1 { // the batch itself is counted as one
			if err := c.budget.Spend(ctx, payer, 0); err != nil {
				return nil, nil, &Error{Operation: "$batch", Err: err, unsent: true, read: true, stopped: ctx.Err() != nil}
			}
		}
	}
	// Otherwise an answer to another batch could fit this one.
	tag := newGUID()[:8] + "-"
	requests := make([]batchRequest, len(now))
	for n, i := range now {
		k := calls[i]
		requests[n] = batchRequest{ID: tag + strconv.Itoa(i), Method: k.method, URL: k.route.path, Headers: k.header}
		if len(k.params) > 0 {
			requests[n].URL += "?" + query(k.params)
		}
		if n > 0 {
			requests[n].DependsOn = []string{tag + strconv.Itoa(now[n-1])}
		}
	}
	k := write("$batch", payer, http.MethodPost, to("", "$batch"), map[string]any{"requests": requests}, http.StatusOK)
	k.read = true
	var got batchAnswer
	if err := c.document(ctx, k, &got); err != nil {
		return nil, nil, err
	}
	answers := make(map[int]batchResponse, len(got.Responses))
	for _, r := range got.Responses {
		id, ours := strings.CutPrefix(r.ID, tag)
		if i, err := strconv.Atoi(id); ours && err == nil && slices.Contains(now, i) {
			if _, twice := answers[i]; twice {
				r = batchResponse{} // it is unknown which of them is the answer
			}
			answers[i] = r
		}
	}
	done = make(map[int]bool)
	failed := false // one before it has failed
	for _, i := range now {
		r, answered := answers[i]
		switch {
		case answered && slices.Contains(calls[i].want, r.Status):
			parts[i], done[i] = part{body: r.Body}, true
			continue
		case failed && (!answered || r.Status == http.StatusFailedDependency):
			continue
		}
		e := partError(calls[i], r, answered)
		parts[i].err = e
		done[i] = true
		if !failed && e.Temporary() {
			wait, done[i] = &waiting{i, e}, false
		}
		failed = true
	}
	return done, wait, nil
}

func partError(k call, r batchResponse, answered bool) *Error {
	e := &Error{Status: r.Status, Err: errNoPart, final: true}
	if answered && r.Status >= 300 {
		e = r.failure()
	}
	e.Operation, e.read = k.op, true
	return e
}

// failure returns what a part that failed says.
func (r *batchResponse) failure() *Error {
	e := &Error{Status: r.Status}
	e.fill(r.Body)
	header := make(http.Header)
	for name, value := range r.Headers {
		header.Set(name, value)
	}
	e.RetryAfter = retryAfter(header, time.Now())
	return e
}

// decodePart decodes the answer to one read of a batch.
func decodePart(k call, p part, into any) error {
	if p.err != nil {
		return p.err
	}
	if json.Unmarshal(p.body, into) != nil {
		return &Error{Operation: k.op, Status: http.StatusOK, Err: errJSON, read: true}
	}
	return nil
}
