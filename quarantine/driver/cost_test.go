package driver_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func TestSpendWithoutMeter(t *testing.T) {
	t.Parallel()
	driver.Spend(t.Context(), driver.Spending{})
	_, m := driver.Metered(t.Context())
	driver.Spend(t.Context(), driver.Spending{}) // not with its context
	assert.Zero(t, m.Cost())
	text, err := json.Marshal(struct {
		Cost driver.Cost `json:"cost,omitzero"`
	}{})
	require.NoError(t, err)
	assert.JSONEq(t, "{}", string(text))
}

// A meter counts what the meters of its context's children count.
func TestMetersInMeters(t *testing.T) {
	t.Parallel()
	ctx, outer := driver.Metered(t.Context())
	var all driver.Cost
	for i := range 3 {
		inner, m := driver.Metered(ctx)
		driver.Spend(inner, driver.Spending{
			RequestID: fmt.Sprint("id-", i), Server: "FE", Build: "15.2.1", BytesOut: 10, BytesIn: 1000, Waited: 1500 * time.Microsecond, Payer: "a@x.example",
		})
		driver.Spend(inner, driver.Spending{Unsent: true, RequestID: "none", Server: "none", BytesOut: 1, Waited: 2 * time.Second})
		c := m.Cost()
		assert.Equal(t, driver.Cost{
			Requests: 1, RequestIDs: []string{fmt.Sprint("id-", i)}, Servers: []string{"FE"}, Builds: []string{"15.2.1"}, BytesOut: 10, BytesIn: 1000,
			Waited: []driver.Wait{{Payer: "a@x.example", Milliseconds: 1}, {Milliseconds: 2000}},
		}, c)
		all = all.Plus(c)
	}
	whole := outer.Cost()
	assert.Equal(t, 3, whole.Requests)
	assert.Equal(t, []driver.Wait{{Payer: "a@x.example", Milliseconds: 4}, {Milliseconds: 6000}}, whole.Waited, "rounded in the end")
	whole.Waited[0].Milliseconds = 3 // each was rounded separately
	assert.Equal(t, whole, all)
}

// What a meter keeps is bounded, and is one line of text whatever a server says.
func TestCostIsBounded(t *testing.T) {
	t.Parallel()
	ctx, m := driver.Metered(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 100 {
				driver.Spend(ctx, driver.Spending{
					RequestID: fmt.Sprint(i, "\n\x00", strings.Repeat("ü", 200)), Server: fmt.Sprint("FE", i), Build: fmt.Sprint(i),
					Waited: time.Millisecond, Payer: fmt.Sprint(i),
				})
			}
		})
	}
	wg.Wait()
	c := m.Cost()
	assert.Equal(t, 400, c.Requests)
	assert.Len(t, c.RequestIDs, driver.MaxRequestIDs)
	assert.Len(t, c.Servers, driver.MaxServers)
	assert.Len(t, c.Builds, driver.MaxServers)
	require.Len(t, c.Waited, driver.MaxServers)
	var sum int64
	for _, w := range c.Waited {
		sum += w.Milliseconds
	}
	assert.EqualValues(t, 400, sum)
	for _, id := range c.RequestIDs {
		assert.LessOrEqual(t, len(id), 128)
		assert.NotContains(t, id, "\n")
		assert.NotContains(t, id, "\x00")
	}
	assert.True(t, strings.HasPrefix(c.Plus(driver.Cost{RequestIDs: []string{"last"}}).RequestIDs[driver.MaxRequestIDs-1], "last"))
	assert.Len(t, c.Plus(c).RequestIDs, driver.MaxRequestIDs)
	assert.Len(t, c.Plus(c).Servers, driver.MaxServers)
}
