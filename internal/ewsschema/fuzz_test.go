package ewsschema_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/stretchr/testify/require"
)

// FuzzParse checks that no request makes the parser panic, that errors have the
// documented types, and that the result does not depend on how the request
// arrives.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/valid/*.xml")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		req, err := ewsschema.Parse(bytes.NewReader(b), ewsschema.Exchange2016)
		again, err2 := ewsschema.Parse(iotest.HalfReader(bytes.NewReader(b)), ewsschema.Exchange2016)
		require.Equal(t, err, err2)
		require.Equal(t, req, again)
		if err == nil {
			require.Equal(t, req.Name, req.Operation.Local)
			return
		}
		_, syntax := errors.AsType[*ewsschema.SyntaxError](err)
		_, violation := errors.AsType[*ewsschema.Violation](err)
		_, version := errors.AsType[*ewsschema.VersionError](err)
		_, header := errors.AsType[*ewsschema.HeaderError](err)
		require.True(t, syntax || violation || version || header, "error is %v", err)
	})
}

func BenchmarkParse(b *testing.B) {
	request, err := os.ReadFile("testdata/valid/create_item.xml")
	require.NoError(b, err)
	b.SetBytes(int64(len(request)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ewsschema.Parse(bytes.NewReader(request), ewsschema.Exchange2016); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseLargeText(b *testing.B) {
	data := bytes.Repeat([]byte("AAAA"), 4<<20)
	request := []byte(envelope("Exchange2016", "", `<m:UploadItems><m:Items><t:Item CreateAction="CreateNew"><t:ParentFolderId Id="A"/><t:Data>`+string(data)+`</t:Data></t:Item></m:Items></m:UploadItems>`))
	b.SetBytes(int64(len(request)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ewsschema.Parse(bytes.NewReader(request), ewsschema.Exchange2016); err != nil {
			b.Fatal(err)
		}
	}
}
