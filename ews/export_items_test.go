package ews_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

func exported(id, data string) string {
	return success(ews.OpExportItems, `<m:ItemId Id="`+id+`" ChangeKey="K"/><m:Data>`+data+`</m:Data>`)
}

func export(t *testing.T, body string, ids ...string) *ews.Exports {
	t.Helper()
	list := make([]ews.ItemID, len(ids))
	for i, id := range ids {
		list[i] = ews.ItemID{ID: id, ChangeKey: "stale"}
	}
	srv := serve(respond(200, body))
	exports, err := newClient(t, srv, &ews.Options{ReadAttempts: 1}).ExportItems(t.Context(), list)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, exports.Close()) })
	assert.NotContains(t, srv.seen()[0].body, "stale", "an outdated change key would be refused")
	return exports
}

// outcome is what a caller got for one item.
type outcome struct {
	id, data string
	err      error
}

func drain(exports *ews.Exports, read func(*ews.Exports) io.Reader) []outcome {
	var all []outcome
	for exports.Next() {
		o := outcome{id: exports.ID().ID, err: exports.ItemErr()}
		if o.err == nil {
			var b strings.Builder
			_, o.err = io.Copy(&b, read(exports))
			o.data = b.String()
		}
		all = append(all, o)
	}
	return all
}

func asText(e *ews.Exports) io.Reader  { return e.Reader() }
func asBytes(e *ews.Exports) io.Reader { return e.Decoded() }
func byteByByte(e *ews.Exports) io.Reader {
	return iotest.OneByteReader(e.Reader())
}

func TestExportItems(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("all MAPI properties\x00\x01\xff", 5_000)
	text := base64.StdEncoding.EncodeToString([]byte(long))
	var lines strings.Builder
	for i := 0; i < len(text); i += 76 {
		lines.WriteString("\r\n\t" + text[i:min(i+76, len(text))])
	}
	wrapped := lines.String()
	body := soap(response(ews.OpExportItems,
		exported("0", text), exported("1", "QUJD"), refusal(ews.OpExportItems, "ErrorItemNotFound"), exported("3", wrapped), exported("4", "QQ==")))
	for name, read := range map[string]func(*ews.Exports) io.Reader{"text": asText, "bytes": asBytes, "byte by byte": byteByByte} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exports := export(t, body, "0", "1", "2", "3", "4")
			got := drain(exports, read)
			require.NoError(t, exports.Err())
			require.Len(t, got, 5)
			for i, want := range []string{text, "QUJD", "", text, "QQ=="} {
				assert.Equal(t, fmt.Sprint(i), got[i].id)
				if i == 2 {
					assert.ErrorIs(t, got[i].err, ews.ErrNotFound)
					continue
				}
				require.NoError(t, got[i].err)
				if name == "bytes" {
					plain, err := base64.StdEncoding.DecodeString(want)
					require.NoError(t, err)
					want = string(plain)
				}
				assert.True(t, want == got[i].data, i)
			}
			assert.False(t, exports.Next())
		})
	}
}

func TestExportItemsSkipping(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("QUJD", 2_500_000) // more than the limit for text held in memory
	exports := export(t, soap(response(ews.OpExportItems, exported("0", large), exported("1", "QUJD"), exported("2", large))), "0", "1", "2")
	require.True(t, exports.Next())
	first := exports.Reader()
	require.True(t, exports.Next())
	assert.Equal(t, 1, exports.Index())
	_, err := first.Read(make([]byte, 10))
	assert.ErrorContains(t, err, "after Exports.Next")
	assert.Equal(t, "QUJD", readAll(t, exports.Reader()))
	require.True(t, exports.Next())
	assert.False(t, exports.Next())
	assert.NoError(t, exports.Err())
}

func TestExportItemsTooFewAnswers(t *testing.T) {
	t.Parallel()
	exports := export(t, soap(response(ews.OpExportItems, exported("0", "QUJD"))), "0", "1", "2")
	got := drain(exports, asText)
	require.Len(t, got, 3)
	assert.NoError(t, got[0].err)
	assert.ErrorIs(t, got[1].err, ews.ErrNotProcessed)
	assert.ErrorIs(t, got[2].err, ews.ErrNotProcessed)
	assert.NoError(t, exports.Err())
}

