package quarantine_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
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

// inBubble plays a test in virtual time, in a world with the default times: requests
// whose answers were lost may take effect for 15 minutes.
func inBubble(t *testing.T, play func(t *testing.T, w *world, o worldOptions)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := worldOptions{settings: func(s *quarantine.Options) { s.Wait, s.SearchLag, s.WriteDoubt = 2*time.Second, 0, 0 }}
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		play(t, w, o)
	})
}

// onCall calls do once, at a request for an operation.
func onCall(w *world, operation ews.Operation, do func()) {
	done := false
	w.OnRequest(func(_ int, r *ewstest.Request) {
		if r.Operation == operation && !done {
			done = true
			do()
		}
	})
}

// recoveries returns the receipts of a recovery that has no problem with the journal.
func recoveries(t *testing.T, s *quarantine.Service) (all []*quarantine.Receipt) {
	t.Helper()
	for r, err := range s.Recover(t.Context()) {
		require.NoError(t, err)
		all = append(all, r)
	}
	return all
}

// heldBy checks that a recovery leaves one intent alone, and reports who holds it.
func heldBy(t *testing.T, s *quarantine.Service, owner string) *quarantine.HeldError {
	t.Helper()
	all := recoveries(t, s)
	require.Len(t, all, 1)
	assert.Equal(t, quarantine.Undecided, all[0].Outcome())
	require.ErrorIs(t, all[0].Err(), quarantine.ErrHeld)
	held, ok := errors.AsType[*quarantine.HeldError](all[0].Err())
	require.True(t, ok)
	if owner != "" {
		assert.Equal(t, owner, held.Owner)
	}
	assert.ErrorContains(t, all[0].Err(), held.Until.UTC().Format(time.RFC3339))
	return held
}

// A service that recovers while another one is at work leaves the other's intent alone,
// and reports that; nothing about the other's run changes.
func TestRecoverBesideARun(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o worldOptions) {
		other := w.newService(t, o)
		onCall(w, ews.OpMoveItem, func() {
			before, err := openIntents(t.Context(), w.journal)
			require.NoError(t, err)
			require.Len(t, before, 1)
			heldBy(t, other, "")
			after, err := openIntents(t.Context(), w.journal)
			require.NoError(t, err)
			assert.Equal(t, before, after)
		})
		r, err := w.service.Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		assert.Equal(t, quarantine.Quarantined, r.Outcome())
		assert.Empty(t, recoveries(t, other))
		w.count(t, 0, 1, "in the end")
	})
}

// crashing is the journal of a process that has crashed when dead is set.
type crashing struct {
	*quarantine.MemoryJournal
	dead bool
}

func (j *crashing) Renew(ctx context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
	if j.dead {
		return c, errCrashed
	}
	return j.MemoryJournal.Renew(ctx, c, lease)
}

func (j *crashing) Finish(ctx context.Context, c quarantine.Claim) error {
	if j.dead {
		return errCrashed
	}
	return j.MemoryJournal.Finish(ctx, c)
}

// What a crashed process has left is settled once its claim has ended, which is WriteDoubt
// after the claim was made. It is settled immediately by a process of the same name, and
// where it is known that no other is alive.
func TestRecoverAfterACrash(t *testing.T) {
	for name, tc := range map[string]struct {
		owner string
		begin func(w *world)
		wait  time.Duration
	}{
		"another process":    {"", func(*world) {}, 15 * time.Minute},
		"the same name":      {"worker-1", func(*world) {}, 0},
		"a journal it alone": {"", func(w *world) { w.journal.Restart() }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world, o worldOptions) {
				journal := &crashing{MemoryJournal: w.journal}
				set := o.settings
				o.settings = func(s *quarantine.Options) { set(s); s.Journal, s.Owner = journal, "worker-1" }
				ctx, crash := context.WithCancel(t.Context())
				w.FailNext(ews.OpMoveItem, ewstest.DropAfter)
				onCall(w, ews.OpMoveItem, func() { journal.dead = true; crash() })
				begun := time.Now()
				_, _ = w.newService(t, o).Quarantine(ctx, theTarget)
				require.Less(t, time.Since(begun), time.Minute)

				o.settings = func(s *quarantine.Options) { set(s); s.Owner = tc.owner }
				next := w.newService(t, o)
				tc.begin(w)
				if tc.wait > 0 {
					held := heldBy(t, next, "worker-1")
					assert.WithinDuration(t, begun.Add(tc.wait), held.Until, time.Minute)
					time.Sleep(time.Until(held.Until))
				}
				all := recoveries(t, next)
				require.Len(t, all, 1)
				require.NoError(t, all[0].Err())
				w.count(t, 0, 1, "in the end")
				assert.Empty(t, recoveries(t, next))
			})
		})
	}
}

