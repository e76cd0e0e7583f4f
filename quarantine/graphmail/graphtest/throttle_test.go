package graphtest_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// One version of the documentation counts the requests at a time per application.
func TestThrottlingPerApplication(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, &graphtest.Options{Latency: time.Second, Throttling: graphtest.Throttling{PerApplication: true}})
		var wg sync.WaitGroup
		var refused atomic.Int32
		for i := range 6 {
			wg.Go(func() {
				if c.do("GET", user([]string{alice, bob}[i%2])+"/messages", nil).status == 429 {
					refused.Add(1)
				}
			})
		}
		wg.Wait()
		assert.EqualValues(t, 2, refused.Load())
		c.want(200, "GET", user(bob)+"/messages", nil)
	})
}