// TestTruncatedExports: the marker in each form that a server might use. It is never
// passed on, and io.EOF never follows.
func TestTruncatedExports(t *testing.T) {
	t.Parallel()
	const marker = "=== Truncated Data ==="
	data := strings.Repeat("QUJDREVG", 20_000)
	encode := base64.StdEncoding.EncodeToString
	utf16 := strings.Join(strings.Split(marker, ""), "\x00") + "\x00"
	plain, err := base64.StdEncoding.DecodeString(data)
	require.NoError(t, err)
	whole := func(data string) string { return soap(response(ews.OpExportItems, exported("0", data))) }
	cut := func(data string) string { return strings.SplitAfter(whole(data), "QUJDREVG<")[0] }
	for name, body := range map[string]string{
		"as it is":                  whole(data + marker),
		"without blanks":            whole(data + "===TruncatedData==="),
		"in a line of its own":      whole(data + "\r\n" + marker + "\r\n  "),
		"alone":                     whole(marker),
		"after little":              whole("QUJD" + marker),
		"encoded with the data":     whole(encode([]byte(string(plain) + marker))),
		"encoded, other alignment":  whole(encode([]byte("x" + string(plain) + marker))),
		"encoded by itself":         whole(data + encode([]byte(marker))),
		"encoded after the padding": whole(data + "QQ==" + encode([]byte(marker))),
		"encoded as UTF-16":         whole(encode([]byte(string(plain) + utf16))),
		"encoded alone":             whole(encode([]byte(marker))),
		"behind the document":       whole(data) + marker,
		"behind, in a new line":     whole(data) + "\r\n" + marker + "\r\n",
		"instead of the rest":       strings.TrimSuffix(cut(data), "<") + marker,
		"behind the element":        strings.Replace(whole(data), "</m:Data>", "</m:Data>"+marker, 1),
		"behind the message":        strings.Replace(whole(data), "</m:ResponseMessages>", marker+"</m:ResponseMessages>", 1),
		"behind the body":           strings.Replace(whole(data), "</s:Body>", "</s:Body>"+marker, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kind, read := range map[string]func(*ews.Exports) io.Reader{"text": asText, "bytes": asBytes, "byte by byte": byteByByte} {
				exports := export(t, body, "0")
				got := drain(exports, read)
				require.Len(t, got, 1)
				assert.ErrorIs(t, got[0].err, ews.ErrTruncated, kind)
				assert.True(t, ews.IsTransient(got[0].err))
				assert.NotContains(t, strings.ToLower(got[0].data), "truncated", kind)
				assert.NotContains(t, got[0].data, "===", kind)
			}
		})
	}
}

// TestTruncatedExportOfOne: the others in the batch are complete.
func TestTruncatedExportOfOne(t *testing.T) {
	t.Parallel()
	exports := export(t, soap(response(ews.OpExportItems, exported("0", "QUJD"), exported("1", "QUJD=== Truncated Data ==="), exported("2", "REVG"))), "0", "1", "2")
	got := drain(exports, asText)
	require.Len(t, got, 3)
	assert.NoError(t, got[0].err)
	assert.ErrorIs(t, got[1].err, ews.ErrTruncated)
	assert.NoError(t, got[2].err)
	assert.NoError(t, exports.Err())
}

