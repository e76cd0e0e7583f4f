package graphtest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// A caller that gives up a batch does not wait for its parts.
func TestBatchEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, &graphtest.Options{Latency: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		body := `{"requests":[{"id":"1","method":"GET","url":"/users/` + alice + `/messages"},{"id":"2","method":"GET","url":"/users/` + alice + `/messages"},{"id":"3","method":"GET","url":"/users/` + alice + `/messages"}]}`
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/v1.0/$batch", strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		began := time.Now()
		resp, err := c.rt.RoundTrip(r)
		if err == nil {
			resp.Body.Close()
		}
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 90*time.Second, time.Since(began))
	})
}
