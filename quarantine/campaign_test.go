package quarantine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// withJournal returns a route to a ledger that claims its domain.
func withJournal(t testing.TB, l *ledger, j quarantine.Journal) quarantine.Route {
	t.Helper()
	domain := strings.ToLower(l.name) + ".test"
	l.set("vault@"+domain, nil)
	s, err := quarantine.New(l, "vault@"+domain, &quarantine.Options{Name: l.name, Journal: j})
	require.NoError(t, err)
	return quarantine.Route{Service: s, Domains: []string{domain}}
}

// campaign runs a campaign, and returns the receipts and errors by mailbox.
func campaign(t *testing.T, ctx context.Context, r *quarantine.Router, name string, targets []quarantine.Target) (map[string]*quarantine.Receipt, map[string]error) {
	t.Helper()
	receipts, errs := map[string]*quarantine.Receipt{}, map[string]error{}
	for out, err := range r.QuarantineCampaign(ctx, name, slices.Values(targets)) {
		if out == nil {
			errs[""] = err
			continue
		}
		assert.NotContains(t, receipts, out.Target.Mailbox, "one receipt for each target")
		receipts[out.Target.Mailbox], errs[out.Target.Mailbox] = out, err
	}
	return receipts, errs
}

// A campaign that is run again runs only what was not finished, on all servers, and
// yields the receipts of the rest unchanged.
func TestCampaignGoesOn(t *testing.T) {
	t.Parallel()
	for _, shares := range []bool{false, true} {
		a, b := newLedger("A"), newLedger("B")
		ja, jb := &quarantine.MemoryJournal{}, &quarantine.MemoryJournal{}
		if shares {
			jb = ja
		}
		targets := slices.Concat(targetsIn("a.test", 5), targetsIn("b.test", 5))
		searched := map[string]int{}
		var mu sync.Mutex // of both servers
		for _, l := range []*ledger{a, b} {
			for _, x := range targets {
				l.set(x.Mailbox, nil)
			}
			l.search = func(_ context.Context, address string) error {
				mu.Lock()
				defer mu.Unlock()
				searched[address]++
				return nil
			}
		}
		broken := errors.New("broken")
		a.set("u3@a.test", broken)
		b.set("u1@b.test", broken)
		r, err := quarantine.NewRouter([]quarantine.Route{withJournal(t, a, ja), withJournal(t, b, jb)}, &quarantine.RouterOptions{PerServer: 1})
		require.NoError(t, err)
		first, errs := campaign(t, t.Context(), r, "case 17", targets)
		require.Len(t, first, 10)
		require.ErrorIs(t, errs["u3@a.test"], broken)
		a.set("u3@a.test", nil)
		clear(searched)

		moved := slices.Clone(targets)
		moved[0].Reason = "another"
		second, errs := campaign(t, t.Context(), r, "case 17", moved)
		require.Len(t, second, 10)
		for mailbox, out := range second {
			if mailbox == "u3@a.test" || mailbox == "u1@b.test" {
				assert.Positive(t, searched[mailbox], mailbox)
				continue
			}
			assert.Zero(t, searched[mailbox], mailbox)
			require.NoError(t, errs[mailbox])
			assert.Equal(t, first[mailbox], out)
		}
		require.NoError(t, errs["u3@a.test"])
		require.ErrorIs(t, errs["u1@b.test"], broken)

		clear(searched)
		_, _ = campaign(t, t.Context(), r, "case 18", targets)
		assert.Len(t, searched, 10, "another campaign")
		require.NoError(t, r.ForgetCampaign(t.Context(), "case 17"))
		require.NoError(t, r.ForgetCampaign(t.Context(), "case 17"), "nothing is there")
		clear(searched)
		_, _ = campaign(t, t.Context(), r, "case 17", targets)
		assert.Len(t, searched, 10, "it was forgotten")
		clear(searched)
		_, _ = campaign(t, t.Context(), r, "case 18", targets)
		assert.Len(t, searched, 1, "the other was not")
	}
}