func TestBrokenExports(t *testing.T) {
	t.Parallel()
	whole := soap(response(ews.OpExportItems, exported("0", strings.Repeat("QUJD", 30_000))))
	for name, body := range map[string]string{
		"cut in the data":         whole[:len(whole)/2],
		"cut behind the data":     strings.SplitAfter(whole, "</m:Data>")[0],
		"cut at the last byte":    whole[:len(whole)-1],
		"empty":                   soap(response(ews.OpExportItems, exported("0", ""))),
		"blank":                   soap(response(ews.OpExportItems, exported("0", " \r\n "))),
		"base64 cut":              soap(response(ews.OpExportItems, exported("0", "QUJDQ"))),
		"no data":                 soap(response(ews.OpExportItems, success(ews.OpExportItems, `<m:ItemId Id="0"/>`))),
		"two answers":             soap(response(ews.OpExportItems, exported("0", "QUJD"), exported("0", "QUJD"))),
		"garbage behind":          whole + "x",
		"failure behind the data": strings.Replace(whole, "</m:Data>", "</m:Data><m:ResponseCode>ErrorCorruptData</m:ResponseCode>", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exports := export(t, body, "0")
			got := drain(exports, asText)
			require.Len(t, got, 1)
			require.Error(t, got[0].err)
			assert.NotErrorIs(t, got[0].err, ews.ErrTruncated)
			_, isRefusal := errors.AsType[*ews.ResponseError](got[0].err)
			_, isUnreadable := errors.AsType[*ews.DecodeError](got[0].err)
			assert.True(t, isRefusal || isUnreadable, "%T %v", got[0].err, got[0].err)
		})
	}
	for _, end := range []string{"QUJD===\xfa\xfa\xfa\xfa\xfaTruncatedData===", "QUJD====", "QUJDQ===", "QUJD....", "QQ==QQ=="} {
		exports := export(t, soap(response(ews.OpExportItems, exported("0", strings.Repeat("QUJD", 5000)+end))), "0")
		got := drain(exports, asText)
		require.Len(t, got, 1)
		assert.ErrorContains(t, got[0].err, "not valid base64", end)
	}
	exports := export(t, soap(response(ews.OpExportItems, exported("0", "Q?JD"), exported("1", "QUJD"))), "0", "1")
	got := drain(exports, asBytes)
	require.Len(t, got, 2)
	assert.ErrorContains(t, got[0].err, "not valid base64")
	assert.NoError(t, got[1].err)
}

// TestExportBreaksOffInTheMiddle of a batch: the loop ends with an error.
func TestExportBreaksOffInTheMiddle(t *testing.T) {
	t.Parallel()
	whole := soap(response(ews.OpExportItems, exported("0", "QUJD"), exported("1", strings.Repeat("QUJD", 1000))))
	broken := errors.New("connection reset by peer")
	srv := serve(func(r *http.Request, _ string) (*http.Response, error) {
		resp, err := respond(200, "")(r, "")
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(whole[:len(whole)-1000]), iotest.ErrReader(broken)))
		return resp, err
	})
	exports, err := newClient(t, srv, nil).ExportItems(t.Context(), []ews.ItemID{{ID: "0"}, {ID: "1"}})
	require.NoError(t, err)
	got := drain(exports, asText)
	require.Len(t, got, 2)
	assert.NoError(t, got[0].err)
	assert.ErrorIs(t, got[1].err, broken)
	assert.ErrorIs(t, exports.Err(), broken)
	e, ok := errors.AsType[*ews.TransportError](exports.Err())
	require.True(t, ok)
	assert.False(t, e.Unsent)
	assert.True(t, ews.IsTransient(exports.Err()))
}

func TestExportOfRefusedItem(t *testing.T) {
	t.Parallel()
	exports := export(t, soap(response(ews.OpExportItems, refusal(ews.OpExportItems, "ErrorItemNotFound"))), "0")
	got := drain(exports, asText)
	require.Len(t, got, 1)
	assert.ErrorIs(t, got[0].err, ews.ErrNotFound)
	assert.Equal(t, "0", got[0].id)
	assert.NoError(t, exports.Err())
	_, err := exports.Reader().Read(nil)
	assert.Error(t, err)
}

func TestExportHoldsItsPlace(t *testing.T) {
	t.Parallel()
	body := soap(response(ews.OpExportItems, exported("0", "QUJD"), exported("1", "QUJD")))
	for name, leave := range map[string]func(*ews.Exports){
		"closed":         func(e *ews.Exports) { e.Close(); e.Close() },
		"read":           func(e *ews.Exports) { drain(e, asText); e.Close() },
		"skipped":        func(e *ews.Exports) { e.Next(); e.Next(); e.Next() },
		"closed halfway": func(e *ews.Exports) { e.Next(); io.ReadFull(e.Reader(), make([]byte, 2)); e.Close(); e.Next() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := new(patientLimiter)
			exports, err := newClient(t, serve(respond(200, body)), &ews.Options{Limiter: l}).ExportItems(t.Context(), []ews.ItemID{{ID: "0"}, {ID: "1"}})
			require.NoError(t, err)
			assert.Equal(t, 1, l.held)
			leave(exports)
			assert.Zero(t, l.held)
			assert.Len(t, l.released, 1)
			assert.False(t, exports.Next())
			assert.NoError(t, exports.Err())
		})
	}
}
