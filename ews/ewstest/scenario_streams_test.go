package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func TestScenarioLimitsSubscriptions(t *testing.T) {
	t.Parallel()
	s, err := ewstest.LoadScenario(strings.NewReader(`{"mailboxes": [{"address": "alice@example.test"}, {"address": "bob@example.test"}], "maxSubscriptions": 3, "maxStreams": 1, "budgets": [{"user": "bob", "maxSubscriptions": 1}]}`))
	require.NoError(t, err)
	srv, err := s.NewServer(nil)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	for user, most := range map[string]int{alice: 3, bob: 1} {
		c := &caller{t: t, srv: srv, user: user, version: "Exchange2016"}
		for range most {
			streaming(c)
		}
		assert.Equal(t, []string{"ErrorExceededSubscriptionCount"}, codes(c.do(pullXML())), user)
	}
}
