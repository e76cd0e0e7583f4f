package ewstest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// codesInSources returns the response codes that the server can send on its own, which
// appear in its source as strings.
func codesInSources(t *testing.T) map[string]bool {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.go", "../../internal/mailstore/*.go", "../../internal/ewsschema/*.go"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		files = append(files, found...)
	}
	code := regexp.MustCompile(`^Error[A-Z]\w+$`)
	all := make(map[string]bool)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for n := range ast.Preorder(file) {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				continue
			}
			text, err := strconv.Unquote(lit.Value)
			require.NoError(t, err)
			if code.MatchString(text) {
				all[text] = true
			}
		}
	}
	maps.DeleteFunc(all, func(name string, _ bool) bool {
		return name == "ErrorCode" || name == "ErrorMessage" || name == "ErrorSubscriptionIds" // elements
	})
	return all
}

// TestEveryCodeHasItsText: clients show the text of a refusal to people.
func TestEveryCodeHasItsText(t *testing.T) {
	t.Parallel()
	all := codesInSources(t)
	assert.Greater(t, len(all), 140)
	c := newCaller(t, ewstest.Options{})
	said := make(map[string]string)
	for name := range all {
		c.srv.FailNext("", ewstest.FaultCode(ews.ResponseCode(name)))
		answer := c.do(inboxXML(alice))
		require.Equal(t, []string{name}, codes(answer))
		text := strings.Join(texts(answer, "Message"), "")
		assert.NotEmpty(t, text, name)
		assert.NotContains(t, text, name, "a text that only repeats the code")
		assert.Empty(t, said[text], "two codes with the text of %s", name)
		said[text] = name
	}
}
