package auth_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/azuread"
)

// An endless response from the authority is not read endlessly.
func TestEndlessTokenAnswer(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusOK, http.StatusBadRequest} {
		var sent atomic.Int64
		o := newOnline(t, func(opts *azuread.Options) {
			opts.BeforeToken = func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(code)
				for piece := make([]byte, 64<<10); sent.Load() < 32<<20; sent.Add(int64(len(piece))) {
					if _, err := w.Write(piece); err != nil {
						break
					}
				}
				return true
			}
		})
		_, _, err := o.ask(t, o.client(t, nil), "x")
		require.ErrorContains(t, err, "larger than 1 MiB")
		assert.True(t, authError(t, err).NotSent())
		assert.Less(t, sent.Load(), int64(32<<20))
	}
}