// A campaign that is cut off continues where it was, and reports that it was cut off.
func TestCampaignIsCutOff(t *testing.T) {
	t.Parallel()
	a, j := newLedger("A"), &quarantine.MemoryJournal{}
	targets := targetsIn("a.test", 50)
	for _, x := range targets {
		a.set(x.Mailbox, nil)
	}
	r, err := quarantine.NewRouter([]quarantine.Route{withJournal(t, a, j)}, &quarantine.RouterOptions{PerServer: 1})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for out, err := range r.QuarantineCampaign(ctx, "c", slices.Values(targets)) {
		if last = err; out != nil {
			if n++; n == 10 {
				cancel()
			}
		}
	}
	require.ErrorIs(t, last, context.Canceled)
	kept := 0
	for _, err := range j.Marks(t.Context(), "c") {
		require.NoError(t, err)
		kept++
	}
	require.GreaterOrEqual(t, kept, 10)
	require.Less(t, kept, 50)
	var searched atomic.Int64
	a.search = func(context.Context, string) error { searched.Add(1); return nil }
	for out, err := range r.QuarantineCampaign(t.Context(), "c", slices.Values(targets)) {
		require.NoError(t, err)
		require.NotNil(t, out)
		n++
	}
	assert.EqualValues(t, 50-kept, searched.Load())

	// Nothing is left to do, but it is still cut off.
	for range r.QuarantineCampaign(t.Context(), "c", slices.Values(targets)) {
		break
	}
	_, errs := campaign(t, ctx, r, "c", targets)
	require.ErrorIs(t, errs[""], context.Canceled)
}

// failingMarks cannot keep receipts or look them up.
type failingMarks struct {
	*quarantine.MemoryJournal
	look bool
}

var errMarks = errors.New("the disk is broken")

func (j failingMarks) Mark(ctx context.Context, campaign string, r *quarantine.Receipt) error {
	if j.look {
		return j.MemoryJournal.Mark(ctx, campaign, r)
	}
	return errMarks
}

func (j failingMarks) Marked(ctx context.Context, campaign string, t quarantine.Target) (*quarantine.Receipt, error) {
	if !j.look {
		return j.MemoryJournal.Marked(ctx, campaign, t)
	}
	return nil, errMarks
}

// A failure to keep or look up a receipt is reported; the receipt of what was
// done still comes.
func TestCampaignThatCannotBeKept(t *testing.T) {
	t.Parallel()
	for _, look := range []bool{false, true} {
		a := newLedger("A", "u0@a.test")
		r, err := quarantine.NewRouter([]quarantine.Route{withJournal(t, a, failingMarks{&quarantine.MemoryJournal{}, look})}, nil)
		require.NoError(t, err)
		var searched atomic.Int64
		a.search = func(context.Context, string) error { searched.Add(1); return nil }
		receipts, errs := campaign(t, t.Context(), r, "c", targetsIn("a.test", 1))
		require.ErrorIs(t, errs["u0@a.test"], errMarks)
		e, ok := errors.AsType[*quarantine.ServerError](errs["u0@a.test"])
		require.True(t, ok)
		assert.Equal(t, "A", e.Server)
		assert.ErrorContains(t, errs["u0@a.test"], "c")
		if look {
			assert.Zero(t, searched.Load())
			continue
		}
		assert.EqualValues(t, 1, searched.Load())
		assert.Equal(t, quarantine.NotFound, receipts["u0@a.test"].Outcome())
		assert.Equal(t, "A", receipts["u0@a.test"].Server)
	}
}

func TestCampaignRefuses(t *testing.T) {
	t.Parallel()
	a := newLedger("A", "u0@a.test")
	good, err := quarantine.NewRouter([]quarantine.Route{withJournal(t, a, &quarantine.MemoryJournal{})}, nil)
	require.NoError(t, err)
	none, err := quarantine.NewRouter([]quarantine.Route{withJournal(t, a, nil)}, nil)
	require.NoError(t, err)
	for i, tc := range []struct {
		r    *quarantine.Router
		name string
		says string
	}{
		{good, "", "campaign"},
		{good, strings.Repeat("x", quarantine.MaxCampaign+1), "campaign"},
		{good, "a\x00", "control characters"},
		{good, "a\xff", "UTF-8"},
		{none, "c", "CampaignJournal"},
	} {
		_, errs := campaign(t, t.Context(), tc.r, tc.name, targetsIn("a.test", 1))
		require.ErrorIs(t, errs[""], quarantine.ErrInvalid, fmt.Sprint(i))
		assert.ErrorContains(t, errs[""], tc.says)
		assert.ErrorIs(t, tc.r.ForgetCampaign(t.Context(), tc.name), quarantine.ErrInvalid)
	}
	_, errs := campaign(t, t.Context(), good, strings.Repeat("x", quarantine.MaxCampaign), targetsIn("a.test", 1))
	assert.NoError(t, errs["u0@a.test"])
}
