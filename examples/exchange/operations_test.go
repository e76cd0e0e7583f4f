package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func TestHelpListsTheOperations(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run(t.Context(), []string{"-help"}, &stdout, &stderr))
	for _, o := range ewstest.Operations() {
		assert.Contains(t, stderr.String(), "\n    "+string(o.Name))
		assert.Contains(t, stderr.String(), o.Lacks)
	}
	assert.Contains(t, stderr.String(), "CreateFolderPath, since Exchange2013\n")
}
