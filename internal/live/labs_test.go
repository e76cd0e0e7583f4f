package live_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/live"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// signIns counts the requests that carry credentials.
type signIns struct {
	next http.RoundTripper
	n    atomic.Int32
}

func (s *signIns) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") != "" {
		s.n.Add(1)
	}
	return s.next.RoundTrip(r)
}

var both = []exchange.Access{exchange.FullAccess, exchange.Impersonation}

func TestLabs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := ewstest.NewServer(nil)
		defer srv.Close()
		srv.RevokeFullAccess("svc", "*")
		s := settingsFor(srv)
		s.Access = both
		var opened []exchange.Access
		failed := 0
		for lab, err := range s.Labs(t.Context(), srv.Direct()) {
			if err != nil {
				failed++
				continue
			}
			opened = append(opened, lab.Report.Access)
			require.NoError(t, lab.Close(t.Context()))
		}
		assert.Equal(t, 1, failed)
		assert.Equal(t, both[1:], opened, "an access that the account does not have does not end it")
	})
}

// TestRefusedSignInIsTheLast: Exchange locks an account after a few refused sign-ins.
func TestRefusedSignInIsTheLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := ewstest.NewServer(nil)
		defer srv.Close()
		s := settingsFor(srv)
		s.Access = both
		s.Config.Authentication.Password = exchange.NewSecret("wrong-password")
		base := &signIns{next: srv.Direct()}
		failed := 0
		for _, err := range s.Labs(t.Context(), base) {
			failed++
			require.ErrorIs(t, err, ews.ErrUnauthorized)
			assert.ErrorContains(t, err, "not tried again")
			assert.ErrorContains(t, err, live.EnvPassword)
			assert.NotContains(t, err.Error(), "authentication.")
			assert.NotContains(t, err.Error(), live.EnvAccess, "that would not help")
			assert.NotContains(t, err.Error(), "wrong-password")
		}
		assert.Equal(t, 1, failed)
		assert.Equal(t, int32(1), base.n.Load())
	})
}
