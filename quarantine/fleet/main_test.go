package fleet_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// errStop is why a test ends a context.
var errStop = errors.New("stopped by the test")

// testContext returns a context that ends with the test, or before.
func testContext(t testing.TB) (context.Context, context.CancelCauseFunc) {
	t.Helper()
	return context.WithCancelCause(t.Context())
}
