package quarantine_test

import (
	"context"
	"errors"
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

// aliased is the same system, in which a mailbox has a second address.
type aliased struct {
	driver.Strategy
}

const alias = "a.smith@example.test"

type aliasBox struct{ driver.Mailbox }

func (a aliasBox) Address() string { return alias }

func (a aliasBox) Unwrap() driver.Mailbox { return a.Mailbox }

func (a aliased) Mailbox(address string) driver.Mailbox {
	if address == alias {
		return aliasBox{a.Strategy.Mailbox(alice)}
	}
	return a.Strategy.Mailbox(address)
}

func (a aliased) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	if c.From.Address() == alias {
		c.From = a.Strategy.Mailbox(alice)
	}
	if c.To.Address() == alias {
		c.To = a.Strategy.Mailbox(alice)
	}
	return a.Strategy.Carry(ctx, c)
}

// Two processes concurrently take a message from a mailbox that has two addresses, each by
// one of them, in every order of their calls: there is one copy.
func TestTwoAddressesOfOneMailbox(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME} {
		for at, beside := 0, true; beside; at++ {
			synctest.Test(t, func(t *testing.T) {
				x := twobox.New(alice, vault)
				x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
				opts := &quarantine.Options{StampKeys: [][]byte{[]byte("0123456789abcdef")}}
				other, err := quarantine.New(aliased{x.Strategy(way)}, vault, opts)
				require.NoError(t, err)
				byAlias := quarantine.Target{Mailbox: alias, MessageID: theID}
				calls := 0
				s, err := quarantine.New(detour.Strategy(x.Strategy(way), func(ctx context.Context, c *detour.Call) {
					if calls++; calls == at+1 {
						_, err := other.Quarantine(ctx, byAlias)
						assert.NoError(t, err)
					}
					c.Act()
				}), vault, opts)
				require.NoError(t, err)
				_, err = s.Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				beside = calls > at
				time.Sleep(time.Hour)
				for _, again := range []func() (*quarantine.Receipt, error){
					func() (*quarantine.Receipt, error) { return s.Quarantine(t.Context(), theTarget) },
					func() (*quarantine.Receipt, error) { return other.Quarantine(t.Context(), byAlias) },
				} {
					r, err := again()
					require.NoError(t, err)
					assert.NoError(t, r.Err())
				}
				assert.Empty(t, x.In(alice, false), "%s, call %d", way, at)
				assert.Len(t, x.In(vault, false), 1, "%s, call %d", way, at)
			})
		}
	}
}

// A process that takes a message from such a mailbox by one address ends at any call,
// before or after it acted, and nobody recovers. A later run by the other address finds
// what was begun: there is one copy.
func TestTwoAddressesAfterACrash(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME} {
		for _, acted := range []bool{false, true} {
			for at, ended := 0, true; ended; at++ {
				synctest.Test(t, func(t *testing.T) {
					x := twobox.New(alice, vault)
					x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
					opts := &quarantine.Options{StampKeys: [][]byte{[]byte("0123456789abcdef")}}
					calls, ctx := 0, t.Context()
					ctx, end := context.WithCancel(ctx)
					defer end()
					s, err := quarantine.New(detour.Strategy(x.Strategy(way), func(_ context.Context, c *detour.Call) {
						calls++
						if calls < at+1 || calls == at+1 && acted {
							c.Act()
						}
						if calls > at {
							end()
							c.Fail(context.Canceled)
						}
					}), vault, opts)
					require.NoError(t, err)
					_, _ = s.Quarantine(ctx, theTarget)
					ended = calls > at
					time.Sleep(time.Hour)
					other, err := quarantine.New(aliased{x.Strategy(way)}, vault, opts)
					require.NoError(t, err)
					r, err := other.Quarantine(t.Context(), quarantine.Target{Mailbox: alias, MessageID: theID})
					require.NoError(t, err)
					assert.NoError(t, r.Err())
					assert.Empty(t, x.In(alice, false), "%s, call %d", way, at)
					assert.Len(t, x.In(vault, false), 1, "%s, call %d", way, at)
				})
			}
		}
	}
}

// A process has copied a message and died, and the content can no longer be read. By the
// other address, the run is finished only if the stamp is known to belong to this
// installation.
func TestTwoAddressesOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string][][]byte{"sealed": {[]byte("0123456789abcdef")}, "without keys": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x := twobox.New(alice, vault)
				x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
				opts := &quarantine.Options{StampKeys: keys}
				ctx, die := context.WithCancel(t.Context())
				s, err := quarantine.New(detour.Strategy(x.Strategy(driver.WayTransfer), func(_ context.Context, c *detour.Call) {
					if c.Act(); c.Kind == detour.Carry {
						die()
					}
				}), vault, opts)
				require.NoError(t, err)
				_, _ = s.Quarantine(ctx, theTarget)
				require.Len(t, x.In(vault, false), 1)
				time.Sleep(time.Hour)

				unread := &driver.Error{Err: errors.New("not a message"), Untouched: true, Answered: true}
				other, err := quarantine.New(aliased{detour.Strategy(x.Strategy(driver.WayTransfer), func(_ context.Context, c *detour.Call) {
					if c.Act(); c.Kind == detour.Content {
						c.Fail(unread)
					}
				})}, vault, opts)
				require.NoError(t, err)
				r, err := other.Quarantine(t.Context(), quarantine.Target{Mailbox: alias, MessageID: theID})
				require.NoError(t, err)
				if keys == nil {
					require.ErrorIs(t, r.Err(), unread)
					assert.Len(t, x.In(alice, false), 1)
					return
				}
				require.NoError(t, r.Err())
				assert.Empty(t, x.In(alice, false))
			})
		})
	}
}
