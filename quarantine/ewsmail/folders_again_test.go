package ewsmail_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// Many callers that find nothing in a mailbox read its folders again, to be sure that
// there is no new one. They do not wait for each other, and a reading that began after a
// call is recent enough for that call.
func TestFoldersAreReadAgainTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const latency, callers = 20 * time.Millisecond, 20
		srv := ewstest.NewServer(&ewstest.Options{Latency: latency, FewFolders: true})
		defer srv.Close()
		srv.Mailbox("alice@example.test")
		client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: srv.As(srv.Direct(), "svc")})
		require.NoError(t, err)
		s, err := ewsmail.NewFullAccess(client, nil)
		require.NoError(t, err)
		find := func(ctx context.Context) {
			found, err := s.Mailbox("alice@example.test").Find(ctx, driver.Query{Operation: driver.NewOperation()})
			assert.NoError(t, err)
			assert.Empty(t, found.Items)
		}
		find(t.Context())
		srv.ResetRequests()
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				began := time.Now()
				find(t.Context())
				assert.LessOrEqual(t, time.Since(began), 3*latency, "a search, a listing that is under way, and one that is new enough")
			})
		}
		all.Wait()
		listings := 0
		for _, q := range srv.Requests() {
			if q.Operation == ews.OpFindFolder {
				listings++
			}
		}
		assert.LessOrEqual(t, listings, 8)
	})
}
