package quarantine_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// If the server refuses requests for several items as a whole, each item is asked for alone,
// also one that is in no request any more: the error of others says nothing about it.
func TestContentOfManyRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, patient(worldOptions{}))
		var items []driver.Item
		box, ok := driver.As[driver.BatchReader](w.newStrategy(t, worldOptions{}).Mailbox(alice))
		require.True(t, ok)
		for i := range 41 { // ten in a request, four requests at a time
			m := w.Mailbox(alice).Deliver(eml(fmt.Sprintf("<%d@evil.example>", i), "Invoice"))
			items = append(items, driver.Item{ID: m.ID.ID, Size: 1000})
		}
		w.Fail(ewstest.When{Operation: ews.OpGetItem}, ewstest.FaultCode("ErrorItemNotFound"))
		for i, reply := range box.ContentAll(t.Context(), items) {
			assert.ErrorIs(t, reply.Err, driver.ErrAlone, i)
		}
	})
}
