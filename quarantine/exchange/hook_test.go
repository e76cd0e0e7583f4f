package exchange_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// tracer is both hooks. It records what they are called with, and for which item each call
// was made.
type tracer struct {
	mu    sync.Mutex
	items []quarantine.ItemEnd
	begun []quarantine.ItemStart
	calls map[int][]ews.CallEnd // by the number of the item, 0 for none
}

func newTracer() *tracer { return &tracer{calls: map[int][]ews.CallEnd{}} }

type itemKey struct{}

func (h *tracer) TraceItemStart(ctx context.Context, item quarantine.ItemStart) context.Context {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begun = append(h.begun, item)
	return context.WithValue(ctx, itemKey{}, len(h.begun))
}

func (h *tracer) TraceItemEnd(_ context.Context, item quarantine.ItemEnd) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.items = append(h.items, item)
}

func (h *tracer) TraceCallStart(ctx context.Context, _ ews.CallStart) context.Context { return ctx }

func (h *tracer) TraceCallEnd(ctx context.Context, call ews.CallEnd) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n, _ := ctx.Value(itemKey{}).(int)
	h.calls[n] = append(h.calls[n], call)
}

// TestHooksOfARouter: the hooks are called for each message and each call of all services,
// and can tell which call was made for which message.
func TestHooksOfARouter(t *testing.T) {
	t.Parallel()
	network := &internet{hosts: map[string]http.Handler{}}
	var configs []exchange.Config
	for _, domain := range []string{"a.test", "b.test"} {
		srv := ewstest.NewServer(&ewstest.Options{Domain: domain})
		t.Cleanup(srv.Close)
		network.place("mail."+domain, srv)
		for range 2 {
			srv.Mailbox("alice@" + domain).Deliver(eml(evil, "Invoice"))
		}
		configs = append(configs, basicConfig(domain, "mail."+domain, domain))
	}
	h, own := newTracer(), newTracer()
	r, err := exchange.OpenRouter(configs, &exchange.RouterOptions{Hook: h, CallHook: h, OptionsFor: func(c *exchange.Config) *exchange.Options {
		o := &exchange.Options{Transport: network}
		if c.Name == "b.test" {
			o.Hook = own
		}
		return o
	}})
	require.NoError(t, err)
	defer r.Close()
	for _, domain := range []string{"a.test", "b.test"} {
		receipt, err := r.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@" + domain, MessageID: evil})
		require.NoError(t, err)
		require.NoError(t, receipt.Err())
		back, err := r.Restore(t.Context(), receipt)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		told := map[string]*tracer{"a.test": h, "b.test": own}[domain]
		require.Len(t, told.items, 4)
		for i, it := range told.items {
			assert.Equal(t, told.begun[i], it.ItemStart)
			assert.Equal(t, domain, it.Server)
			assert.Equal(t, "alice@"+domain, it.Mailbox)
			assert.Equal(t, "quarantine@"+domain, it.Quarantine)
			assert.NotEmpty(t, it.ItemID)
			assert.Positive(t, it.Size)
			assert.NotEmpty(t, it.Operation)
			assert.Equal(t, quarantine.WayMove, it.Way)
			assert.NoError(t, it.Err)
			action, outcome := quarantine.ItemQuarantine, quarantine.Quarantined
			if i >= 2 {
				action, outcome = quarantine.ItemRestore, quarantine.Restored
			}
			assert.Equal(t, action, it.Action)
			assert.Equal(t, outcome, it.Outcome)
			assert.Equal(t, receipt.Items[i%2].Operation, it.Operation)
		}
	}
	moved := 0
	for n, calls := range h.calls {
		for _, c := range calls {
			if c.Operation == ews.OpMoveItem {
				assert.NotZero(t, n, "a move is made for a message")
				moved++
			}
		}
	}
	assert.Equal(t, 8, moved, "the calls of both services")
	assert.NotEmpty(t, h.calls[0], "searches are made for none")
}

