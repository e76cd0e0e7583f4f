package throttle_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// A caller that gives up during a pause learns that the server was busy, and until when; any
// other caller learns only the cause.
func TestGivenUpInAPause(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough")
	calls := map[string]func(context.Context, *throttle.Limiter) error{
		"Acquire": func(ctx context.Context, l *throttle.Limiter) error {
			_, err := l.Acquire(ctx, "Alice@example.test")
			return err
		},
		"Reserve": func(ctx context.Context, l *throttle.Limiter) error {
			_, _, err := l.Reserve(ctx, "alice@example.test", "alice@example.test")
			return err
		},
		"Reserve behind another": func(ctx context.Context, l *throttle.Limiter) error {
			_, _, err := l.Reserve(ctx, "aaron@example.test", "alice@example.test")
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, err := throttle.New(&throttle.Options{PerPayer: 2})
				require.NoError(t, err)
				until := time.Now().Add(5 * time.Minute)
				release, err := l.Acquire(t.Context(), "alice@example.test")
				require.NoError(t, err)
				release(true, 5*time.Minute)
				for _, within := range []time.Duration{0, time.Minute} {
					ctx, cancel := context.WithTimeoutCause(t.Context(), within, enough)
					err = call(ctx, l)
					cancel()
					parked, ok := errors.AsType[*throttle.ParkedError](err)
					if within == 0 && name == "Reserve behind another" {
						continue // the first is not parked
					}
					require.True(t, ok, "%v", err)
					assert.Equal(t, throttle.ParkedError{Payer: "alice@example.test", Until: until, Err: enough}, *parked)
					require.ErrorIs(t, err, enough)
					assert.EqualError(t, err, "the server was busy, and alice@example.test is left alone until "+until.UTC().Format(time.RFC3339)+": enough")
				}
				time.Sleep(time.Hour)
				ctx, cancel := context.WithCancelCause(t.Context())
				cancel(enough)
				assert.Equal(t, enough, call(ctx, l), "the pause is over")
			})
		})
	}
}
