package ews_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// told is a hook that records its calls, and puts the number of the request into the
// context.
type told struct {
	starts []ews.CallStart
	ends   []ews.CallEnd
	ended  []int // the numbers in the contexts of the ends
}

type numberKey struct{}

func (h *told) TraceCallStart(ctx context.Context, call ews.CallStart) context.Context {
	h.starts = append(h.starts, call)
	return context.WithValue(ctx, numberKey{}, len(h.starts))
}

func (h *told) TraceCallEnd(ctx context.Context, call ews.CallEnd) {
	h.ends = append(h.ends, call)
	n, _ := ctx.Value(numberKey{}).(int)
	h.ended = append(h.ended, n)
}

// numbered records the numbers with which requests reach a transport, or records a
// handler.
type numbered struct {
	next http.RoundTripper
	seen []int
}

// RoundTrip records the number.
func (n *numbered) RoundTrip(r *http.Request) (*http.Response, error) {
	number, _ := r.Context().Value(numberKey{}).(int)
	n.seen = append(n.seen, number)
	return n.next.RoundTrip(r)
}

var getInbox = ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}}

func TestHookIsToldOfEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := ewstest.NewServer(nil)
		defer srv.Close()
		srv.Mailbox("alice@example.test")
		limiter, err := throttle.New(nil)
		require.NoError(t, err)
		h, wire := &told{}, &numbered{next: srv.As(srv.Direct(), "svc")}
		client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: wire, Limiter: limiter, Payer: "svc", Hook: h})
		require.NoError(t, err)
		srv.FailNext(ews.OpGetFolder, ewstest.FaultCode("ErrorServerBusy").BackOff(30*time.Second), ewstest.DropAfter, ewstest.Gateway(503))
		_, err = client.Impersonating("alice@example.test").GetFolder(t.Context(), getInbox)
		require.NoError(t, err)

		require.Len(t, h.ends, 4)
		assert.Equal(t, []int{1, 2, 3, 4}, wire.seen, "the context goes on to the transport")
		assert.Equal(t, wire.seen, h.ended, "and comes back")
		for i, e := range h.ends {
			assert.Equal(t, h.starts[i], e.CallStart)
			assert.Equal(t, ews.OpGetFolder, e.Operation)
			assert.Equal(t, "alice@example.test", e.Mailbox)
			assert.Equal(t, "alice@example.test", e.Payer)
			assert.True(t, e.Impersonated)
			assert.Equal(t, i+1, e.Attempt)
			assert.Len(t, e.ClientRequestID, 36)
			assert.Greater(t, e.BytesOut, int64(500))
		}
		busy, cut, gateway, ok := h.ends[0], h.ends[1], h.ends[2], h.ends[3]
		assert.Equal(t, ews.CallThrottled, busy.Outcome)
		assert.Equal(t, ews.ResponseCode("ErrorServerBusy"), busy.Code)
		assert.Equal(t, 500, busy.Status)
		assert.Equal(t, 30*time.Second, busy.BackOff)
		assert.ErrorIs(t, busy.Err, ews.ErrThrottled)
		assert.Zero(t, busy.Waited)
		assert.Equal(t, ews.CallFailed, cut.Outcome)
		assert.Equal(t, 30*time.Second, cut.Waited, "for the limiter")
		assert.Zero(t, cut.Status)
		assert.Empty(t, cut.Code)
		assert.Error(t, cut.Err)
		assert.Equal(t, 503, gateway.Status)
		assert.Contains(t, []ews.CallOutcome{ews.CallFailed, ews.CallThrottled}, gateway.Outcome)
		assert.Equal(t, ews.CallOK, ok.Outcome)
		assert.Equal(t, ews.ResponseCode("NoError"), ok.Code)
		assert.Equal(t, 200, ok.Status)
		assert.NotEmpty(t, ok.RequestID)
		assert.NotEmpty(t, ok.Server)
		assert.False(t, ok.Build.IsZero())
		assert.Greater(t, ok.BytesIn, int64(200))
		assert.GreaterOrEqual(t, ok.Duration, ok.Waited)
		assert.NoError(t, ok.Err)
	})
}

