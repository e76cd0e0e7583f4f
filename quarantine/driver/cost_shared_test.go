package driver_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Requests that calls share are counted once, in turn, and each call learns of them.
func TestSharedCosts(t *testing.T) {
	t.Parallel()
	run, whole := driver.Metered(t.Context())
	var meters []*driver.Meter
	for range 3 {
		ctx, m := driver.Metered(run)
		assert.Same(t, m, driver.MeterOf(ctx))
		meters = append(meters, m)
	}
	assert.Nil(t, driver.MeterOf(t.Context()))
	ctx := driver.Shared(t.Context(), append(meters, nil)...)
	const requests = 8
	for i := range requests {
		driver.Spend(ctx, driver.Spending{RequestID: fmt.Sprint(i), Server: "FE", BytesIn: 10, Waited: time.Second})
		driver.Spend(ctx, driver.Spending{Unsent: true, Waited: time.Second})
	}
	var sum driver.Cost
	for _, m := range meters {
		c := m.Cost()
		assert.Equal(t, 2, c.Requests, "one of four is counted by nobody")
		assert.Len(t, c.RequestIDs, requests)
		assert.Equal(t, []string{"FE"}, c.Servers)
		sum = sum.Plus(c)
	}
	assert.Equal(t, 6, sum.Requests)
	assert.Equal(t, sum.Requests, whole.Cost().Requests)
	assert.Equal(t, int64(60), whole.Cost().BytesIn)
	assert.Len(t, whole.Cost().RequestIDs, requests, "each once")
	driver.Spend(driver.Shared(t.Context()), driver.Spending{})
}

func TestSending(t *testing.T) {
	t.Parallel()
	assert.NoError(t, driver.Sending(t.Context()))
	refusal := errors.New("no")
	assert.Equal(t, refusal, driver.Sending(driver.AskSending(t.Context(), func() error { return refusal })))
}
