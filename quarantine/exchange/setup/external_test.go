package setup_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/setup"
)

// TestSetupExternal: if the program signs in itself, the guide describes what it must
// provide, and asks for no password.
func TestSetupExternal(t *testing.T) {
	t.Parallel()
	cfg := &exchange.Config{
		EWSURL: "https://mail.example.test/EWS/Exchange.asmx", QuarantineMailbox: "quarantine@example.test",
		Authentication: exchange.Authentication{Type: exchange.AuthenticationExternal},
	}
	guide, err := setup.New(cfg, &setup.Options{ExchangeVersion: setup.Exchange2019})
	require.NoError(t, err)
	text := fmt.Sprint(guide)
	assert.Contains(t, text, "the program signs in itself")
	assert.Contains(t, text, `EXAMPLE\svc-quarantine`, "an example, since the account is not told")
	_, err = setup.New(cfg, &setup.Options{ExchangeVersion: setup.ExchangeOnline})
	assert.ErrorContains(t, err, "the guide covers applications only")
}
