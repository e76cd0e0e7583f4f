package auth_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

func TestNTLMCancellation(t *testing.T) {
	t.Parallel()
	why := errors.New("no time left")
	arrived := make(chan struct{}, 1)
	release := make(chan struct{})
	e := newExchange(t, func(o *exchangeOptions) {
		o.handler = func(w http.ResponseWriter, r *http.Request) {
			arrived <- struct{}{}
			select {
			case <-release:
			case <-r.Context().Done():
			}
			answer(w, r)
		}
	})
	rt := e.ntlm(t, svc, func(o *auth.NTLMOptions) { o.MaxConnections = 1 })
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancelCause(t.Context())
	wg.Go(func() {
		_, _, err := read(rt.RoundTrip(post(t, e.url(), "x").WithContext(ctx)))
		assert.ErrorIs(t, err, why)
		assert.False(t, isNotSent(err))
	})
	<-arrived

	waiting, stop := context.WithCancelCause(t.Context())
	stop(why)
	_, _, err := read(rt.RoundTrip(post(t, e.url(), "x").WithContext(waiting)))
	require.ErrorIs(t, err, why, "while it waits for a connection")
	assert.True(t, isNotSent(err))

	cancel(why)
	wg.Wait()
	close(release)
	_, got, err := e.ask(t, rt, "after")
	require.NoError(t, err, "the slot is free again")
	assert.Equal(t, svc+" after", got)
}

func TestNTLMStreamsBothWays(t *testing.T) {
	t.Parallel()
	e := newExchange(t, func(o *exchangeOptions) {
		o.handler = func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).EnableFullDuplex()
			_, _ = io.Copy(w, r.Body)
		}
	})
	rt := e.ntlm(t, svc, nil)
	const size = 8 << 20
	req, body := e.stream(t, io.LimitReader(zeroes{}, size))
	resp, err := rt.RoundTrip(req)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	assert.EqualValues(t, size, n)
	require.NoError(t, resp.Body.Close())
	assert.True(t, body.closed())
	_, _, err = e.ask(t, rt, "x")
	require.NoError(t, err)
	assert.EqualValues(t, 1, e.Stats().Handshakes)
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestNTLMEarlyAnswerToALargeBody(t *testing.T) {
	t.Parallel()
	e := newExchange(t, func(o *exchangeOptions) {
		o.handler = func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Large") != "" {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				return
			}
			answer(w, r)
		}
	})
	rt := e.ntlm(t, svc, nil)
	for range 3 {
		req, _ := e.stream(t, io.LimitReader(zeroes{}, 64<<20))
		req.Header.Set("X-Large", "1")
		status, _, err := read(rt.RoundTrip(req))
		if err == nil { // otherwise the server closed before the response was read
			assert.Equal(t, http.StatusRequestEntityTooLarge, status)
		}
		_, got, err := e.ask(t, rt, "x")
		require.NoError(t, err)
		assert.Equal(t, svc+" x", got)
	}
}

func TestNTLMAnswersThatAreNotReadToTheEnd(t *testing.T) {
	t.Parallel()
	e := newExchange(t, func(o *exchangeOptions) {
		o.handler = func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			size := 100
			if r.Header.Get("X-Large") != "" {
				size = 8 << 20
			}
			_, _ = w.Write(make([]byte, size))
		}
	})
	rt := e.ntlm(t, svc, func(o *auth.NTLMOptions) { o.MaxConnections = 1 })
	for range 10 {
		resp, err := rt.RoundTrip(post(t, e.url(), "x"))
		require.NoError(t, err)
		_, err = io.ReadFull(resp.Body, make([]byte, 50))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.NoError(t, resp.Body.Close())
		_, err = resp.Body.Read(make([]byte, 1))
		require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
	}
	assert.EqualValues(t, 1, e.Stats().Handshakes, "a small remainder does not cost the connection")

	req := post(t, e.url(), "x")
	req.Header.Set("X-Large", "1")
	resp, err := rt.RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	_, _, err = e.ask(t, rt, "x")
	require.NoError(t, err, "a large one does, and nothing else")
	assert.EqualValues(t, 2, e.Stats().Handshakes)
}

func TestNTLMAnswerThatStallsAfterClose(t *testing.T) {
	t.Parallel()
	stall := make(chan struct{})
	e := newExchange(t, func(o *exchangeOptions) {
		o.handler = func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Stall") == "" {
				answer(w, r)
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-stall:
			case <-r.Context().Done():
			}
		}
	})
	defer close(stall)
	rt := e.ntlm(t, svc, func(o *auth.NTLMOptions) { o.MaxConnections = 1 })
	req := post(t, e.url(), "x")
	req.Header.Set("X-Stall", "1")
	resp, err := rt.RoundTrip(req)
	require.NoError(t, err)
	start := time.Now()
	require.NoError(t, resp.Body.Close())
	assert.Less(t, time.Since(start), time.Second, "Close does not wait")
	_, got, err := e.ask(t, rt, "x")
	require.NoError(t, err)
	assert.Equal(t, svc+" x", got)
}

func TestNTLMCallersRequestIsLeftAlone(t *testing.T) {
	t.Parallel()
	e := newExchange(t, nil)
	rt := e.ntlm(t, svc, nil)
	for range 2 {
		req := post(t, e.url(), "x")
		req.Header.Set("Authorization", "Basic abc")
		req.Header.Set("X-AnchorMailbox", "alice@example.test")
		header := req.Header.Clone()
		resp, err := rt.RoundTrip(req)
		_, got, err := read(resp, err)
		require.NoError(t, err)
		assert.Equal(t, svc+" x", got)
		assert.Equal(t, header, req.Header)
		assert.Same(t, req, resp.Request)
	}
	for _, s := range e.seen {
		assert.NotContains(t, s.authorization, "Basic")
	}
}

func TestNTLMConnectionsEndWithTheirUse(t *testing.T) {
	t.Parallel()
	e := newExchange(t, nil)
	var ended <-chan struct{}
	rt := e.ntlm(t, svc, func(o *auth.NTLMOptions) { ended = watch(o) })
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, _, err := e.ask(t, rt, "x")
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	rt.CloseIdleConnections()
	for range e.Stats().Connections {
		<-ended
	}
	assert.Zero(t, rt.Stats().Open)
}

func TestNTLMGetBodyFails(t *testing.T) {
	t.Parallel()
	e := newExchange(t, nil)
	req := post(t, e.url(), "x")
	body := bytes.NewReader([]byte("x"))
	req.Body = io.NopCloser(body)
	req.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("file is gone") }
	rt := e.ntlm(t, svc, nil)
	_, got, err := read(rt.RoundTrip(req))
	require.NoError(t, err, "it is not needed as long as all goes well")
	assert.Equal(t, svc+" x", got)
}