// A run that ends undecided gives up its intent: another process need not wait.
func TestUndecidedRunGivesUp(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o worldOptions) {
		ctx, cancel := context.WithCancel(t.Context())
		w.FailNext(ews.OpMoveItem, ewstest.DropAfter)
		onCall(w, ews.OpMoveItem, cancel)
		r, err := w.service.Quarantine(ctx, theTarget)
		require.NoError(t, err)
		require.Equal(t, quarantine.Undecided, r.Outcome())
		all := recoveries(t, w.newService(t, o))
		require.Len(t, all, 1)
		require.NoError(t, all[0].Err())
		w.count(t, 0, 1, "in the end")
	})
}

// A run that takes longer than its claim renews it, and so does a recovery.
func TestLongRunRenewsItsClaim(t *testing.T) {
	for _, recovery := range []bool{false, true} {
		inBubbleSub(t, map[bool]string{false: "run", true: "recovery"}[recovery], func(t *testing.T, w *world, o worldOptions) {
			set := o.settings
			o.settings = func(s *quarantine.Options) { set(s); s.ClaimFor = 3 * time.Minute }
			o.ways = []quarantine.Way{quarantine.WayMIME}
			s := w.newService(t, o)
			if recovery {
				ctx, cancel := context.WithCancel(t.Context())
				onCall(w, ews.OpCreateItem, cancel)
				w.FailNext(ews.OpCreateItem, ewstest.DropAfter)
				_, err := s.Quarantine(ctx, theTarget)
				require.NoError(t, err)
			}
			began, looked := time.Now(), 0
			w.OnRequest(func(_ int, r *ewstest.Request) {
				open, err := openIntents(t.Context(), w.journal)
				require.NoError(t, err)
				if len(open) == 0 {
					return
				}
				_, _, err = w.journal.Claim(t.Context(), open[0].Operation, "another", time.Hour)
				require.ErrorIs(t, err, quarantine.ErrHeld, "after %s, at %s", time.Since(began), r.Operation)
				looked++
				time.Sleep(50 * time.Second)
			})
			if recovery {
				require.NoError(t, recoveries(t, s)[0].Err())
			} else {
				r, err := s.Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				require.NoError(t, r.Err())
			}
			assert.Greater(t, looked, 3)
			assert.Greater(t, time.Since(began), 3*time.Minute)
			w.OnRequest(nil)
			w.count(t, 0, 1, "in the end")
			assert.Empty(t, recoveries(t, s))
		})
	}
}

func inBubbleSub(t *testing.T, name string, play func(t *testing.T, w *world, o worldOptions)) {
	t.Run(name, func(t *testing.T) { inBubble(t, play) })
}

// A run whose claim another has taken over reports the truth, and leaves the
// intent alone.
func TestLostClaim(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o worldOptions) {
		var log bytes.Buffer
		set := o.settings
		o.settings = func(s *quarantine.Options) { set(s); s.Logger = slog.New(slog.NewTextHandler(&log, nil)) }
		onCall(w, ews.OpMoveItem, func() {
			w.journal.Restart()
			open, err := openIntents(t.Context(), w.journal)
			require.NoError(t, err)
			_, _, err = w.journal.Claim(t.Context(), open[0].Operation, "another", time.Hour)
			require.NoError(t, err)
		})
		r, err := w.newService(t, o).Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		assert.Equal(t, quarantine.Quarantined, r.Outcome())
		assert.Contains(t, log.String(), "intent could not be removed")
		assert.Contains(t, log.String(), "claim to the intent is lost")
		heldBy(t, w.service, "another")
		time.Sleep(time.Hour)
		all := recoveries(t, w.service)
		require.Len(t, all, 1)
		require.NoError(t, all[0].Err())
		w.count(t, 0, 1, "in the end")
	})
}

