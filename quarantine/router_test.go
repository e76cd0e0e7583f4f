package quarantine_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// organisation returns an Exchange with mailboxes of a domain, and a service of
// the same name.
func organisation(t testing.TB, name, domain string, impersonation bool) *world {
	t.Helper()
	return newWorld(t, worldOptions{
		server:        ewstest.Options{Domain: domain},
		impersonation: impersonation,
		settings: func(s *quarantine.Options) {
			s.Name = name
		},
	})
}

// twoOrganisations returns a router over A, which claims a.test, and B, which
// claims the given domains.
func twoOrganisations(t testing.TB, opts *quarantine.RouterOptions, claimedByB ...string) (r *quarantine.Router, a, b *world) {
	t.Helper()
	a, b = organisation(t, "A", "a.test", false), organisation(t, "B", "b.test", true)
	r, err := quarantine.NewRouter([]quarantine.Route{
		{Service: a.service, Domains: []string{"a.test"}},
		{Service: b.service, Domains: claimedByB},
	}, opts)
	require.NoError(t, err)
	return r, a, b
}

const evil = "<1@evil.example>"

func TestRouterAcrossOrganisations(t *testing.T) {
	t.Parallel()
	r, a, b := twoOrganisations(t, nil, "b.test")
	var targets []quarantine.Target
	for _, w := range []*world{a, b} {
		for _, name := range []string{"alice@", "bob@", "carol@"} {
			address := name + w.Domain()
			w.Mailbox(address).Deliver(eml(evil, "Invoice"))
			targets = append(targets, quarantine.Target{Mailbox: address, MessageID: evil})
		}
	}
	targets = append(targets, quarantine.Target{Mailbox: "nobody@a.test", MessageID: evil}, quarantine.Target{Mailbox: "alice@c.test", MessageID: evil})

	var taken []*quarantine.Receipt
	failed := map[string]error{}
	for receipt, err := range r.QuarantineAll(t.Context(), slices.Values(targets)) {
		require.NotNil(t, receipt)
		if err != nil {
			failed[receipt.Target.Mailbox] = err
			continue
		}
		assert.Equal(t, quarantine.Quarantined, receipt.Outcome(), receipt.Target.Mailbox)
		assert.True(t, strings.HasSuffix(receipt.Target.Mailbox, "@"+strings.ToLower(receipt.Server)+".test"))
		taken = append(taken, receipt)
	}
	assert.Len(t, taken, 6)
	require.Len(t, failed, 2)
	assert.ErrorIs(t, failed["nobody@a.test"], quarantine.ErrUnreachable)
	assert.ErrorIs(t, failed["alice@c.test"], quarantine.ErrUnreachable)
	for _, w := range []*world{a, b} {
		assert.Len(t, w.in("quarantine@"+w.Domain(), evil), 3)
		assert.Empty(t, w.in("alice@"+w.Domain(), evil))
		for _, request := range w.Requests() {
			if request.Anchor != "" {
				assert.True(t, strings.HasSuffix(request.Anchor, w.Domain()), "%s was told of %s", w.Domain(), request.Anchor)
			}
		}
	}

	listed := map[string]int{}
	for it, err := range r.List(t.Context(), quarantine.ListRequest{}) {
		require.NoError(t, err)
		assert.Equal(t, evil, it.MessageID)
		listed[it.Server]++
	}
	assert.Equal(t, map[string]int{"A": 3, "B": 3}, listed)
	for it, err := range r.List(t.Context(), quarantine.ListRequest{Mailbox: "bob@b.test"}) {
		require.NoError(t, err)
		assert.Equal(t, "B", it.Server)
	}

	back, err := r.RestoreMessage(t.Context(), quarantine.Target{Mailbox: "bob@b.test", MessageID: evil})
	require.NoError(t, err)
	assert.Equal(t, quarantine.Restored, back.Outcome())
	for _, receipt := range taken {
		back, err := r.Restore(t.Context(), receipt)
		require.NoError(t, err)
		assert.True(t, back.Outcome().Done(), "%s: %v", receipt.Target.Mailbox, back.Err())
		assert.Equal(t, receipt.Server, back.Server)
	}
	assert.Len(t, a.in("alice@a.test", evil), 1)
	assert.Len(t, b.in("bob@b.test", evil), 1)

	for receipt, err := range r.FindAll(t.Context(), slices.Values(targets[:6])) {
		require.NoError(t, err)
		assert.Equal(t, quarantine.Found, receipt.Outcome())
	}
}

