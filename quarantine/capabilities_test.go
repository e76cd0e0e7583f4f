package quarantine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// ignorant is a strategy whose mailboxes have no optional capabilities.
type ignorant struct{ driver.Strategy }

func (s ignorant) Mailbox(address string) driver.Mailbox {
	return struct{ driver.Mailbox }{s.Strategy.Mailbox(address)}
}

// decorated is a strategy whose mailboxes are wrapped twice, by decorators that
// know of no capabilities.
type decorated struct{ driver.Strategy }

func (s decorated) Mailbox(address string) driver.Mailbox {
	return decorator{decorator{s.Strategy.Mailbox(address)}}
}

type decorator struct{ driver.Mailbox }

func (d decorator) Unwrap() driver.Mailbox { return d.Mailbox }

// A setting that needs what the strategy cannot do is refused by New, not
// silently ignored.
func TestNewRefusesWhatTheStrategyCannotDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	strategy := w.newStrategy(t, worldOptions{})
	for field, opts := range map[string]quarantine.Options{
		"CriteriaSearch": {CriteriaSearch: true},
	} {
		_, err := quarantine.New(ignorant{strategy}, vault, &opts)
		require.ErrorIs(t, err, quarantine.ErrInvalid, field)
		problems := quarantine.Problems(err)
		require.Len(t, problems, 1, field)
		assert.Equal(t, field, problems[0].Field)
		for name, able := range map[string]driver.Strategy{"itself": strategy, "decorated": decorated{strategy}} {
			_, err := quarantine.New(able, vault, &opts)
			assert.NoError(t, err, "%s: %s", field, name)
		}
	}
	_, err := quarantine.New(ignorant{strategy}, vault, nil)
	require.NoError(t, err)
}

// Capabilities work through decorators.
func TestCapabilitiesOfDecoratedMailboxes(t *testing.T) {
	t.Parallel()
	o := worldOptions{strategy: ewsmail.Options{ScanRecoverableItems: true}}
	w := newWorld(t, o)
	s, err := quarantine.New(decorated{w.newStrategy(t, o)}, vault, &quarantine.Options{CriteriaSearch: true})
	require.NoError(t, err)
	w.Mailbox(alice).Deliver(eml(theID, "Your invoice"))

	r, err := s.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{Subject: "Your invoice"}})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.Equal(t, quarantine.Quarantined, r.Outcome())
	for _, m := range w.Mailbox(alice).Messages() {
		assert.NotEqual(t, ews.FolderRecoverableItemsDeletions, m.Distinguished, "what the move left was not swept")
	}
	_, err = s.Expand(t.Context(), "all-staff@example.test", nil)
	require.NoError(t, err)
	_, err = s.FollowForwards(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID}, nil)
	require.NoError(t, err)

	_, ok := driver.As[driver.Sweeper](nil)
	assert.False(t, ok)
}

// New reports everything that is wrong in one error.
func TestNewRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	_, err := quarantine.New(w.newStrategy(t, worldOptions{}), "vault", &quarantine.Options{
		QuarantineHeader: quarantine.Header{Name: "Subject", Value: "x"}, UndoHeader: quarantine.Header{Name: "X-Undone"},
		Attempts: -1, Wait: -1, SearchLimits: quarantine.Limits{PerMailbox: -1, Protected: []string{"board"}},
	})
	var fields []string
	for _, p := range quarantine.Problems(err) {
		fields = append(fields, strings.TrimSpace(p.What+" "+p.Field))
		assert.NotEmpty(t, p.Problem)
	}
	assert.ElementsMatch(t, []string{
		"arguments quarantineMailbox", "options Attempts", "options Wait", "options SearchLimits.perMailbox", "options SearchLimits.protected[0]",
		"options QuarantineHeader.name", "options UndoHeader.value",
	}, fields)
	_, err = quarantine.New(nil, vault, nil)
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	assert.ErrorContains(t, err, "strategy is nil")
}