// A run that has to write an intent that another process holds waits for it, and
// then reports that. It does not change the intent.
func TestRunMeetsAClaim(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o worldOptions) {
		r, err := w.service.Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		in := quarantine.Intent{Operation: r.Items[0].Operation, Direction: driver.ToUser, Target: theTarget, From: r.Items[0].To, At: time.Now()}
		_, err = w.journal.Begin(t.Context(), in, "another", 10*time.Second)
		require.NoError(t, err)
		back, err := w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, back.Err(), "the other's claim ends while it waits")
		w.count(t, 1, 0, "after the restore")

		r, err = w.service.Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		in.Operation, in.From = r.Items[0].Operation, r.Items[0].To
		_, err = w.journal.Begin(t.Context(), in, "another", time.Hour)
		require.NoError(t, err)
		back, err = w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, quarantine.Undecided, back.Outcome())
		require.ErrorIs(t, back.Err(), quarantine.ErrHeld)
		assert.ErrorContains(t, back.Err(), "another run may be working on it")
		w.count(t, 0, 1, "it stays")
		open, err := openIntents(t.Context(), w.journal)
		require.NoError(t, err)
		assert.Equal(t, []quarantine.Intent{in}, open)
	})
}

// The Finish of a recovery fails: its receipt is true, and still comes.
func TestRecoveryThatCannotFinish(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o worldOptions) {
		ctx, cancel := context.WithCancel(t.Context())
		w.FailNext(ews.OpMoveItem, ewstest.DropAfter)
		onCall(w, ews.OpMoveItem, cancel)
		_, err := w.service.Quarantine(ctx, theTarget)
		require.NoError(t, err)
		set := o.settings
		o.settings = func(s *quarantine.Options) { set(s); s.Journal = keeping{w.journal} }
		var receipts []*quarantine.Receipt
		var problem error
		for r, err := range w.newService(t, o).Recover(t.Context()) {
			if r != nil {
				receipts = append(receipts, r)
			}
			problem = errors.Join(problem, err)
		}
		require.Len(t, receipts, 1)
		assert.Equal(t, quarantine.Quarantined, receipts[0].Outcome())
		require.NoError(t, receipts[0].Err())
		assert.ErrorContains(t, problem, "the disk is broken")
		assert.Len(t, recoveries(t, w.service), 1, "it is there, and its claim was given up")
	})
}

// unlisted is a journal that cannot look for targets.
type unlisted struct{ *quarantine.MemoryJournal }

func (unlisted) FindTarget(context.Context, quarantine.Target) ([]quarantine.Intent, error) {
	return nil, errors.New("the disk is broken")
}

// If something was taken, the receipt comes even if the journal cannot tell what else was
// begun, and reports that.
func TestReceiptBesideABrokenJournal(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o worldOptions) {
		set := o.settings
		o.settings = func(s *quarantine.Options) { set(s); s.Journal = unlisted{w.journal} }
		s := w.newService(t, o)
		r, err := s.Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		require.Len(t, r.Items, 1)
		assert.Equal(t, quarantine.Quarantined, r.Items[0].Outcome)
		require.ErrorContains(t, r.Err(), "the disk is broken")
		_, err = s.Quarantine(t.Context(), quarantine.Target{Mailbox: bob, MessageID: theID})
		require.ErrorContains(t, err, "the disk is broken")
	})
}

// A run of a target that another process has begun and still holds deals with the
// message, but leaves the other's intent alone.
func TestRunLeavesAnothersIntent(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, _ worldOptions) {
		ctx, kill := context.WithCancel(t.Context())
		w.OnResponse(func(_ int, r *ewstest.Request) {
			if r.Operation == ews.OpMoveItem {
				kill()
			}
		})
		_, err := w.service.Quarantine(ctx, theTarget)
		require.NoError(t, err)
		w.OnResponse(nil)
		before, err := openIntents(t.Context(), w.journal)
		require.NoError(t, err)
		require.Len(t, before, 1)
		_, _, err = w.journal.Claim(t.Context(), before[0].Operation, "another", time.Hour)
		require.NoError(t, err)

		r, err := w.service.Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		require.Len(t, r.Items, 1)
		assert.Equal(t, quarantine.AlreadyQuarantined, r.Outcome())
		after, err := openIntents(t.Context(), w.journal)
		require.NoError(t, err)
		assert.Equal(t, before, after)
		heldBy(t, w.service, "another")
		time.Sleep(time.Hour)
		require.NoError(t, recoveries(t, w.service)[0].Err())
		assert.Empty(t, recoveries(t, w.service))
		w.count(t, 0, 1, "in the end")
	})
}
