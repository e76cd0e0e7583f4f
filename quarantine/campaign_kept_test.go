package quarantine_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// keyed is a journal that has all marks, and takes a millisecond to find each.
type keyed struct {
	*quarantine.MemoryJournal
	marks map[string]*quarantine.Receipt // by key
	read  atomic.Int64                   // receipts that were read
}

func (k *keyed) HasMark(_ context.Context, _ string, t quarantine.Target) (bool, error) {
	time.Sleep(time.Millisecond)
	return k.marks[t.Key()] != nil, nil
}

func (k *keyed) MarkOf(_ context.Context, _, key string) (*quarantine.Receipt, error) {
	k.read.Add(1)
	return k.marks[key], nil
}

// A campaign that continues first looks, for up to ten seconds, for the first target that
// is left, before it reads the receipts of the finished ones, which is more work.
func TestWhatIsLeftComesFirst(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		finished int
		waits    bool
	}{{5000, true}, {12_000, false}} {
		t.Run(fmt.Sprint(tt.finished), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j := &keyed{MemoryJournal: &quarantine.MemoryJournal{}, marks: make(map[string]*quarantine.Receipt)}
				for i := range tt.finished {
					j.marks[campaignTarget(i).Key()] = &quarantine.Receipt{Action: "quarantine", Server: "A", Target: campaignTarget(i), Items: []quarantine.ReceiptItem{}}
				}
				a := newLedger("A", "vault@a.test", campaignTarget(tt.finished).Mailbox)
				first := int64(-1)
				a.search = func(context.Context, string) error { first = j.read.Load(); return nil }
				r, err := quarantine.NewRouter([]quarantine.Route{withJournal(t, a, j)}, nil)
				require.NoError(t, err)
				n := 0
				for _, err := range r.QuarantineCampaign(t.Context(), "c", func(yield func(quarantine.Target) bool) {
					for i := range tt.finished + 1 {
						if !yield(campaignTarget(i)) {
							return
						}
					}
				}) {
					require.NoError(t, err)
					n++
				}
				assert.Equal(t, tt.finished+1, n)
				// A few are read between taking a seat and the first search.
				assert.Equal(t, tt.waits, first < 100, "%d receipts had been read when work began", first)
				assert.EqualValues(t, tt.finished, j.read.Load())
			})
		})
	}
}
