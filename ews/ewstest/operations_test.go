package ewstest_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

var update = flag.Bool("update", false, "TestDocListsTheOperations: write the list in doc.go anew")

// TestDocListsTheOperations checks the package documentation against the code.
func TestDocListsTheOperations(t *testing.T) {
	t.Parallel()
	var list strings.Builder
	for _, o := range ewstest.Operations() {
		fmt.Fprintf(&list, "//   - %s", o.Name)
		if o.Since > ewstest.Exchange2010SP3 {
			fmt.Fprintf(&list, " (since %s)", o.Since)
		}
		if o.Lacks != "" {
			list.WriteString("; not supported: " + o.Lacks)
		}
		list.WriteString("\n")
	}
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	const begin, end = "refused ([Operations]):\n//\n", "//\n// All other operations"
	before, rest, ok := strings.Cut(string(doc), begin)
	require.True(t, ok, begin)
	listed, after, ok := strings.Cut(rest, end)
	require.True(t, ok, end)
	if *update {
		require.NoError(t, os.WriteFile("doc.go", []byte(before+begin+list.String()+end+after), 0o600))
		return
	}
	assert.Equal(t, list.String(), listed, "doc.go is out of date: go test ./ews/ewstest -run TestDocListsTheOperations -update")
}

// TestEveryOperationIsServedOrRefusedByName sends each operation of the protocol to each
// version. The requests are empty, so they are not captured.
func TestEveryOperationIsServedOrRefusedByName(t *testing.T) {
	t.Setenv("EWSTEST_CAPTURE", "")
	served := make(map[string]bool)
	for _, o := range ewstest.Operations() {
		served[string(o.Name)] = true
		assert.Contains(t, ewsschema.Operations(), string(o.Name))
	}
	assert.GreaterOrEqual(t, len(ewsschema.Operations()), 110)
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		has, ok := ewsschema.ParseVersion(schema)
		require.True(t, ok)
		for _, name := range ewsschema.Operations() {
			since, _ := ewsschema.Introduced(name)
			if served[name] && since <= has {
				continue
			}
			status, answer, err := c.try("<m:" + name + "/>")
			require.NoError(t, err)
			assert.Equal(t, 500, status, "%s on %s", name, version)
			if since > has {
				assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(answer), "%s on %s", name, version)
			} else if !strings.Contains(answer, "ErrorSchemaValidation") { // for the content, in operations that have a grammar
				assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(answer), "%s on %s", name, version)
				assert.Contains(t, answer, name, version)
			}
		}
	}
	for _, o := range ewstest.Operations() {
		if o.Name == "CreateFolderPath" {
			assert.Equal(t, ewstest.Exchange2013, o.Since)
		}
	}
}
