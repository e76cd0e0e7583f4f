package exchange_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// A program's own file is checked like the configurations of this package that it embeds.
func TestCheckSettings(t *testing.T) {
	t.Parallel()
	type program struct {
		Listen  string            `json:"listen"`
		Secret  exchange.Secret   `json:"secret"`
		Every   exchange.Duration `json:"every"`
		Names   []string          `json:"names"`
		Watched []struct {
			Mailbox string `json:"mailbox"`
		} `json:"watched"`
		Exchange json.RawMessage `json:"exchange"`
	}
	for _, good := range []string{
		`{}`, "\xEF\xBB\xBF{}", `{"listen": null, "exchange": null, "watched": null}`,
		`{"listen": "x", "secret": "y", "every": "5m", "names": ["a"], "watched": [], "exchange": {"name": "a"}}`,
		`{"watched": [{"mailbox": "a@example.test"}, {}], "exchange": [{"name": "a", "authentication": {"type": "ntlm"}}, {}]}`,
	} {
		assert.NoError(t, exchange.CheckSettings[program]([]byte(good)), good)
	}
	for bad, says := range map[string]string{
		``:                                    "line 1, column 1: is not JSON: it ends too early",
		`[]`:                                  "line 1, column 1: is not a JSON object",
		"{\n'listen': 1}":                     "line 2, column 1: is not JSON: texts stand in straight double quotation marks",
		"{\n\t\"listne\": 1}":                 "line 2, column 2: listne is not a setting; did you mean listen?",
		`{"secret": 5}`:                       "secret must be a string in quotation marks",
		`{"every": "5"}`:                      "every ",
		`{"names": [5]}`:                      "names[0] must be a string",
		`{"watched": {"mailbox": "x"}}`:       "watched must be an array of objects",
		`{"watched": ["x"]}`:                  "watched[0] must be an object",
		"{\"watched\": [{},\n{\"male\": 1}]}": "line 2, column 2: watched[1].male is not a setting; valid settings are mailbox",
		`{"exchange": "x"}`:                   "exchange is not a JSON object",
		`{"exchange": []}`:                    "exchange is an empty array",
		`{"exchange": [{}, {"ewsUri": ""}]}`:  "exchange[1].ewsUri is not a setting; did you mean ewsUrl?",
	} {
		err := exchange.CheckSettings[program]([]byte(bad))
		require.ErrorIs(t, err, quarantine.ErrInvalid, bad)
		assert.ErrorContains(t, err, says)
	}
}