// TestHookTellsRefusals of members, and those that the caller expects.
func TestHookTellsRefusals(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	it := srv.Mailbox("alice@example.test").Deliver([]byte("Subject: x\r\n\r\nx\r\n"))
	h := &told{}
	client := srv.Client("svc", &ews.Options{Hook: h}).Impersonating("alice@example.test")
	get := func(may bool, ids ...string) ews.CallEnd {
		request := ews.GetItemRequest{MayBeGone: may}
		for _, id := range ids {
			request.IDs = append(request.IDs, ews.ItemID{ID: id})
		}
		_, err := client.GetItem(t.Context(), request)
		require.NoError(t, err)
		return h.ends[len(h.ends)-1]
	}
	_, err := client.DeleteItem(t.Context(), ews.DeleteItemRequest{IDs: []ews.ItemID{it.ID}, Type: ews.HardDelete})
	require.NoError(t, err)
	gone := it.ID.ID
	for may, want := range map[bool]ews.CallOutcome{false: ews.CallRefused, true: ews.CallOK} {
		e := get(may, gone)
		assert.Equal(t, want, e.Outcome)
		assert.Equal(t, ews.ResponseCode("ErrorItemNotFound"), e.Code)
		assert.NoError(t, e.Err, "the call was answered")
	}
	e := get(true, gone, "AAAA")
	assert.Equal(t, ews.CallRefused, e.Outcome, "something else was refused as well")
	assert.Equal(t, 1, e.Refused)
}

// TestHookTellsConflicts: an update that conflicts with somebody else's is not a problem
// if the caller expects that.
func TestHookTellsConflicts(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	it := srv.Mailbox("alice@example.test").Deliver([]byte("Subject: x\r\n\r\nx\r\n"))
	h := &told{}
	client := srv.Client("svc", &ews.Options{Hook: h}).Impersonating("alice@example.test")
	update := func(may bool) ews.CallEnd {
		change := ews.SetField{Property: ews.FieldSensitivity, Value: "Private"}
		_, err := client.UpdateItem(t.Context(), ews.UpdateItemRequest{
			Items: []ews.ItemChange{{ID: it.ID, Changes: []ews.Change{change}}}, ConflictResolution: ews.NeverOverwrite, MayHaveChanged: may,
		})
		require.NoError(t, err)
		return h.ends[len(h.ends)-1]
	}
	require.Equal(t, ews.ResponseCode("NoError"), update(false).Code)
	expect := func(code ews.ResponseCode) {
		for may, want := range map[bool]ews.CallOutcome{false: ews.CallRefused, true: ews.CallOK} {
			e := update(may)
			assert.Equal(t, [2]string{string(code), string(want)}, [2]string{string(e.Code), string(e.Outcome)})
		}
	}
	expect("ErrorIrresolvableConflict")
	_, err := client.DeleteItem(t.Context(), ews.DeleteItemRequest{IDs: []ews.ItemID{it.ID}, Type: ews.HardDelete})
	require.NoError(t, err)
	expect("ErrorItemNotFound")
}

// TestHookOfAStream: a stream ends when it is closed, or read to its end.
func TestHookOfAStream(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	it := srv.Mailbox("alice@example.test").Deliver([]byte("Subject: x\r\n\r\nx\r\n"))
	h := &told{}
	client := srv.Client("svc", &ews.Options{Hook: h}).Impersonating("alice@example.test")
	message, err := client.OpenMIME(t.Context(), it.ID)
	require.NoError(t, err)
	assert.Empty(t, h.ends)
	_, err = io.Copy(io.Discard, message)
	require.NoError(t, err)
	require.NoError(t, message.Close())
	require.Len(t, h.ends, 1)
	assert.Equal(t, ews.CallOK, h.ends[0].Outcome)
	assert.Equal(t, ews.ResponseCode("NoError"), h.ends[0].Code)
}

