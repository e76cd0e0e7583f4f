package selftest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/setup"
)

func TestGraphIsRefusedByName(t *testing.T) {
	t.Parallel()
	c := &exchange.Config{API: exchange.APIGraph, QuarantineMailbox: "quarantine@example.test"}
	c.Authentication.Type = exchange.AuthenticationExternal
	_, err := selftest.Check(t.Context(), c, &selftest.Options{SignIn: func(_ string, base http.RoundTripper) (http.RoundTripper, error) { return base, nil }})
	require.ErrorIs(t, err, driver.ErrInvalid)
	require.ErrorContains(t, err, `"graph"`)
	_, err = setup.New(c, nil)
	require.ErrorIs(t, err, driver.ErrInvalid)
	require.ErrorContains(t, err, "MailboxItem.ImportExport.All")
}
