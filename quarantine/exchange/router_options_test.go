package exchange_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// Errors about routes become errors about configurations; others stay as they are.
func TestOpenRouterNamesItsOptions(t *testing.T) {
	t.Parallel()
	config := exchange.Config{
		EWSURL: "https://mail.example.test/EWS/Exchange.asmx", QuarantineMailbox: "quarantine@example.test",
		Authentication: exchange.Authentication{Type: exchange.AuthenticationBasic, Username: `EX\svc`, Password: exchange.NewSecret("secret")},
	}
	_, err := exchange.OpenRouter([]exchange.Config{config}, &exchange.RouterOptions{Router: quarantine.RouterOptions{PerServer: -1}})
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	assert.ErrorContains(t, err, "router options: PerServer")
}
