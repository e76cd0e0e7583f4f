package ews_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

func TestClass(t *testing.T) {
	t.Parallel()
	for code, want := range map[ews.ResponseCode]ews.ErrorClass{
		"NoError": ews.ClassOK, "ErrorReadReceiptNotPending": ews.ClassNothingToDo, "ErrorStaleObject": ews.ClassRefresh,
		"ErrorServerBusy": ews.ClassBackOff, "ErrorItemNotFound": ews.ClassItem, "ErrorQuotaExceeded": ews.ClassMailbox,
		"ErrorMailboxMoveInProgress": ews.ClassMailboxLater, "ErrorAccessDenied": ews.ClassConfig, "ErrorSchemaValidation": ews.ClassRequest,
		"ErrorMoveCopyFailed": ews.ClassAmbiguous, "ErrorBatchProcessingStopped": ews.ClassSkipped,
		"ErrorFromTheFuture": ews.ClassUnknown, "": ews.ClassUnknown, "errorserverbusy": ews.ClassUnknown,
	} {
		assert.Equal(t, want, ews.Class(code), code)
	}
}

// shared returns the path of material that exists next to the repository only on
// some machines.
func shared(t testing.TB, elements ...string) (string, bool) {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		require.NotEqual(t, parent, dir, "no go.mod above")
		dir = parent
	}
	path := filepath.Join(append([]string{dir, "..", "shared"}, elements...)...)
	_, err = os.Stat(path)
	return path, err == nil
}

// TestClassFollowsTable compares with the table of all codes, where available.
func TestClassFollowsTable(t *testing.T) {
	t.Parallel()
	path, found := shared(t, "ews-response-codes.tsv")
	if !found {
		t.Log("the table of all codes is not available here")
		return
	}
	table, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := bytes.Split(bytes.TrimSpace(table), []byte("\n"))
	for _, line := range lines[1:] {
		fields := strings.Split(string(line), "\t")
		want := ews.ErrorClass(fields[1])
		if want == "-" {
			want = ews.ClassUnknown
		}
		assert.Equal(t, want, ews.Class(ews.ResponseCode(fields[0])), fields[0])
	}
}
