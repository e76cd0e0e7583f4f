package exchange

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Calls that share requests wait for each other, so it takes more targets than calls to
// keep the calls in use. Over Graph they share none, and the router's default stays.
func TestPerServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ concurrency, other, want int }{
		{0, 0, 24}, {1, 1, 3}, {1, 0, 24}, {27, 0, 81}, {0, 20, 60}, {20, 8, 60}, {maxConcurrency, 0, 3000},
	} {
		configs := []*Config{{Throttling: Throttling{Concurrency: tt.concurrency}}, {Throttling: Throttling{Concurrency: tt.other}}}
		assert.Equal(t, tt.want, perServer(configs), "%+v", tt)
		for _, c := range configs {
			c.API = APIGraph
		}
		assert.Zero(t, perServer(configs), "%+v", tt)
	}
}
