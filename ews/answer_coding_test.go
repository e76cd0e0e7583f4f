package ews_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

func packed(t testing.TB, text string, writer func(io.Writer) io.WriteCloser) string {
	t.Helper()
	var b bytes.Buffer
	w := writer(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func utf16Text(s string, order binary.AppendByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(strings.Replace(s, "utf-8", "utf-16", 1))) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// Bodies in a coding other than the one in the header, and in UTF-16, are read; a coding
// that cannot be read is named.
func TestContentCodings(t *testing.T) {
	t.Parallel()
	plain := soap(response(ews.OpGetFolder, goodFolder))
	gz := packed(t, plain, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
	zl := packed(t, plain, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
	raw := packed(t, plain, func(w io.Writer) io.WriteCloser { f, _ := flate.NewWriter(w, 5); return f })
	wide := utf16Text("\uFEFF"+plain, binary.LittleEndian)
	for name, tc := range map[string]struct {
		coding, body string
		wrong        string
	}{
		"gzip":                   {"gzip", gz, ""},
		"GZIP":                   {" GZIP", gz, ""},
		"x-gzip":                 {"x-gzip", gz, ""},
		"gzip without header":    {"", gz, ""},
		"gzip called deflate":    {"deflate", gz, ""},
		"deflate":                {"deflate", zl, ""},
		"deflate without header": {"deflate", raw, ""},
		"plain called gzip":      {"gzip", plain, ""},
		"plain called br":        {"br", "\uFEFF" + plain, ""},
		"identity":               {"identity", plain, ""},
		"UTF-16LE":               {"", wide, ""},
		"UTF-16BE":               {"", utf16Text("\uFEFF"+plain, binary.BigEndian), ""},
		"UTF-16LE without mark":  {"", utf16Text(plain, binary.LittleEndian), ""},
		"UTF-16BE without mark":  {"", utf16Text(plain, binary.BigEndian), ""},
		"UTF-16 in gzip":         {"gzip", packed(t, wide, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }), ""},
		"br":                     {"br", "\x0b\x02\x80xyz", `encoded as "br" (Content-Encoding), which was not asked for`},
		"zlib without header":    {"", zl, "the response is not text"},
		"zstd without header":    {"", "\x28\xb5\x2f\xfd" + zl, "the response is not text"},
		"gzip twice":             {"gzip, gzip", packed(t, gz, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }), "compresses it"},
		"UTF-32":                 {"", "\xFF\xFE\x00\x00<\x00\x00\x00?\x00\x00\x00", "the response is not text"},
		"Japanese page":          {"", "\x1B$B%(%i!<\x1B(B", "a web page instead of SOAP"},
		"no gzip":                {"gzip", "\x28\xb5\x2f\xfdxyz", `encoded as "gzip" (Content-Encoding), but its content is not`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := serve(respondWith(200, tc.body, http.Header{"Content-Encoding": {tc.coding}}))
			got, err := newClient(t, srv, nil).GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}})
			if tc.wrong != "" {
				require.ErrorContains(t, err, tc.wrong)
				assert.False(t, ews.IsTransient(err))
				assert.Equal(t, 1, srv.count())
				return
			}
			require.NoError(t, err)
			require.NoError(t, got[0].Err)
			assert.NotEmpty(t, got[0].Value.ID)
		})
	}
}
