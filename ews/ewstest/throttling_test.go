package ewstest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// costing returns a cost function for a policy, with d for each member of a batch.
func costing(d time.Duration) func(ewstest.Task) ewstest.Cost {
	return func(ewstest.Task) ewstest.Cost { return ewstest.Cost{CAS: d, MailboxRPC: d / 2, AD: d / 10} }
}

// timed returns the codes of the answer, and how long it took.
func (c *caller) timed(operation string) (string, time.Duration) {
	c.t.Helper()
	began := time.Now()
	answer := c.do(operation)
	return strings.Join(codes(answer), " "), time.Since(began)
}

var inboxOfAlice = getFolderXML(idOnly, folderOf("inbox", alice))

func TestThrottlingDelaysAboveTheLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// The balance recharges 250 milliseconds per second, and not at all while it is
		// full.
		c := newCaller(t, ewstest.Options{Throttling: &ewstest.Throttling{EwsMaxBurst: 1000, EwsRechargeRate: 900_000, Cost: costing(500 * time.Millisecond)}})
		assert.Equal(t, time.Second, c.srv.Spending("svc").Balance)
		for _, left := range []time.Duration{500, 125, -250} {
			code, took := c.timed(inboxOfAlice)
			assert.Equal(t, "NoError", code)
			assert.Equal(t, 500*time.Millisecond, took)
			assert.Equal(t, left*time.Millisecond, c.srv.Spending("svc").Balance)
		}
		code, took := c.timed(inboxOfAlice)
		assert.Equal(t, "NoError", code)
		assert.Equal(t, 1500*time.Millisecond, took, "a second until the balance is 0 again, and half of one for the call")
		time.Sleep(1500 * time.Millisecond)
		_, took = c.timed(inboxOfAlice)
		assert.Equal(t, 500*time.Millisecond, took, "it has recharged meanwhile")
		time.Sleep(time.Hour)
		got := c.srv.Spending("svc")
		assert.Equal(t, ewstest.Spending{
			Payer: "svc@example.test", Calls: 5, MostRunning: 1, Charged: 2500 * time.Millisecond, Delayed: time.Second, Balance: time.Second,
		}, got, "the balance grows up to EwsMaxBurst")
	})
}

func TestThrottlingLocksOutAtTheCutoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		policy := ewstest.Throttling{EwsMaxBurst: 1000, EwsRechargeRate: 360_000, EwsCutoffBalance: 2000, Cost: func(task ewstest.Task) ewstest.Cost {
			if task.Member < 0 {
				return ewstest.Cost{CAS: 10 * time.Millisecond}
			}
			return ewstest.Cost{CAS: 5 * time.Second}
		}}
		c := newCaller(t, ewstest.Options{Throttling: &policy})
		began := time.Now()
		code, _ := c.timed(inboxOfAlice)
		require.Equal(t, "NoError", code, "the call that goes too far is answered")
		assert.Equal(t, -4*time.Second, c.srv.Spending("svc").Balance)
		assert.Equal(t, began.Add(5*time.Second+5*time.Minute), c.srv.Spending("svc").LockedUntil)
		status, answer, err := c.try(inboxOfAlice)
		require.NoError(t, err)
		assert.Equal(t, 500, status)
		assert.Equal(t, []string{"ErrorServerBusy"}, codes(answer))
		assert.Contains(t, answer, `<t:MessageXml xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><t:Value Name="BackOffMilliseconds">300000</t:Value></t:MessageXml>`)
		assert.Equal(t, -4010*time.Millisecond, c.srv.Spending("svc").Balance, "a call that is refused costs as well")
		time.Sleep(5*time.Minute - time.Millisecond)
		code, _ = c.timed(inboxOfAlice)
		assert.Equal(t, "ErrorServerBusy", code)
		time.Sleep(time.Millisecond)
		code, _ = c.timed(inboxOfAlice)
		assert.Equal(t, "NoError", code)
		got := c.srv.Spending("svc")
		assert.Equal(t, []int{2, 2}, []int{got.Calls, got.Busy})

		// A payer deep in debt waits until the balance is above the line, however short
		// the lock-out is.
		policy.LockOut = time.Second
		policy.EwsCutoffBalance = 3000
		c.srv.SetBudget("svc", ewstest.Budget{Throttling: &policy})
		assert.Equal(t, time.Second, c.srv.Spending("svc").Balance, "a new budget is full")
		c.timed(inboxOfAlice)
		_, answer, err = c.try(inboxOfAlice)
		require.NoError(t, err)
		assert.Equal(t, []string{"10001"}, texts(answer, "Value"), "from -4000 to above -3000, at 100 a second")
	})
}

func TestThrottlingWithinABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		policy := ewstest.Throttling{EwsMaxBurst: 1000, EwsRechargeRate: 900_000, Cost: costing(2 * time.Second)}
		c := newCaller(t, ewstest.Options{Throttling: &policy})
		var ids []string
		for range 10 {
			ids = append(ids, itemID(c.srv.Mailbox(alice).Deliver([]byte(plain))))
		}
		// A member takes 2 seconds, and 6 more until the balance is 0 again. The first
		// goes from 1000 to -1000: 4 seconds.
		code, took := c.timed(moveXML(folderOf("junkemail", alice), ids...))
		assert.Equal(t, strings.TrimSpace(strings.Repeat("NoError ", 8))+" ErrorTimeoutExpired ErrorBatchProcessingStopped", code)
		assert.Equal(t, time.Minute, took)
		assert.Len(t, c.srv.Mailbox(alice).Messages(), 10)
		moved := 0
		for _, m := range c.srv.Mailbox(alice).Messages() {
			if m.Distinguished == ews.FolderJunkEmail {
				moved++
			}
		}
		assert.Equal(t, 8, moved, "nothing is done for the others")
		got := c.srv.Spending("svc")
		assert.Equal(t, 2, got.LateItems)
		assert.Equal(t, 16*time.Second, got.Charged)

		// At the cut-off the rest gets ErrorServerBusy.
		policy.EwsCutoffBalance = 2000
		policy.MaxDelay = -1
		c.srv.SetBudget("svc", ewstest.Budget{Throttling: &policy})
		answer := c.do(getItemXML(idOnly, ids[:4]...))
		assert.Equal(t, []string{"ErrorItemNotFound", "ErrorItemNotFound", "ErrorServerBusy", "ErrorServerBusy"}, codes(answer))
		assert.Equal(t, []string{"300000", "300000"}, texts(answer, "Value"))
		assert.Equal(t, 2, c.srv.Spending("svc").BusyItems)
	})
}

func TestThrottlingOf2010(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{Version: ewstest.Exchange2010SP3, Throttling: ewstest.DefaultThrottling(ewstest.Exchange2010SP3)}).in("Exchange2010_SP1")
		assert.Equal(t, 30*time.Second, c.srv.Spending("svc").Balance, "of the three, the least: 50 percent of a minute in Active Directory")
		policy := ewstest.Throttling{EwsPercentTimeInCAS: 90, EwsPercentTimeInMailboxRPC: 60, EwsPercentTimeInAD: 50, Cost: func(task ewstest.Task) ewstest.Cost {
			if task.Member < 0 {
				return ewstest.Cost{}
			}
			return ewstest.Cost{CAS: 20 * time.Second, MailboxRPC: 18 * time.Second, AD: time.Second}
		}}
		c.srv.SetBudget("svc", ewstest.Budget{Throttling: &policy})
		// The time in the store is what counts: 36 seconds, of which 12 are recharged
		// in 20.
		for _, took := range []time.Duration{20, 20, 20, 20, 20} {
			code, d := c.timed(inboxOfAlice)
			assert.Equal(t, "NoError", code)
			assert.Equal(t, took*time.Second, d)
		}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { c.timed(inboxOfAlice) })
		}
		wg.Wait()
		assert.Equal(t, -78*time.Second, c.srv.Spending("svc").Balance, "-6 before, 18 of recharge in 30 seconds, and five times 18")
		_, answer, err := c.try(inboxOfAlice)
		require.NoError(t, err)
		assert.Equal(t, []string{"ErrorServerBusy"}, codes(answer), "more than a minute until the balance is 0")
		assert.Equal(t, []string{"130000"}, texts(answer, "Value"))
		time.Sleep(2 * time.Minute)
		code, took := c.timed(inboxOfAlice)
		assert.Equal(t, "NoError", code)
		assert.Equal(t, 30*time.Second, took, "10 until the balance is 0, and 20 for the call")
	})
}

