package ews_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

func TestEndpointIsDiscovered(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	why := errors.New("nobody knows")
	sent := serve(ok(ews.OpGetFolder, goodFolder))
	var hosts []string
	c, err := ews.NewClient("", &ews.Options{
		Discover: func(context.Context) (string, error) {
			if asked.Add(1) == 1 {
				return "", why
			}
			return endpoint, nil
		},
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			hosts = append(hosts, r.URL.String())
			return sent.RoundTrip(r)
		}),
	})
	require.NoError(t, err)
	assert.Zero(t, asked.Load(), "a constructor does no I/O")
	assert.Empty(t, c.URL())

	err = getFolder(t.Context(), c)
	require.ErrorIs(t, err, why)
	e, isTransport := errors.AsType[*ews.TransportError](err)
	require.True(t, isTransport)
	assert.Empty(t, e.URL)
	assert.True(t, ews.NotSent(err))
	assert.False(t, ews.IsTransient(err), "only the function can say whether it is transient")
	assert.Equal(t, "ews: GetFolder: nothing was sent, because the EWS address is unknown: nobody knows", err.Error())
	assert.EqualValues(t, 1, asked.Load(), "a read is not repeated for it")

	require.NoError(t, getFolder(t.Context(), c))
	require.NoError(t, getFolder(t.Context(), c.Impersonating("alice@example.test")))
	assert.EqualValues(t, 2, asked.Load(), "the endpoint found is kept")
	assert.Equal(t, endpoint, c.URL())
	assert.Equal(t, []string{endpoint, endpoint}, hosts)
}

// TestEndpointsOfConcurrentCalls: all of them use whichever is found first.
func TestEndpointsOfConcurrentCalls(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	both := make(chan struct{})
	var mu sync.Mutex
	hosts := map[string]bool{}
	answer := serve(ok(ews.OpGetFolder, goodFolder))
	c, err := ews.NewClient("", &ews.Options{
		Discover: func(context.Context) (string, error) {
			n := asked.Add(1)
			if n == 2 {
				close(both)
			}
			<-both
			return []string{"https://a.test/EWS/Exchange.asmx", "https://b.test/EWS/Exchange.asmx"}[n-1], nil
		},
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			hosts[r.URL.Host] = true
			return answer.RoundTrip(r)
		}),
	})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { assert.NoError(t, getFolder(t.Context(), c)) })
	}
	wg.Wait()
	assert.Len(t, hosts, 1)
}

func TestEndpointThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	_, err := ews.NewClient(endpoint, &ews.Options{Discover: func(context.Context) (string, error) { return endpoint, nil }})
	require.ErrorContains(t, err, "Options.Discover")

	c, err := ews.NewClient("", &ews.Options{
		Discover:  func(context.Context) (string, error) { return "https://user:hunter2@mail.example.test/EWS", nil },
		Transport: roundTripper(func(*http.Request) (*http.Response, error) { panic("nothing may be sent") }),
	})
	require.NoError(t, err)
	err = getFolder(t.Context(), c)
	require.ErrorContains(t, err, "Options.Discover returned")
	assert.NotContains(t, err.Error(), "hunter2")

	ended, cancel := context.WithCancelCause(t.Context())
	why := errors.New("shutting down")
	cancel(why)
	assert.ErrorIs(t, getFolder(ended, c), why)
}
