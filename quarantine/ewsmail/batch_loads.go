package ewsmail

import (
	"sync"
	"sync/atomic"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// A load is the content of items that one request carries: few items and few bytes, as
// the server counts them. A larger item goes alone. Servers accept a request of 64 MB;
// encoding makes content a third larger, and MIME is another third larger than its
// attachments.
const (
	loadItems = 10
	loadBytes = 8 << 20

	// loadsAtOnce is how many loads of a batch are on their way at a time. A single one
	// would leave most of the connection idle, and make messages wait for each other's
	// content.
	loadsAtOnce = 4
)

// loads divides the members of a batch into loads by their sizes. Members too large for a
// load are returned separately.
func loads(members []int, size func(i int) int64) (loads [][]int, large []int) {
	var bytes int64
	var load []int
	for _, i := range members {
		n := size(i)
		if n > loadBytes {
			large = append(large, i)
			continue
		}
		if len(load) == loadItems || bytes+n > loadBytes {
			loads, load, bytes = append(loads, load), nil, 0
		}
		load, bytes = append(load, i), bytes+n
	}
	if len(load) > 0 {
		loads = append(loads, load)
	}
	return loads, large
}

// eachLoad sends loads, several at a time. If one of them panics, no more are begun, and
// eachLoad panics once all have ended.
func eachLoad(loads [][]int, send func(load []int)) {
	if len(loads) == 1 {
		send(loads[0])
		return
	}
	var wg sync.WaitGroup
	var panicked atomic.Pointer[driver.Panic]
	slots := make(chan struct{}, loadsAtOnce)
	for _, load := range loads {
		slots <- struct{}{}
		if panicked.Load() != nil {
			break
		}
		wg.Go(func() {
			returned := false
			defer func() {
				if v := recover(); v != nil {
					panicked.CompareAndSwap(nil, driver.NewPanic(v))
				} else if !returned { // the goroutine ends, as in a failing test
					panicked.CompareAndSwap(nil, driver.NewPanic("ewsmail: the goroutine of a load has ended"))
				}
				<-slots
			}()
			send(load)
			returned = true
		})
	}
	wg.Wait()
	if p := panicked.Load(); p != nil {
		panic(p)
	}
}
