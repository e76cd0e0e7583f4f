package repository_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

func TestCheckPhrases(t *testing.T) {
	t.Parallel()
	tree := made(t, map[string]string{
		"a.md": "# red fish\n\nA red\nfish. A fine red fish.\n\nred\n\nfish\n\n- red\n- fish\n\n    red fish\n\n| red |\n| fish |\n",
		"a/a.go": "// Package a has a red\n// fish.\npackage a\n\n// red\n//\n// fish\n\n/* A\n   red\n   fish */\n\n" +
			"var redFish = \"red fish\" // red\n\nvar raw = `a\nred\nfish`\n\n" +
			"// red\n\n// fish\n\nvar escaped = \"red\\nfish\" + \"red\" + \"fish\"\n",
		"a/a_test.go":          "package a\n\nfunc f() {\n\tg(\"red fish\")\n}\n",
		"testdata/testdata.go": "// red fish\npackage testdata\n",
		"self.go":              "// red fish\npackage self\n",
	})
	phrases := []repository.Phrase{{
		RE:      regexp.MustCompile(`(\w+ )?red fish`),
		Except:  regexp.MustCompile(`fine red fish$`),
		Instead: "herring",
	}}
	assert.Equal(t, []string{
		`a/a.go:1: "a red fish": write herring`,
		`a/a.go:9: "A red fish": write herring`,
		`a/a.go:13: "red fish": write herring`,
		`a/a.go:15: "a red fish": write herring`,
		`a/a.go:23: "red fish": write herring`,
		`a/a_test.go:4: "red fish": write herring`,
		`a.md:1: "red fish": write herring`,
		`a.md:3: "A red fish": write herring`,
		`a.md:13: "red fish": write herring`,
	}, repository.CheckPhrases(repository.ProseOf(tree), phrases, "self.go"))
}
