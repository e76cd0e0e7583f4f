package quarantine_test

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// A receipt contains what the work has cost and where the cost arose, on success,
// too: all requests that the server has seen, and no others.
func TestCostOfReceipts(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		var mu sync.Mutex
		seen := 0
		w.OnRequest(func(int, *ewstest.Request) {
			mu.Lock()
			defer mu.Unlock()
			seen++
		})
		target := quarantine.Target{Mailbox: alice, MessageID: theID}
		var taken *quarantine.Receipt
		checkCost(t, "find", func() (*quarantine.Receipt, error) { return w.service.Find(t.Context(), target) }, &seen)
		checkCost(t, "quarantine", func() (r *quarantine.Receipt, err error) {
			taken, err = w.service.Quarantine(t.Context(), target)
			return taken, err
		}, &seen)
		checkCost(t, "restore", func() (*quarantine.Receipt, error) { return w.service.Restore(t.Context(), taken) }, &seen)
		checkCost(t, "again", func() (*quarantine.Receipt, error) { return w.service.RestoreMessage(t.Context(), target) }, &seen)
	})
}

// The cost of counting what criteria find is part of the target's cost.
func TestCostOfCriteria(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, patient(worldOptions{settings: func(q *quarantine.Options) { q.CriteriaSearch, q.Name = true, "A" }}))
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		r, err := quarantine.NewRouter([]quarantine.Route{{Service: w.service}}, nil)
		require.NoError(t, err)
		seen := 0
		w.OnRequest(func(int, *ewstest.Request) { seen++ })
		target := quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{Subject: "Invoice"}}
		checkCost(t, "all", func() (*quarantine.Receipt, error) {
			for receipt, err := range r.QuarantineAll(t.Context(), slices.Values([]quarantine.Target{target})) {
				return receipt, err
			}
			return nil, nil
		}, &seen)
	})
}

func checkCost(t *testing.T, name string, do func() (*quarantine.Receipt, error), seen *int) {
	*seen = 0
	r, err := do()
	require.NoError(t, err, name)
	require.NoError(t, r.Err(), name)
	c := r.Cost
	assert.Equal(t, *seen, c.Requests, name)
	assert.Positive(t, c.Requests, name)
	assert.Len(t, c.RequestIDs, min(c.Requests, driver.MaxRequestIDs), name)
	ids := slices.Clone(c.RequestIDs)
	slices.Sort(ids)
	assert.Len(t, slices.Compact(ids), len(c.RequestIDs), "%s: each has its own", name)
	assert.Equal(t, []string{"EWSTEST"}, c.Servers, name)
	assert.Len(t, c.Builds, 1, name)
	assert.Greater(t, c.BytesOut, int64(500*c.Requests), name)
	assert.Greater(t, c.BytesIn, int64(100*c.Requests), name)

	text, err := json.Marshal(r)
	require.NoError(t, err)
	var read quarantine.Receipt
	require.NoError(t, json.Unmarshal(text, &read))
	assert.Equal(t, c, read.Cost, name)
}

// The time spent waiting is reported by payer: the budget of a mailbox for which the
// server has asked to slow down, and the SDK's own pauses.
func TestCostOfWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, patient(worldOptions{impersonation: true, ways: []quarantine.Way{driver.WayMIME}}))
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		w.FailNext(ews.OpFindItem, ewstest.Busy.BackOff(90*time.Second))
		w.FailNext(ews.OpUpdateItem, ewstest.DropBefore)
		begin := time.Now()
		r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
		require.NoError(t, err)
		require.NoError(t, r.Err())
		var payers []string
		var sum time.Duration
		for _, wait := range r.Cost.Waited {
			payers = append(payers, wait.Payer)
			sum += time.Duration(wait.Milliseconds) * time.Millisecond
		}
		slices.Sort(payers)
		assert.Equal(t, []string{"", alice}, payers)
		i := slices.IndexFunc(r.Cost.Waited, func(w driver.Wait) bool { return w.Payer == alice })
		assert.InDelta(t, 90_000, r.Cost.Waited[i].Milliseconds, 10_000)
		assert.InDelta(t, time.Since(begin).Seconds(), sum.Seconds(), 1, "it did nothing but wait")
	})
}
