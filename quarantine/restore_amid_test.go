package quarantine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// A message has been copied, and its original is about to be removed, when somebody
// restores the copy: by the Message-ID, from the list, or with the receipt of a run that
// only found it in quarantine. The search that checks whether the original is still there
// may lag behind. In the end, there is one copy.
func TestRestoreAmidAQuarantine(t *testing.T) {
	t.Parallel()
	restores := map[string]func(context.Context, *quarantine.Service) (*quarantine.Receipt, error){
		"by Message-ID": func(ctx context.Context, s *quarantine.Service) (*quarantine.Receipt, error) {
			return s.RestoreMessage(ctx, theTarget)
		},
		"from the list": func(ctx context.Context, s *quarantine.Service) (*quarantine.Receipt, error) {
			for held, err := range s.List(ctx, quarantine.ListRequest{}) {
				if err != nil {
					return nil, err
				}
				return s.Restore(ctx, held.Receipt())
			}
			return nil, nil
		},
		"found in quarantine by another run": func(ctx context.Context, s *quarantine.Service) (*quarantine.Receipt, error) {
			for held, err := range s.List(ctx, quarantine.ListRequest{}) {
				if err != nil {
					return nil, err
				}
				r := held.Receipt()
				r.Items[0].Outcome = quarantine.Quarantined // as for the same case
				return s.Restore(ctx, r)
			}
			return nil, nil
		},
	}
	for name, restore := range restores {
		for _, way := range []driver.Way{driver.WayTransfer, driver.WayMIME} {
			for _, behind := range []time.Duration{0, 50 * time.Second} {
				t.Run(name+" "+string(way)+" "+behind.String(), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						x := twobox.New(alice, vault)
						o := x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
						opts := &quarantine.Options{StampKeys: [][]byte{[]byte("0123456789abcdef")}}
						other, err := quarantine.New(x.Strategy(way), vault, opts)
						require.NoError(t, err)
						s, err := quarantine.New(detour.Strategy(x.Strategy(way), func(ctx context.Context, c *detour.Call) {
							if c.Act(); c.Kind == detour.Carry {
								x.Blind(o, behind)
								_, err := restore(ctx, other)
								assert.NoError(t, err)
							}
						}), vault, opts)
						require.NoError(t, err)
						_, err = s.Quarantine(t.Context(), theTarget)
						require.NoError(t, err)
						time.Sleep(time.Hour)
						_, err = s.Quarantine(t.Context(), theTarget)
						require.NoError(t, err)
						assert.Len(t, append(x.In(alice, false), x.In(vault, false)...), 1)
					})
				})
			}
		}
	}
}

// A service knows that what it has just carried itself is gone from where it was: it does
// not wait.
func TestRestoreOfWhatWasJustTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := twobox.New(alice, vault)
		x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
		s, err := quarantine.New(x.Strategy(driver.WayTransfer), vault, nil)
		require.NoError(t, err)
		r, err := s.Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		begun := time.Now()
		back, err := s.RestoreMessage(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		assert.Equal(t, quarantine.Restored, back.Outcome())
		assert.Zero(t, time.Since(begun))
	})
}
