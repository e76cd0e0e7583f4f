package exchange_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// TestUserAgent: the product comes first, and the SDK stays recognisable, with EWS and
// with Autodiscover.
func TestUserAgent(t *testing.T) {
	t.Parallel()
	s := newDiscoverScene(t, exchange.FullAccess)
	seen := map[string]string{}
	noting := func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			seen[r.URL.Host] = r.Header.Get("User-Agent")
			return resp, err
		})
	}
	opts := &exchange.Options{Transport: s.internet, Resolver: noRecords{}, UserAgent: "Acme-Mail/2.1", WrapTransport: noting}
	q, err := exchange.Open(&s.cfg, opts)
	require.NoError(t, err)
	defer q.Close()
	require.NoError(t, find(t, q))
	assert.Equal(t, "Acme-Mail/2.1 ewsquarantine/1", seen[mailHost])
	assert.Equal(t, "Acme-Mail/2.1 ewsquarantine-autodiscover", seen[discoverHost])

	opts.UserAgent = "Acme\r\nX-Evil: 1"
	for _, url := range []string{"", mailURL} {
		s.cfg.EWSURL = url
		_, err = exchange.Open(&s.cfg, opts)
		assert.ErrorContains(t, err, "Options.UserAgent contains a character")
	}
}
