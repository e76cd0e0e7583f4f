package quarantine_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// counting returns a router over two organisations, each with three mailboxes
// that have a message the criteria match, and the targets.
func counting(t *testing.T, total int) (*quarantine.Router, []*world, []quarantine.Target) {
	t.Helper()
	var routes []quarantine.Route
	var worlds []*world
	var targets []quarantine.Target
	for i, domain := range []string{"a.test", "b.test"} {
		name := string(rune('A' + i))
		w := newWorld(t, worldOptions{
			server: ewstest.Options{Domain: domain}, impersonation: i == 1,
			settings: func(s *quarantine.Options) {
				s.Name = name
				s.CriteriaSearch, s.SearchLimits.Total = true, total
			},
		})
		for _, user := range []string{"alice@", "bob@", "carol@"} {
			w.Mailbox(user+domain).DeliverWith(eml("", "Your invoice"), ewstest.Delivery{Received: noon})
			targets = append(targets, quarantine.Target{Mailbox: user + domain, Criteria: lure})
		}
		worlds = append(worlds, w)
		routes = append(routes, quarantine.Route{Service: w.service, Domains: []string{domain}})
	}
	r, err := quarantine.NewRouter(routes, nil)
	require.NoError(t, err)
	return r, worlds, targets
}

// Nothing is taken anywhere before everything that the criteria match has been
// counted, and nothing at all if it is too much.
func TestRouterCountsBeforeItTakes(t *testing.T) {
	t.Parallel()
	r, worlds, targets := counting(t, 3)
	// Counting has finished before the first change: by then, every mailbox has
	// been searched.
	for _, w := range worlds {
		w.OnRequest(func(_ int, q *ewstest.Request) {
			if q.Operation == ews.OpUpdateItem {
				for _, o := range worlds {
					searches := 0
					for _, made := range o.Requests() {
						if made.Operation == ews.OpFindItem {
							searches++
						}
					}
					assert.GreaterOrEqual(t, searches, 3, "a change before all has been counted")
				}
			}
		})
	}
	found := 0
	for receipt, err := range r.FindAll(t.Context(), slices.Values(targets)) {
		require.NoError(t, err)
		assert.Equal(t, "find", receipt.Action)
		assert.Equal(t, quarantine.Found, receipt.Outcome())
		found += len(receipt.Items)
	}
	assert.Equal(t, 6, found)
	for _, w := range worlds {
		w.ResetRequests()
	}
	taken := 0
	for receipt, err := range r.QuarantineAll(t.Context(), slices.Values(targets)) {
		require.NoError(t, err)
		require.NoError(t, receipt.Err())
		assert.Equal(t, quarantine.Quarantined, receipt.Outcome())
		taken += len(receipt.Items)
	}
	assert.Equal(t, 6, taken)
}

func TestRouterRefusesTooMuchInAll(t *testing.T) {
	t.Parallel()
	r, worlds, targets := counting(t, 2)
	named := quarantine.Target{Mailbox: "alice@a.test", MessageID: evil}
	worlds[0].Mailbox(named.Mailbox).Deliver(eml(evil, "Something else"))
	for _, all := range []func() int{
		func() (refused int) {
			for receipt, err := range r.FindAll(t.Context(), slices.Values(targets)) {
				require.ErrorIs(t, err, quarantine.ErrTooManyHits)
				assert.Empty(t, receipt.Items)
				refused++
			}
			return refused
		},
		func() (refused int) {
			for receipt, err := range r.QuarantineAll(t.Context(), slices.Values(append(targets, named))) {
				if receipt.Target == named {
					assert.NoError(t, err, "what is named is not bounded")
					continue
				}
				require.ErrorIs(t, err, quarantine.ErrTooManyHits)
				assert.Equal(t, "quarantine", receipt.Action)
				assert.NotEmpty(t, receipt.Server)
				refused++
			}
			return refused
		},
	} {
		assert.Equal(t, 6, all())
	}
	for i, w := range worlds {
		for _, target := range targets[3*i : 3*i+3] {
			assert.Equal(t, []string{"Your invoice"}, w.subjects(target.Mailbox), target.Mailbox)
		}
	}
	// A mailbox that fails does not keep the others from being taken.
	r, worlds, targets = counting(t, 3)
	targets = append(targets, quarantine.Target{Mailbox: "nobody@a.test", Criteria: lure})
	failed := 0
	for receipt, err := range r.QuarantineAll(t.Context(), slices.Values(targets)) {
		if receipt.Target.Mailbox == "nobody@a.test" {
			require.ErrorIs(t, err, quarantine.ErrUnreachable)
			assert.Equal(t, "quarantine", receipt.Action)
			failed++
			continue
		}
		require.NoError(t, err)
	}
	assert.Equal(t, 1, failed)
	assert.Len(t, worlds[0].subjects("quarantine@a.test"), 3)
}

// What was counted is taken, not what has arrived since, which was not counted.
func TestRouterTakesWhatItCounted(t *testing.T) {
	t.Parallel()
	r, worlds, targets := counting(t, 3)
	var once sync.Once
	worlds[0].OnRequest(func(_ int, q *ewstest.Request) {
		if q.Operation == ews.OpUpdateItem {
			once.Do(func() {
				for _, target := range targets[:3] {
					worlds[0].Mailbox(target.Mailbox).DeliverWith(eml("", "Your invoice"), ewstest.Delivery{Received: noon.Add(time.Minute)})
				}
			})
		}
	})
	for receipt, err := range r.QuarantineAll(t.Context(), slices.Values(targets)) {
		require.NoError(t, err)
		require.NoError(t, receipt.Err())
		assert.Len(t, receipt.Items, 1)
		assert.NotEmpty(t, receipt.Searched)
	}
	assert.Len(t, worlds[0].subjects("quarantine@a.test"), 3)
	assert.Len(t, worlds[1].subjects("quarantine@b.test"), 3)
	for _, target := range targets[:3] {
		assert.Len(t, worlds[0].subjects(target.Mailbox), 1)
	}
}