// TestRouterFollowsAMigration moves a mailbox from on-premises servers, which
// claim its domain, into the cloud, and back.
func TestRouterFollowsAMigration(t *testing.T) {
	t.Parallel()
	for name, moving := range map[string]bool{"gone": false, "being moved": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			r, a, b := twoOrganisations(t, &quarantine.RouterOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			alice := quarantine.Target{Mailbox: "alice@a.test", MessageID: evil}
			quarantined := func(on string) {
				t.Helper()
				receipt, err := r.Quarantine(t.Context(), alice)
				require.NoError(t, err)
				assert.Equal(t, quarantine.Quarantined, receipt.Outcome())
				assert.Equal(t, on, receipt.Server)
			}
			there := a.Mailbox(alice.Mailbox)
			there.Deliver(eml(evil, "Invoice"))
			quarantined("A")
			assert.Empty(t, log.String())

			there.Remove(moving)
			b.AddMailbox(alice.Mailbox, nil).Deliver(eml(evil, "Invoice"))
			quarantined("B")
			assert.Len(t, b.in("quarantine@b.test", evil), 1)
			assert.Contains(t, log.String(), `from=A to=B`)

			a.ResetRequests()
			receipt, err := r.Quarantine(t.Context(), alice)
			require.NoError(t, err)
			assert.Equal(t, quarantine.AlreadyQuarantined, receipt.Outcome())
			assert.Empty(t, a.Requests(), "it is remembered where the mailbox is")

			b.Mailbox(alice.Mailbox).Remove(false)
			there.Restore()
			there.Deliver(eml(evil, "Invoice"))
			quarantined("A")
		})
	}
}

func TestRouterExplainsARestoreAfterAMigration(t *testing.T) {
	t.Parallel()
	r, a, b := twoOrganisations(t, nil)
	alice := quarantine.Target{Mailbox: "alice@a.test", MessageID: evil}
	a.Mailbox(alice.Mailbox).Deliver(eml(evil, "Invoice"))
	taken, err := r.Quarantine(t.Context(), alice)
	require.NoError(t, err)
	a.Mailbox(alice.Mailbox).Remove(false)
	b.AddMailbox(alice.Mailbox, nil)

	problem := func(receipt *quarantine.Receipt, err error) error {
		if err != nil {
			return err
		}
		return receipt.Err()
	}
	for range 2 {
		err := problem(r.Restore(t.Context(), taken))
		assert.ErrorContains(t, err, `the mailbox has moved to "B", and messages in the quarantine of "A"`)
		err = problem(r.RestoreMessage(t.Context(), alice))
		assert.ErrorContains(t, err, `the mailbox has moved to "B", and messages in the quarantine of "A"`)
	}
	assert.Len(t, a.in("quarantine@a.test", evil), 1)

	a.Mailbox(alice.Mailbox).Restore()
	b.Mailbox(alice.Mailbox).Remove(false)
	back, err := r.Restore(t.Context(), taken)
	require.NoError(t, err)
	assert.Equal(t, quarantine.Restored, back.Outcome())
}