// TestHookOfWhatIsNotSent: a call that ends while it waits is reported, too.
func TestHookOfWhatIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := ewstest.NewServer(nil)
		defer srv.Close()
		limiter, err := throttle.New(&throttle.Options{PerPayer: 1})
		require.NoError(t, err)
		release, err := limiter.Acquire(t.Context(), "svc")
		require.NoError(t, err)
		defer release(false, 0)
		h := &told{}
		client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: srv.Direct(), Limiter: limiter, Payer: "svc", Hook: h})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = client.GetFolder(ctx, getInbox)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Len(t, h.ends, 1)
		assert.Equal(t, ews.CallUnsent, h.ends[0].Outcome)
		assert.Equal(t, time.Minute, h.ends[0].Waited)
		assert.Equal(t, err, h.ends[0].Err)
		assert.Empty(t, srv.Requests())
	})
}

// panicking is a hook that fails.
type panicking struct{ atStart bool }

func (h panicking) TraceCallStart(ctx context.Context, _ ews.CallStart) context.Context {
	if h.atStart {
		panic("no room for traces")
	}
	return ctx
}

func (panicking) TraceCallEnd(context.Context, ews.CallEnd) { panic("no room for traces") }

// TestHookPanics: no permission stays taken.
func TestHookPanics(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("svc@example.test")
	for _, atStart := range []bool{true, false} {
		limiter, err := throttle.New(nil)
		require.NoError(t, err)
		client, err := ews.NewClient(srv.DirectURL(), &ews.Options{
			Transport: srv.As(srv.Direct(), "svc"), Limiter: limiter, Payer: "svc", Hook: panicking{atStart}, Logger: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		assert.PanicsWithValue(t, "no room for traces", func() { _, _ = client.GetFolder(t.Context(), getInbox) })
		assert.Zero(t, limiter.State("svc").InFlight)
	}
}

// idle is a hook that has nothing to add.
type idle struct{ told }

// TraceCallStart returns no context.
func (*idle) TraceCallStart(context.Context, ews.CallStart) context.Context { return nil }

func TestHookWithoutAContext(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("svc@example.test")
	h := &idle{}
	_, err := srv.Client("svc", &ews.Options{Hook: h}).GetFolder(t.Context(), getInbox)
	require.NoError(t, err)
	assert.Len(t, h.ends, 1)
}

// A transport that panics leaves no permission taken and no call open.
func TestTransportThatPanics(t *testing.T) {
	t.Parallel()
	limiter, err := throttle.New(&throttle.Options{PerPayer: 1})
	require.NoError(t, err)
	h := &told{}
	c := newClient(t, roundTripper(func(*http.Request) (*http.Response, error) { panic("no ticket") }), &ews.Options{Limiter: limiter, Payer: "svc", Hook: h})
	for n := 1; n <= 3; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		assert.PanicsWithValue(t, "no ticket", func() { _, _ = c.GetFolder(ctx, getInbox) })
		cancel()
		require.Len(t, h.ends, n)
		assert.Equal(t, ews.CallFailed, h.ends[n-1].Outcome)
		assert.ErrorContains(t, h.ends[n-1].Err, "panic")
	}
}

// leaking is a limiter that panics.
type leaking struct{ *throttle.Limiter }

func (leaking) Acquire(context.Context, string) (func(bool, time.Duration), error) {
	panic("no permissions left")
}

// A limiter that panics ends the call, and the hook is still called.
func TestLimiterThatPanics(t *testing.T) {
	t.Parallel()
	limiter, err := throttle.New(nil)
	require.NoError(t, err)
	h := &told{}
	c := newClient(t, roundTripper(func(*http.Request) (*http.Response, error) { panic("nothing may be sent") }), &ews.Options{Limiter: leaking{limiter}, Payer: "svc", Hook: h})
	assert.PanicsWithValue(t, "no permissions left", func() { _, _ = c.GetFolder(t.Context(), getInbox) })
	require.Len(t, h.ends, 1)
	assert.Equal(t, ews.CallUnsent, h.ends[0].Outcome)
	assert.ErrorContains(t, h.ends[0].Err, "panic")
}
