package throttle_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// modelServer is Exchange 2013 as far as a limiter is concerned: a token bucket for each
// payer, delays below zero, refusals below the cut-off. It is independent of the limiter's
// model.
type modelServer struct {
	budget  throttle.Budget
	latency time.Duration // of the network, for each call
	connect time.Duration // what it takes to connect; 0: unknown

	mu     sync.Mutex
	rand   *rand.Rand
	payers map[string]*account
}

// account is what the server tracks for a payer.
type account struct {
	balance time.Duration
	at      time.Time
	locked  bool

	calls, busy, delayed int
	work                 time.Duration // done for the payer
	inFlight, most       int
}

func newModelServer(b throttle.Budget) *modelServer {
	return &modelServer{budget: b, rand: rand.New(rand.NewPCG(1, 2)), payers: make(map[string]*account)}
}

func (s *modelServer) account(payer string) *account {
	a := s.payers[payer]
	if a == nil {
		a = &account{balance: s.budget.MaxBurst, at: time.Now()}
		s.payers[payer] = a
	}
	now := time.Now()
	a.balance = min(s.budget.MaxBurst, a.balance+time.Duration(float64(now.Sub(a.at))*s.rate()))
	a.at = now
	if a.balance > 0 {
		a.locked = false
	}
	return a
}

func (s *modelServer) rate() float64 { return s.budget.RechargeRate.Hours() }

// around returns a time between half and one and a half of mean.
func (s *modelServer) around(mean time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return mean/2 + time.Duration(s.rand.Int64N(int64(mean)))
}

// call works for a payer, or refuses to.
func (s *modelServer) call(payer string, work time.Duration) (busy bool, hint time.Duration) {
	time.Sleep(s.latency)
	s.mu.Lock()
	a := s.account(payer)
	a.calls++
	a.inFlight++
	a.most = max(a.most, a.inFlight)
	defer func() {
		a.inFlight--
		s.mu.Unlock()
	}()
	if a.balance < -s.budget.CutoffBalance {
		a.locked = true
	}
	if a.locked {
		a.busy++
		return true, time.Duration(float64(-a.balance)/s.rate()) + time.Second
	}
	var delay time.Duration
	if a.balance < 0 {
		// The delay grows with the deficit.
		a.delayed++
		delay = min(100*time.Millisecond-a.balance/20, 30*time.Second)
	}
	s.mu.Unlock()
	time.Sleep(delay)
	began := time.Now()
	time.Sleep(work)
	work = time.Since(began) // in real time it took longer
	s.mu.Lock()
	a = s.account(payer)
	a.balance -= work
	a.work += work
	return false, 0
}

// allowed returns how much work a payer can have done in a time without being delayed.
func (s *modelServer) allowed(after time.Duration) time.Duration {
	return s.budget.MaxBurst + time.Duration(float64(after)*s.rate())
}

// of2013 is the context of calls to Exchange 2013.
func of2013(t testing.TB, operation, mailbox string) context.Context {
	return throttle.About(t.Context(), throttle.Call{Operation: operation, Mailbox: mailbox, Major: 15})
}

// demand has workers call for one payer for a time, as fast as the limiter lets them.
func demand(t testing.TB, l *throttle.Limiter, s *modelServer, payer string, workers int, find, move, lasting time.Duration) *account {
	until := time.Now().Add(lasting)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for n := i; ; n++ {
				operation, mean := "FindItem", find
				if n%3 == 0 {
					operation, mean = "MoveItem", move
				}
				about := throttle.About(t.Context(), throttle.Call{Operation: operation, Mailbox: fmt.Sprint("user", i), Major: 15, RoundTrip: s.connect})
				ctx, cancel := context.WithDeadline(about, until)
				release, err := l.Acquire(ctx, payer)
				cancel()
				if err != nil {
					return
				}
				release(s.call(payer, s.around(mean)))
				if !time.Now().Before(until) {
					return
				}
			}
		})
	}
	wg.Wait()
	return s.payers[payer]
}

// result is the outcome of a demand.
type result struct{ allowed, busy, delayed float64 } // percent

func (s *modelServer) result(a *account, after time.Duration) result {
	return result{
		allowed: 100 * float64(a.work) / float64(s.allowed(after)),
		busy:    100 * float64(a.busy) / float64(max(a.calls, 1)),
		delayed: 100 * float64(a.delayed) / float64(max(a.calls, 1)),
	}
}

func requireNoState(t testing.TB, l *throttle.Limiter) {
	t.Helper()
	time.Sleep(time.Hour)
	require.Zero(t, l.Payers())
	require.Empty(t, l.Waits())
}
