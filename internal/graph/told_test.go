package graph_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

type toldKey struct{}

// watching makes a client record the requests that it reports.
func watching(t *testing.T, ended *[]graph.Call) func(*graph.Options) {
	begun := 0
	return func(o *graph.Options) {
		o.OnStart = func(ctx context.Context, c graph.Call) context.Context {
			assert.Zero(t, c.Status)
			begun++
			return context.WithValue(ctx, toldKey{}, begun)
		}
		o.OnCall = func(ctx context.Context, c graph.Call) {
			*ended = append(*ended, c)
			assert.Equal(t, len(*ended), ctx.Value(toldKey{}), "the context of its beginning")
		}
	}
}

func TestEveryRequestIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []graph.Call
		s := script(answer(429, `{"error":{"code":"ApplicationThrottled"}}`, "Retry-After", "3"), answer(200, `{"id":`), answer(200, `{"id":"f"}`))
		_, err := mailbox(t, s, watching(t, &told)).Folder(t.Context(), "inbox")
		require.NoError(t, err)
		require.Len(t, told, 3)
		for i, c := range told {
			assert.Equal(t, i+1, c.Attempt)
			assert.Equal(t, "GET folder", c.Operation)
			assert.Equal(t, "graph.example.test", c.Host)
			assert.NotEmpty(t, c.ClientRequestID)
		}
		assert.Equal(t, 3*time.Second, told[0].BackOff)
		assert.ErrorIs(t, told[0].Err, graph.ErrThrottled)
		assert.Error(t, told[1].Err, "it cannot be read")
		assert.Equal(t, http.StatusOK, told[1].Status)
		assert.NoError(t, told[2].Err)
		code, throttled, refused := graph.Verdict(told[0].Err)
		assert.Equal(t, []any{"ApplicationThrottled", true, false}, []any{code, throttled, refused})
		code, throttled, refused = graph.Verdict(told[1].Err)
		assert.Equal(t, []any{"", false, false}, []any{code, throttled, refused})
	})
}

// panics is a limiter that panics.
type panics struct{}

func (panics) Acquire(context.Context, string) (func(bool, time.Duration), error) {
	panic("out of order")
}

func TestPanicIsTold(t *testing.T) {
	t.Parallel()
	var told []graph.Call
	box := mailbox(t, script(), watching(t, &told), func(o *graph.Options) { o.Limiter = panics{} })
	assert.Panics(t, func() { _, _ = box.Folder(t.Context(), "inbox") })
	require.Len(t, told, 1)
	assert.True(t, told[0].Unsent)
	assert.Error(t, told[0].Err)
}
