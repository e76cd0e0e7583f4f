package quarantine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// A deadline that ends a call while the server is busy does not hide that the
// server is busy.
func TestDeadlineWhileTheServerIsBusy(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		taken := w.taken(t)
		require.NoError(t, taken.Err())
		for name, call := range map[string]func(context.Context) (*quarantine.Receipt, error){
			"Find":       func(ctx context.Context) (*quarantine.Receipt, error) { return w.service.Find(ctx, theTarget) },
			"Quarantine": func(ctx context.Context) (*quarantine.Receipt, error) { return w.service.Quarantine(ctx, theTarget) },
			"Restore":    func(ctx context.Context) (*quarantine.Receipt, error) { return w.service.Restore(ctx, taken) },
			"RestoreMessage": func(ctx context.Context) (*quarantine.Receipt, error) {
				return w.service.RestoreMessage(ctx, theTarget)
			},
		} {
			busy := w.Fail(ewstest.When{}, ewstest.Busy.BackOff(5*time.Minute))
			until := time.Now().Add(5 * time.Minute).UTC().Format(time.RFC3339)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			r, err := call(ctx)
			cancel()
			busy.Cancel()
			if err == nil {
				err = r.Err()
			}
			require.ErrorIs(t, err, context.DeadlineExceeded, name)
			assert.ErrorContains(t, err, "the server was busy", name)
			assert.ErrorContains(t, err, "until "+until, name)
			time.Sleep(time.Hour)
		}
	})
}

// remoteJournal is a journal that respects contexts, as one in a database does. The context
// of a run ends at one of its calls.
type remoteJournal struct {
	quarantine.MemoryJournal
	calls, endAt int
}

func (j *remoteJournal) ended(ctx context.Context) error {
	if _, ends := ctx.Deadline(); ends {
		if j.calls++; j.calls == j.endAt {
			<-ctx.Done()
		}
	}
	return context.Cause(ctx)
}

func (j *remoteJournal) Begin(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
	if err := j.ended(ctx); err != nil {
		return quarantine.Claim{}, err
	}
	return j.MemoryJournal.Begin(ctx, in, owner, lease)
}

func (j *remoteJournal) Claim(ctx context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
	if err := j.ended(ctx); err != nil {
		return quarantine.Intent{}, quarantine.Claim{}, err
	}
	return j.MemoryJournal.Claim(ctx, operation, owner, lease)
}

func (j *remoteJournal) FindTarget(ctx context.Context, t quarantine.Target) ([]quarantine.Intent, error) {
	if err := j.ended(ctx); err != nil {
		return nil, err
	}
	return j.MemoryJournal.FindTarget(ctx, t)
}

func (j *remoteJournal) FindOperation(ctx context.Context, operation string) (quarantine.Intent, bool, error) {
	if err := j.ended(ctx); err != nil {
		return quarantine.Intent{}, false, err
	}
	return j.MemoryJournal.FindOperation(ctx, operation)
}

// A context that ends during a call to the journal is not the journal's fault, whichever
// call it is: the report names neither, or says what was not looked up.
func TestEndedAtTheJournal(t *testing.T) {
	t.Parallel()
	target := quarantine.Target{Mailbox: alice, MessageID: theID}
	for name, call := range map[string]func(context.Context, *quarantine.Service, *quarantine.Receipt) (*quarantine.Receipt, error){
		"nothing there": func(ctx context.Context, s *quarantine.Service, _ *quarantine.Receipt) (*quarantine.Receipt, error) {
			return s.Quarantine(ctx, quarantine.Target{Mailbox: alice, MessageID: "<other@evil.example>"})
		},
		"Quarantine": func(ctx context.Context, s *quarantine.Service, was *quarantine.Receipt) (*quarantine.Receipt, error) {
			if _, err := s.Restore(context.WithoutCancel(ctx), was); err != nil {
				return nil, err
			}
			return s.Quarantine(ctx, target)
		},
		"Restore": func(ctx context.Context, s *quarantine.Service, was *quarantine.Receipt) (*quarantine.Receipt, error) {
			return s.Restore(ctx, was)
		},
		"RestoreMessage": func(ctx context.Context, s *quarantine.Service, _ *quarantine.Receipt) (*quarantine.Receipt, error) {
			return s.RestoreMessage(ctx, target)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for at, more := 1, true; more; at++ {
				synctest.Test(t, func(t *testing.T) {
					x := twobox.New(alice, vault)
					x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
					journal := &remoteJournal{}
					s, err := quarantine.New(x.Strategy(driver.WayTransfer), vault, &quarantine.Options{Journal: journal})
					require.NoError(t, err)
					taken, err := s.Quarantine(t.Context(), target)
					require.NoError(t, err)
					require.NoError(t, taken.Err())
					ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
					defer cancel()
					journal.calls, journal.endAt = 0, at
					r, err := call(ctx, s, taken)
					if err == nil {
						err = r.Err()
					}
					more = journal.calls >= journal.endAt
					if err != nil {
						require.ErrorContains(t, err, "context deadline exceeded")
						assert.NotRegexp(t, "journal: (claim: )?context", err.Error(), "call %d of the journal", at)
					}
					journal.endAt = 0
					_, err = s.Quarantine(t.Context(), target)
					require.NoError(t, err)
				})
			}
		})
	}
}
