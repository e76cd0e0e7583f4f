package ews_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// budgeted is a server with budgets, and a program that wants five times what they allow.
type budgeted struct {
	name    string
	version ewstest.Version
	policy  ewstest.Throttling
	cost    time.Duration // of a call
	limit   int           // of the limiter, for calls in flight
	busy    float64       // share of the calls that may be answered with ErrorServerBusy
}

// budgetedTime is how long the program works, and budgetedDemand how many times its
// allowance it requests.
const (
	budgetedTime   = 30 * time.Minute
	budgetedDemand = 5
)

// allowed returns how much work the budget allows in that time without going into debt.
func (b budgeted) allowed() time.Duration {
	if b.policy.EwsMaxBurst > 0 {
		return time.Duration(float64(b.policy.EwsMaxBurst)+float64(b.policy.EwsRechargeRate)*budgetedTime.Hours()) * time.Millisecond
	}
	minutes := budgetedTime.Minutes() + 1 // the first minute begins with a full budget
	return time.Duration(float64(b.policy.EwsPercentTimeInCAS) / 100 * minutes * float64(time.Minute))
}

// worked is the outcome.
type worked struct {
	done, busy float64 // shares of the allowed work, and of the calls
	spent      ewstest.Spending
}

func (w worked) String() string {
	return fmt.Sprintf("%.1f %% of the allowed work; of %d calls %.2f %% ErrorServerBusy, %d ErrorExceededConnectionCount; %d in flight at most; %s of delays; balance %s",
		100*w.done, w.spent.Calls+w.spent.Busy+w.spent.TooMany, 100*w.busy, w.spent.TooMany, w.spent.MostRunning, w.spent.Delayed.Round(time.Second), w.spent.Balance.Round(time.Second))
}

// run lets the program work in virtual time. A call that the server refuses is
// immediately made again: holding it back is the limiter's job.
func (b budgeted) run(t *testing.T) (w worked) {
	synctest.Test(t, func(t *testing.T) {
		policy := b.policy
		policy.Cost = func(task ewstest.Task) ewstest.Cost {
			if task.Member < 0 {
				return ewstest.Cost{CAS: 10 * time.Millisecond}
			}
			return ewstest.Cost{CAS: b.cost, MailboxRPC: b.cost / 2, AD: b.cost / 20}
		}
		srv := ewstest.NewServer(&ewstest.Options{Version: b.version, Throttling: &policy, FewFolders: true, Latency: 20 * time.Millisecond, MaxRecords: 1})
		t.Cleanup(srv.Close)
		limiter, err := throttle.New(&throttle.Options{Limits: map[string]int{"svc": b.limit}, Jitter: func() float64 { return 0.5 }})
		require.NoError(t, err)
		client := srv.Client("svc", &ews.Options{Limiter: limiter, ReadAttempts: 1})
		ctx, cancel := context.WithTimeout(t.Context(), budgetedTime)
		defer cancel()
		began := time.Now()
		interval := time.Duration(float64(budgetedTime) * float64(b.cost) / float64(b.allowed()) / budgetedDemand)
		var asked atomic.Int64
		var wg sync.WaitGroup
		for range 2 * b.limit { // more than can be in flight
			wg.Go(func() {
				for ctx.Err() == nil {
					time.Sleep(time.Until(began.Add(time.Duration(asked.Add(1)) * interval)))
					for again := true; again && ctx.Err() == nil; {
						again = b.refused(ctx, t, client)
					}
				}
			})
		}
		<-ctx.Done()
		w.spent = srv.Spending("svc")
		wg.Wait()
	})
	w.done = float64(w.spent.Calls) * float64(b.cost) / float64(b.allowed())
	w.busy = float64(w.spent.Busy) / float64(w.spent.Calls+w.spent.Busy+w.spent.TooMany)
	return w
}

// refused makes a call, and reports whether the server has no time for it.
func (b budgeted) refused(ctx context.Context, t *testing.T, client *ews.Client) bool {
	const alice = "alice@example.test"
	_, err := client.ForMailbox(alice).GetFolder(ctx, ews.GetFolderRequest{Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: alice}}})
	if refused, ok := errors.AsType[*ews.ResponseError](err); ok {
		return refused.Code == "ErrorServerBusy" || refused.Code == "ErrorExceededConnectionCount"
	}
	if err != nil && ctx.Err() == nil {
		t.Error(err)
	}
	return false
}

var budgetedServers = []budgeted{
	{"2010", ewstest.Exchange2010SP3, *ewstest.DefaultThrottling(ewstest.Exchange2010SP3), 2 * time.Second, throttle.LimitServiceAccount2010, 0.01},
	{"2016", ewstest.Exchange2016, *ewstest.DefaultThrottling(ewstest.Exchange2016), time.Second, throttle.LimitServiceAccount2013, 0.01},
	{"2016, short calls", ewstest.Exchange2016, *ewstest.DefaultThrottling(ewstest.Exchange2016), 500 * time.Millisecond, throttle.LimitServiceAccount2013, 0.01},
	// Nobody has published how long micro-delays are. Here they hold no program back, and
	// a limiter that is not told the policy finds out the cut-off by running into it.
	{"2016, short delays, low cut-off", ewstest.Exchange2016, ewstest.Throttling{EwsMaxConcurrency: 27, EwsMaxBurst: 60_000, EwsRechargeRate: 900_000, EwsCutoffBalance: 60_000, MaxDelay: 100 * time.Millisecond}, time.Second, throttle.LimitServiceAccount2013, 0.1},
	{"2016, no delays, low cut-off, short calls", ewstest.Exchange2016, ewstest.Throttling{EwsMaxConcurrency: 27, EwsMaxBurst: 60_000, EwsRechargeRate: 900_000, EwsCutoffBalance: 60_000, MaxDelay: -1}, 500 * time.Millisecond, throttle.LimitServiceAccount2013, 0.1},
	{"2016, others use the account, 5 calls left", ewstest.Exchange2016, ewstest.Throttling{EwsMaxConcurrency: 5, EwsMaxBurst: 300_000, EwsRechargeRate: 900_000, EwsCutoffBalance: 3_000_000}, time.Second, throttle.LimitServiceAccount2013, 0.01},
}

// TestBudgets has a program with [throttle.Limiter] request five times what a server
// allows, for half an hour; go test ./ews -run TestBudgets -v shows the outcome.
func TestBudgets(t *testing.T) {
	t.Parallel()
	for _, b := range budgetedServers {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w := b.run(t)
			t.Log(w)
			assert.GreaterOrEqual(t, w.done, 0.95, "the work is done")
			assert.Less(t, w.busy, b.busy, "and not by knocking at a closed door")
		})
	}
}
