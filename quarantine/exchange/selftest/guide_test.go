package selftest_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

const operatorsGuide = "../../../OPERATING.md"

// TestOperatorsGuideIsComplete: the guide describes every check, and every code in it is
// one of Exchange's.
func TestOperatorsGuideIsComplete(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile(operatorsGuide)
	require.NoError(t, err)
	for _, access := range []exchange.Access{exchange.FullAccess, exchange.Impersonation} {
		for _, c := range newCheckScene(t, access).check(t).Checks {
			assert.Contains(t, string(guide), "| `"+string(c.Name)+"` ", "the guide does not describe this check")
		}
	}
	for _, c := range newGraphScene(t, nil).check(t).Checks {
		assert.Contains(t, string(guide), "| `"+string(c.Name)+"` ", "the guide does not describe this check")
	}
	codes := regexp.MustCompile("`(Error[A-Za-z]+)`").FindAllStringSubmatch(string(guide), -1)
	assert.Greater(t, len(codes), 20)
	for _, code := range codes {
		assert.NotEqual(t, ews.ClassUnknown, ews.Class(ews.ResponseCode(code[1])), "%s is not spelt as Exchange does", code[1])
	}
}
