package auth

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
)

// fakeAuthority issues token1, token2, …, each after two seconds.
type fakeAuthority struct {
	asked  atomic.Int64
	claims sync.Map // by the number of the request
	life   time.Duration
	err    atomic.Pointer[error]
	pause  time.Duration
}

func (f *fakeAuthority) source() *tokenSource {
	return &tokenSource{fetch: func(ctx context.Context, claims string) (token, time.Duration, error) {
		n := f.asked.Add(1)
		f.claims.Store(n, claims)
		select {
		case <-time.After(2 * time.Second):
		case <-ctx.Done():
			return token{}, 0, ctx.Err()
		}
		if err := f.err.Load(); err != nil {
			return token{}, f.pause, *err
		}
		now := time.Now()
		return token{value: fmt.Sprint("token", n), expires: now.Add(f.life), refreshOn: now.Add(f.life * 3 / 4)}, 0, nil
	}}
}

func (f *fakeAuthority) fail(err error) {
	if err == nil {
		f.err.Store(nil)
		return
	}
	f.err.Store(&err)
}

func TestTokenIsFetchedOnceForAThousand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeAuthority{life: time.Hour}
		s := f.source()
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				got, err := s.get(t.Context())
				assert.NoError(t, err)
				assert.Equal(t, "token1", got)
			})
		}
		wg.Wait()
		assert.EqualValues(t, 1, f.asked.Load())
	})
}

func TestTokenIsRefreshedAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeAuthority{life: time.Hour}
		s := f.source()
		_, err := s.get(t.Context())
		require.NoError(t, err)
		time.Sleep(45 * time.Minute)
		start := time.Now()
		for range 1000 {
			got, err := s.get(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "token1", got, "nobody waits for the new one")
		}
		assert.Zero(t, time.Since(start))
		time.Sleep(3 * time.Second)
		got, err := s.get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "token2", got)
		assert.EqualValues(t, 2, f.asked.Load())
	})
}

func TestTokenSurvivesAnOutageUntilItExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("authority is down")
		f := &fakeAuthority{life: time.Hour, pause: time.Minute}
		s := f.source()
		_, err := s.get(t.Context())
		require.NoError(t, err)
		f.fail(down)
		for range 590 { // 59 minutes
			got, err := s.get(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "token1", got)
			time.Sleep(6 * time.Second)
		}
		assert.LessOrEqual(t, f.asked.Load(), int64(16), "about one attempt per minute")
		time.Sleep(time.Minute)
		_, err = s.get(t.Context())
		require.ErrorIs(t, err, down)
		asked := f.asked.Load()
		_, err = s.get(t.Context())
		require.ErrorIs(t, err, down)
		assert.Equal(t, asked, f.asked.Load(), "the authority is left alone for a while")
		f.fail(nil)
		time.Sleep(time.Minute)
		_, err = s.get(t.Context())
		require.NoError(t, err)
	})
}

func TestTokenWaitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeAuthority{life: time.Hour}
		s := f.source()
		why := errors.New("no time")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, why)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := s.get(ctx)
			assert.ErrorIs(t, err, why)
		})
		synctest.Wait()
		got, err := s.get(t.Context())
		require.NoError(t, err, "the request continues for the others")
		assert.Equal(t, "token1", got)
		wg.Wait()
		assert.EqualValues(t, 1, f.asked.Load())
	})
}

func TestTokenRequestIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tokenSource{fetch: func(ctx context.Context, _ string) (token, time.Duration, error) {
			<-ctx.Done()
			return token{}, 0, ctx.Err()
		}}
		start := time.Now()
		_, err := s.get(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestTokenReplacement(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeAuthority{life: time.Hour}
		s := f.source()
		old, err := s.get(t.Context())
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				got, err := s.replace(t.Context(), old, "")
				assert.NoError(t, err)
				assert.Equal(t, "token2", got)
			})
		}
		wg.Wait()
		got, err := s.replace(t.Context(), old, "") // a straggler
		require.NoError(t, err)
		assert.Equal(t, "token2", got)
		assert.EqualValues(t, 2, f.asked.Load())

		for range 100 {
			wg.Go(func() {
				got, err := s.replace(t.Context(), "token2", `{"a":1}`)
				assert.NoError(t, err)
				assert.Equal(t, "token3", got)
			})
		}
		wg.Wait()
		got, err = s.replace(t.Context(), "token2", `{"a":1}`)
		require.NoError(t, err)
		assert.Equal(t, "token3", got)
		claims, _ := f.claims.Load(int64(3))
		assert.JSONEq(t, `{"a":1}`, claims.(string))

		s.unhelpful()
		_, err = s.replace(t.Context(), "token3", "")
		require.ErrorIs(t, err, errNoReplacement)
		got, err = s.get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "token3", got)
		time.Sleep(time.Minute)
		got, err = s.replace(t.Context(), "token3", "")
		require.NoError(t, err)
		assert.Equal(t, "token4", got)
	})
}

func TestTokenReplacementFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeAuthority{life: time.Hour, pause: time.Minute}
		s := f.source()
		old, err := s.get(t.Context())
		require.NoError(t, err)
		down := errors.New("down")
		f.fail(down)
		for range 3 {
			_, err = s.replace(t.Context(), old, "")
			require.ErrorIs(t, err, down)
		}
		assert.EqualValues(t, 2, f.asked.Load())
	})
}
