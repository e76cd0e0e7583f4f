package exchange

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Calls that share requests wait for each other, so it takes more targets than calls to
// keep the calls in use. Without a configured concurrency, the default stays.
func TestPerServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ concurrency, other, want int }{
		{0, 0, 0}, {1, 0, 0}, {5, 0, 0}, {6, 0, 9}, {27, 0, 40}, {0, 20, 30}, {20, 8, 30}, {maxConcurrency, 0, 1500},
	} {
		configs := []*Config{{Throttling: Throttling{Concurrency: tt.concurrency}}, {Throttling: Throttling{Concurrency: tt.other}}}
		assert.Equal(t, tt.want, perServer(configs), "%+v", tt)
	}
}