func TestThrottlingChargesThePayer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{Throttling: &ewstest.Throttling{EwsMaxBurst: 10_000, EwsRechargeRate: 1, Cost: costing(time.Second)}})
		c.srv.AddUser("other", "other-password")
		c.srv.GrantImpersonation("other", "*")
		c.do(getFolderXML(idOnly, folderOf("inbox", alice)))
		c.do(getFolderXML(idOnly, folderOf("inbox", bob)))
		c.as("alice").do(getFolderXML(idOnly, folderOf("inbox", "")))
		c.impersonating(bob).do(getFolderXML(idOnly, folderOf("inbox", "")))
		c.as("other").impersonating(bob).do(getFolderXML(idOnly, folderOf("inbox", "")))
		charged := func(s ewstest.Spending) int { return int(s.Charged / time.Second) }
		assert.Equal(t, 2, charged(c.srv.Spending("svc")), "the account pays for what it does in all mailboxes")
		assert.Equal(t, 1, charged(c.srv.Spending(alice)))
		assert.Equal(t, 0, charged(c.srv.ImpersonatedSpending(alice)))
		assert.Equal(t, 0, charged(c.srv.Spending(bob)), "what others do in his name is not his")
		assert.Equal(t, 2, charged(c.srv.ImpersonatedSpending(bob)))
		assert.Equal(t, 0, charged(c.srv.Spending("other")))
		var payers []string
		for _, s := range c.srv.Spendings() {
			payers = append(payers, fmt.Sprint(s.Payer, " ", s.Impersonated, " ", charged(s)))
		}
		assert.Equal(t, []string{bob + " true 2", "svc@example.test false 2", alice + " false 1"}, payers)
	})
}

func TestThrottlingConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{Throttling: &ewstest.Throttling{EwsMaxConcurrency: 2, Cost: costing(time.Second)}})
		var wg sync.WaitGroup
		answers := make([]string, 3)
		for i := range answers {
			wg.Go(func() { answers[i], _ = c.timed(inboxOfAlice) })
		}
		wg.Wait()
		assert.ElementsMatch(t, []string{"NoError", "NoError", "ErrorExceededConnectionCount"}, answers)
		got := c.srv.Spending("svc")
		assert.Equal(t, []int{2, 2, 1, 0}, []int{got.Calls, got.MostRunning, got.TooMany, got.Running})
	})
}

// Connections for events have their own limit.
func TestThrottlingConcurrencyIsNotOfStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{Throttling: &ewstest.Throttling{EwsMaxConcurrency: 1, Cost: costing(time.Second)}})
		stream := `<m:GetStreamingEvents><m:SubscriptionIds><t:SubscriptionId>x</t:SubscriptionId></m:SubscriptionIds><m:ConnectionTimeout>1</m:ConnectionTimeout></m:GetStreamingEvents>`
		var wg sync.WaitGroup
		answers := make([]string, 3)
		for i, operation := range []string{stream, stream, inboxOfAlice} {
			wg.Go(func() { answers[i], _ = c.timed(operation) })
		}
		wg.Wait()
		assert.Equal(t, []string{"ErrorInvalidSubscription", "ErrorInvalidSubscription", "NoError"}, answers)
		assert.Equal(t, 1, c.srv.Spending("svc").MostRunning)
	})
}

// The client disconnects while its batch waits: the server acts, and no longer waits.
func TestThrottlingOfAClientThatHasGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := ewstest.NewServer(&ewstest.Options{Throttling: &ewstest.Throttling{EwsMaxBurst: 1, EwsRechargeRate: 1000, Cost: costing(time.Second)}})
		t.Cleanup(srv.Close)
		client := srv.Client("svc", nil)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		_, err := client.ForMailbox(alice).GetFolder(ctx, ews.GetFolderRequest{
			Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: alice}, ews.DistinguishedFolder{Name: ews.FolderJunkEmail, Mailbox: alice}},
		})
		require.Error(t, err)
		assert.Equal(t, 5*time.Second, time.Since(began))
		assert.Zero(t, srv.Spending("svc").Running)
	})
}