// TestHookOfARecovery: the hook reports what an interrupted run began, with the retries and
// the time that it took.
func TestHookOfARecovery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newDiscoverScene(t, exchange.FullAccess)
		s.cfg.EWSURL = mailURL
		s.Mailbox(alice).Deliver(eml(evil, "Invoice"))
		journal, h := &quarantine.MemoryJournal{}, newTracer()
		open := func() *quarantine.Service {
			q, err := exchange.Open(&s.cfg, &exchange.Options{Transport: s.Direct(), Journal: journal, Hook: h, Attempts: 3})
			require.NoError(t, err)
			return q
		}
		ctx, cancel := context.WithCancel(t.Context())
		s.OnRequest(func(_ int, r *ewstest.Request) {
			if r.Operation == ews.OpMoveItem {
				cancel()
			}
		})
		q := open()
		receipt, err := q.Quarantine(ctx, quarantine.Target{Mailbox: alice, MessageID: evil})
		require.NoError(t, err)
		require.Error(t, receipt.Err())
		require.NoError(t, q.Close())
		require.Len(t, h.items, 1)
		assert.Equal(t, receipt.Items[0].Err, h.items[0].Err)
		assert.Equal(t, receipt.Items[0].Outcome, h.items[0].Outcome)

		time.Sleep(time.Hour)
		q = open()
		defer q.Close()
		s.FailNext(ews.OpGetItem, ewstest.FaultCode("ErrorAccessDenied"))
		for back, err := range q.Recover(t.Context()) {
			require.NoError(t, err)
			require.Error(t, back.Err())
		}
		s.FailNext(ews.OpDeleteItem, ewstest.FaultCode("ErrorServerBusy"))
		s.FailNext(ews.OpUpdateItem, ewstest.FaultCode("ErrorServerBusy"))
		for back, err := range q.Recover(t.Context()) {
			require.NoError(t, err)
			require.NoError(t, back.Err())
		}
		require.Len(t, h.items, 3)
		failed, done := h.items[1], h.items[2]
		assert.Equal(t, quarantine.ItemRecover, failed.Action)
		assert.Equal(t, quarantine.Failed, failed.Outcome)
		assert.ErrorIs(t, failed.Err, ews.ErrAccessDenied)
		assert.Equal(t, quarantine.ItemRecover, done.Action)
		assert.Equal(t, quarantine.Quarantined, done.Outcome)
		assert.Equal(t, receipt.Items[0].Operation, done.Operation)
		assert.Positive(t, done.Retries)
		assert.Positive(t, done.Waited)
		assert.LessOrEqual(t, done.Waited, done.Duration)
	})
}

// spans prints what it is called with.
type spans struct{}

func (spans) TraceItemStart(ctx context.Context, _ quarantine.ItemStart) context.Context {
	return context.WithValue(ctx, itemKey{}, true) // here, a tracer begins a span
}

func (spans) TraceItemEnd(_ context.Context, it quarantine.ItemEnd) {
	fmt.Println(it.Action, it.Mailbox, it.Outcome, "by", it.Way)
}

func (spans) TraceCallStart(ctx context.Context, _ ews.CallStart) context.Context { return ctx }

func (spans) TraceCallEnd(ctx context.Context, call ews.CallEnd) {
	if ctx.Value(itemKey{}) != nil && call.Operation != ews.OpGetItem {
		fmt.Println("  ", call.Operation, call.Mailbox, call.Attempt, call.Status, call.Code, call.Outcome)
	}
}

// A hook makes a span for each message, and for each call that is made for it.
func ExampleOptions_hook() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test").Deliver(eml("<1@evil.example>", "You have won"))
	cfg := &exchange.Config{
		EWSURL: srv.URL(), QuarantineMailbox: "quarantine@example.test",
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationBasic, Username: `EXAMPLE\svc`, Password: exchange.NewSecret("svc-password"),
		},
	}
	q, err := exchange.Open(cfg, &exchange.Options{Hook: spans{}, CallHook: spans{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer q.Close()
	if _, err := q.Quarantine(context.Background(), quarantine.Target{Mailbox: "alice@example.test", MessageID: "<1@evil.example>"}); err != nil {
		fmt.Println(err)
	}
	// Output:
	//    UpdateItem alice@example.test 1 200 NoError ok
	//    FindFolder quarantine@example.test 1 200 NoError ok
	//    CreateFolder quarantine@example.test 1 200 NoError ok
	//    MoveItem alice@example.test 1 200 NoError ok
	//    FindItem quarantine@example.test 1 200 NoError ok
	//    FindItem alice@example.test 1 200 NoError ok
	//    DeleteItem alice@example.test 1 200 NoError ok
	// quarantine alice@example.test quarantined by move
}
