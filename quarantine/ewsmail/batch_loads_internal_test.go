package ewsmail

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// Some loads of a batch are on their way at a time, and each is sent once.
func TestEachLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var loads [][]int
		for i := range 2*loadsAtOnce + 1 {
			loads = append(loads, []int{i})
		}
		sent := make([]atomic.Int64, len(loads))
		began := time.Now()
		eachLoad(loads, func(load []int) {
			time.Sleep(time.Second)
			sent[load[0]].Add(1)
		})
		assert.Equal(t, 3*time.Second, time.Since(began))
		for i := range sent {
			assert.EqualValues(t, 1, sent[i].Load())
		}
	})
}

// If the driver panics in a load, or ends its goroutine, the batch panics once none is on
// its way any more.
func TestEachLoadPanics(t *testing.T) {
	t.Parallel()
	for _, end := range []func(){func() { panic("a hook") }, runtime.Goexit} {
		synctest.Test(t, func(t *testing.T) {
			var begun, ended atomic.Int64
			assert.Panics(t, func() {
				eachLoad(make([][]int, 10*loadsAtOnce), func([]int) {
					if begun.Add(1) == 2 {
						end()
					}
					time.Sleep(time.Second)
					ended.Add(1)
				})
			})
			assert.Equal(t, begun.Load()-1, ended.Load())
			assert.LessOrEqual(t, begun.Load(), int64(2*loadsAtOnce))
		})
	}
}
