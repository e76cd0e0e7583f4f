package quarantine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// Something in front of the server gives up, with one of the statuses that mean that,
// and the server acts minutes later: nothing is sent again in the meantime, so there
// is only one copy in all folders.
func TestGatewayGivesUp(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		for _, status := range []int{408, 524} {
			w := newWorld(t, o)
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			w.FailNext(carriesBy(o), ewstest.Gateway(status).ActedAfter(3*time.Minute))
			w.taken(t)
			time.Sleep(time.Hour)
			r := w.taken(t)
			require.NoError(t, r.Err(), status)
			w.count(t, 0, 1, "in the end")
			assert.Len(t, w.in(vault, theID), 1)
		}
	})
}
