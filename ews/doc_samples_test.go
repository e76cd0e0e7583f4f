package ews_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

var responseElement = regexp.MustCompile(`<(?:\w+:)?(\w+)Response[ >]`)

// TestDocumentationSamples reads every response in Microsoft's documentation, where
// available. Responses to this package's operations are read, or refused with an error
// that explains why; all others are refused, not misread.
func TestDocumentationSamples(t *testing.T) {
	t.Parallel()
	dir, found := shared(t, "ews-doc-samples", "response")
	if !found {
		t.Log("the samples are not available here")
		return
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	require.NoError(t, err)
	read := map[ews.Operation]int{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		name := filepath.Base(path)
		var own ews.Operation
		if m := responseElement.FindSubmatch(b); m != nil {
			own = ews.Operation(m[1])
		}
		for op, decode := range decoders {
			err := decode(t.Context(), once(t, 200, string(b)))
			judge(t, err)
			switch {
			case op != own:
				assert.Error(t, err, "%s read as %s", name, op)
			case err == nil:
				read[op]++
			default:
				t.Logf("%s: %v", name, err)
			}
		}
	}
	for _, op := range []ews.Operation{ews.OpFindItem, ews.OpFindFolder, ews.OpCreateItem, ews.OpConvertID, ews.OpResolveNames,
		ews.OpSyncFolderItems, ews.OpSyncFolderHierarchy, ews.OpCreateAttachment, ews.OpSendItem, ews.OpSubscribe, ews.OpUnsubscribe, ews.OpMarkAsJunk} {
		assert.NotZero(t, read[op], "no sample of %s could be read", op)
	}
}