func TestRouterRestoreFindsItsServer(t *testing.T) {
	t.Parallel()
	r, _, _ := twoOrganisations(t, nil)
	_, err := r.Restore(t.Context(), &quarantine.Receipt{Server: "C"})
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	assert.ErrorContains(t, err, `the servers are ["A" "B"]`)
	_, err = r.Restore(t.Context(), nil)
	assert.ErrorIs(t, err, quarantine.ErrInvalid)
	assert.Nil(t, r.Service("C"))
	assert.NotNil(t, r.Service("a"))
	assert.Equal(t, []string{"A", "B"}, r.Servers())

	w := organisation(t, "Only", "a.test", false)
	w.Mailbox("alice@a.test").Deliver(eml(evil, "Invoice"))
	only, err := quarantine.NewRouter([]quarantine.Route{{Service: w.service}}, nil)
	require.NoError(t, err)
	taken, err := only.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@a.test", MessageID: evil})
	require.NoError(t, err)
	taken.Server = "" // from before the configuration had a name
	back, err := only.Restore(t.Context(), taken)
	require.NoError(t, err)
	assert.Equal(t, quarantine.Restored, back.Outcome())
}

// TestRouterBlamesTheRightMailbox: a quarantine mailbox that cannot be opened
// looks like a mailbox that has moved.
func TestRouterBlamesTheRightMailbox(t *testing.T) {
	t.Parallel()
	a, b := newLedger("A", "alice@a.test"), newLedger("B")
	a.folder = fmt.Errorf("%w: vault@a.test", quarantine.ErrUnreachable)
	r := newRouter(t, nil, a, b)
	_, err := r.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@a.test", MessageID: evil})
	require.ErrorIs(t, err, quarantine.ErrUnreachable)
	_, routed := errors.AsType[*quarantine.RouteError](err)
	assert.False(t, routed)
	assert.ErrorContains(t, err, `server "A": searching quarantine`)
	assert.Equal(t, 1, b.asked("alice@a.test"), "before, and not again")
}

func TestRouterProtectsAllQuarantineMailboxes(t *testing.T) {
	t.Parallel()
	r, a, b := twoOrganisations(t, nil)
	for _, vault := range []string{"quarantine@a.test", "Quarantine@B.test"} {
		_, err := r.Quarantine(t.Context(), quarantine.Target{Mailbox: vault, MessageID: evil})
		assert.ErrorIs(t, err, quarantine.ErrInvalid, vault)
	}
	assert.Empty(t, a.Requests())
	assert.Empty(t, b.Requests())
}

func TestRouterRecoversEverywhere(t *testing.T) {
	t.Parallel()
	r, a, b := twoOrganisations(t, nil, "b.test")
	for _, w := range []*world{a, b} {
		address := "alice@" + w.Domain()
		m := w.Mailbox(address).Deliver(eml(evil, "Invoice"))
		beginFor(t, w.journal, quarantine.Intent{
			Operation: "left", Direction: driver.ToQuarantine, At: time.Now(),
			Target: quarantine.Target{Mailbox: address, MessageID: evil}, From: quarantine.Place{Mailbox: address, ItemID: m.ID.ID},
		})
	}
	settled := map[string]quarantine.Outcome{}
	for receipt, err := range r.Recover(t.Context()) {
		require.NoError(t, err)
		settled[receipt.Server] = receipt.Outcome()
	}
	assert.Equal(t, map[string]quarantine.Outcome{"A": quarantine.Quarantined, "B": quarantine.Quarantined}, settled)
}

// TestRouterListsInSpiteOfOneServer: an error from one server does not hide the others.
func TestRouterListsInSpiteOfOneServer(t *testing.T) {
	t.Parallel()
	r, a, b := twoOrganisations(t, nil)
	b.Mailbox("alice@b.test").Deliver(eml(evil, "Invoice"))
	_, err := r.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@b.test", MessageID: evil})
	require.NoError(t, err)
	_, err = r.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@a.test", MessageID: evil})
	require.NoError(t, err)
	a.FailRandomly(1, ewstest.FaultCode("ErrorPasswordExpired"))
	var listed []string
	var failed []error
	for it, err := range r.List(t.Context(), quarantine.ListRequest{}) {
		if err != nil {
			failed = append(failed, err)
			continue
		}
		listed = append(listed, it.Server)
	}
	assert.Equal(t, []string{"B"}, listed)
	require.Len(t, failed, 1)
	e, ok := errors.AsType[*quarantine.ServerError](failed[0])
	require.True(t, ok)
	assert.Equal(t, "A", e.Server)
}
