package quarantine_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// mistaken is a driver that answers searches for stamps with everything there is.
type mistaken struct{ driver.Strategy }

func (m mistaken) Mailbox(address string) driver.Mailbox {
	return anything{m.Strategy.Mailbox(address)}
}

type anything struct{ driver.Mailbox }

func (a anything) Find(ctx context.Context, q driver.Query) (driver.Findings, error) {
	if q.Operation != "" || q.Origin != "" {
		q = driver.Query{MessageID: theID}
	}
	return a.Mailbox.Find(ctx, q)
}

// An answer with what was not asked for is not trusted, and does not cause a crash.
func TestAnswersThatDoNotFit(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		w.Mailbox(vault).Deliver(eml(theID, "Reported")) // by somebody, as it is
		s, err := quarantine.New(mistaken{w.newStrategy(t, o)}, vault, &quarantine.Options{Journal: w.journal})
		require.NoError(t, err)
		r, err := s.Quarantine(t.Context(), theTarget)
		if err == nil {
			err = r.Err()
		}
		assert.ErrorContains(t, err, "not asked for")
		assert.ErrorContains(t, err, "run it again")
		_, err = s.RestoreMessage(t.Context(), theTarget)
		assert.ErrorContains(t, err, "not asked for")
	})
}
