package selftest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

// TestCheckCleansUp: whatever fails after the item was written, it is removed,
// even if the self-test is cancelled.
func TestCheckCleansUp(t *testing.T) {
	t.Parallel()
	for name, break_ := range map[string]func(*checkScene){
		"answer to the creation lost":   func(s *checkScene) { s.FailNext(ews.OpCreateItem, ewstest.DropAfter) },
		"answer to the creation cut":    func(s *checkScene) { s.FailNext(ews.OpCreateItem, ewstest.CutResponse) },
		"reading back":                  func(s *checkScene) { s.FailNext(ews.OpGetItem, ewstest.MemberCode("ErrorItemNotFound")) },
		"export cut":                    func(s *checkScene) { s.FailNext(ews.OpExportItems, ewstest.TruncatedExport) },
		"answer to the move lost":       func(s *checkScene) { s.FailNext(ews.OpMoveItem, ewstest.DropAfter) },
		"move that leaves the original": func(s *checkScene) { s.FailNext(ews.OpMoveItem, ewstest.MoveFailedCopyLeft) },
		"throttled at the move":         func(s *checkScene) { s.FailNext(ews.OpMoveItem, ewstest.Busy.BackOff(5*time.Minute)) },
		"throttled without a hint":      func(s *checkScene) { s.FailNext(ews.OpMoveItem, ewstest.FaultCode("ErrorTimeoutExpired")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCheckScene(t, exchange.FullAccess)
			break_(s)
			s.check(t)
			s.untouched(t)
		})
	}
	t.Run("ended", func(t *testing.T) {
		t.Parallel()
		s := newCheckScene(t, exchange.FullAccess)
		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("the operator gave up")
		s.OnResponse(func(_ int, r *ewstest.Request) {
			if r.Operation == ews.OpCreateItem {
				cancel(reason)
			}
		})
		report, err := selftest.Check(ctx, &s.cfg, &s.opts)
		require.ErrorIs(t, err, reason)
		require.NotNil(t, report)
		assert.Contains(t, names(report, selftest.Skipped), "fullAccess "+alice)
		s.untouched(t)
	})
}

// TestCheckRemovesLeftovers: a process that is killed leaves its item behind.
func TestCheckRemovesLeftovers(t *testing.T) {
	t.Parallel()
	s := newCheckScene(t, exchange.Impersonation)
	folder := s.Mailbox(vault).AddFolder(nil, "Quarantine")
	s.FailNext(ews.OpDeleteItem, ewstest.MemberCode("ErrorAccessDenied"))
	s.check(t)
	require.Len(t, folder.Messages(), 1)
	s.check(t)
	require.Len(t, folder.Messages(), 1, "it may be that of a self-test under way")
	s.opts.Now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	s.check(t)
	assert.Empty(t, folder.Messages())
}

// TestCheckWithoutItemIDs: a server that returns no ids of new items can be used.
func TestCheckWithoutItemIDs(t *testing.T) {
	t.Parallel()
	s := newCheckScene(t, exchange.FullAccess, func(o *ewstest.Options) { o.Odd = ewstest.OddNoItemIDs })
	report := s.check(t)
	assert.Empty(t, names(report, selftest.Failed), report)
	assert.NotContains(t, names(report, selftest.Skipped), "namedProperties "+vault)
	s.untouched(t)
}
