package graph

import (
	"context"
	"strings"
	"sync"
	"time"
)

// Windows is a [Budget] that keeps each payer below a number of requests and bytes in any
// window of time. A single large request may exceed the bytes: it then waits until
// nothing else counts. Its methods may be called concurrently.
type Windows struct {
	mu     sync.Mutex
	payers map[string]*spent
	swept  time.Time
}

// slots is the number of parts into which a window is divided. Everything spent in one
// part is forgotten together, at most one part late.
const slots = 20

// NewWindows returns a budget with the limits of Graph.
func NewWindows() *Windows { return &Windows{payers: make(map[string]*spent)} }

// spent is what one payer has spent recently.
type spent struct {
	requests, bytes window
}

// window is what was spent within a length of time.
type window struct {
	at    [slots + 1]int64 // number of the part, by its time
	spent [slots + 1]int64
}

// total forgets what is too old. It returns the remaining sum, and when the next part of
// it will be forgotten.
func (w *window) total(now time.Time, length time.Duration) (sum int64, next time.Time) {
	part := length / slots
	current := now.UnixNano() / int64(part)
	oldest := int64(0)
	for i := range w.at {
		if w.at[i] <= current-slots-1 {
			w.spent[i] = 0
		}
		if w.spent[i] > 0 {
			sum += w.spent[i]
			if oldest == 0 || w.at[i] < oldest {
				oldest = w.at[i]
			}
		}
	}
	if oldest == 0 {
		return sum, now
	}
	return sum, time.Unix(0, (oldest+slots+1)*int64(part))
}

func (w *window) add(now time.Time, length time.Duration, n int64) {
	number := now.UnixNano() / int64(length/slots)
	i := number % int64(len(w.at))
	if w.at[i] != number {
		w.at[i], w.spent[i] = number, 0
	}
	w.spent[i] += n
}

// Spend waits until a payer may send one more request, and counts it.
func (b *Windows) Spend(ctx context.Context, payer string, bytes int64) error {
	for {
		until := b.try(payer, bytes)
		if until.IsZero() {
			return nil
		}
		if err := sleep(ctx, time.Until(until)); err != nil {
			return err
		}
	}
}

// Add counts further bytes.
func (b *Windows) Add(payer string, bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(payer).bytes.add(time.Now(), UploadWindow, bytes)
}

// try counts a request, or returns when to try again.
func (b *Windows) try(payer string, bytes int64) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	s := b.of(payer)
	requests, nextRequest := s.requests.total(now, RequestsWindow)
	if requests >= Requests {
		return nextRequest
	}
	sent, nextByte := s.bytes.total(now, UploadWindow)
	if sent > 0 && bytes > 0 && sent+bytes > UploadBytes {
		return nextByte
	}
	s.requests.add(now, RequestsWindow, 1)
	s.bytes.add(now, UploadWindow, bytes)
	return time.Time{}
}

// of returns the account of a payer. Now and then it drops the accounts of payers that
// have spent nothing for a while.
func (b *Windows) of(payer string) *spent {
	now := time.Now()
	if now.Sub(b.swept) > RequestsWindow {
		b.swept = now
		for name, s := range b.payers {
			requests, _ := s.requests.total(now, RequestsWindow)
			bytes, _ := s.bytes.total(now, UploadWindow)
			if requests == 0 && bytes == 0 {
				delete(b.payers, name)
			}
		}
	}
	key := strings.ToLower(payer)
	s, ok := b.payers[key]
	if !ok {
		s = new(spent)
		b.payers[key] = s
	}
	return s
}
