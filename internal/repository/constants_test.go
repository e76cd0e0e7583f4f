package repository_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

func TestConstants(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("a.go", "package a\n\ntype Fruit string\n\nconst (\n\tApple Fruit = \"apple\"\n\tOther string = \"x\"\n)\n")
	write("b.go", "package a\n\nconst Pear Fruit = `pear`\n")
	write("a_test.go", "package a\n\nconst Fake Fruit = \"fake\"\n")
	got, err := repository.Constants(dir, "Fruit")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"Apple": "apple", "Pear": "pear"}, got)
	_, err = repository.Constants(dir, "Vegetable")
	assert.ErrorContains(t, err, "no constants of type Vegetable")
}
