package graph_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

const text64 = "AAEC+/8=" // with characters that JSON writers escape

func TestExport(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"value":[{"itemId":"id","changeKey":"c","data":"AAEC+/8="}]}`,
		`{"@odata.context":{"a":["]}",1,"\""]},"value":[{"Data":"AAEC\u002B\/8\u003D","error":null,"itemId":"id","more":-1.5e3}],"x":null}  `,
		"\ufeff" + ` { "Value" : [ { "data" : "AAEC+/8=" , "itemId" : "id" } ] } `,
	} {
		s := script(answer(200, body))
		e, err := mailbox(t, s).ExportItem(t.Context(), "MBX:a@b", "id")
		require.NoError(t, err, body)
		got, err := io.ReadAll(e)
		require.NoError(t, err, body)
		assert.Equal(t, text64, string(got))
		require.NoError(t, e.Close())
		assert.JSONEq(t, `{"itemIds":["id"]}`, s.asked[0].body)
		assert.Equal(t, testRoot+"/v1.0/admin/exchange/mailboxes/MBX:a@b/exportItems", s.asked[0].url)
	}
}

func TestExportThatIsNotWhole(t *testing.T) {
	t.Parallel()
	marker := base64.StdEncoding.EncodeToString([]byte("abc===Truncated Data==="))
	for what, body := range map[string]string{
		"cut in the text":     `{"value":[{"itemId":"id","data":"AAEC`,
		"cut after the text":  `{"value":[{"itemId":"id","data":"AAEC+/8="`,
		"cut before the end":  `{"value":[{"itemId":"id","data":"AAEC+/8="}]`,
		"not base64":          `{"value":[{"itemId":"id","data":"AA_C+/8="}]}`,
		"odd":                 `{"value":[{"itemId":"id","data":"AAEC+/8"}]}`,
		"padding in it":       `{"value":[{"itemId":"id","data":"AA==AAAA"}]}`,
		"empty":               `{"value":[{"itemId":"id","data":""}]}`,
		"no text":             `{"value":[{"itemId":"id","data":null}]}`,
		"nothing":             `{"value":[]}`,
		"no value":            `{"values":[]}`,
		"another item":        `{"value":[{"itemId":"ID","data":"AAEC+/8="}]}`,
		"another, after":      `{"value":[{"data":"AAEC+/8=","itemId":"ID"}]}`,
		"two items":           `{"value":[{"itemId":"id","data":"AAEC+/8="},{"itemId":"id","data":"AAEC+/8="}]}`,
		"two texts":           `{"value":[{"itemId":"id","data":"AAEC+/8=","data":"AAEC+/8="}]}`,
		"an error after":      `{"value":[{"itemId":"id","data":"AAEC+/8=","error":{"code":"ErrorCorruptData"}}]}`,
		"an error at the end": `{"value":[{"itemId":"id","data":"AAEC+/8="}],"error":{"code":"x"}}`,
		"something after":     `{"value":[{"itemId":"id","data":"AAEC+/8="}]}{`,
		"the marker":          `{"value":[{"itemId":"id","data":"` + marker + `"}]}`,
		"a page":              `<html>`,
		"nothing at all":      ``,
		"depth":               `{"x":` + strings.Repeat("[", 1000),
	} {
		e, err := mailbox(t, script(answer(200, body), answer(200, body))).ExportItem(t.Context(), "MBX:1", "id")
		if err == nil {
			var n int64
			n, err = io.Copy(io.Discard, e)
			assert.LessOrEqual(t, n, int64(64), what)
			e.Close()
		}
		if assert.Error(t, err, what) {
			refused, ok := errors.AsType[*graph.Error](err)
			require.True(t, ok, "%s: %T", what, err)
			assert.True(t, refused.NotExecuted(), what)
		}
	}
}

func TestExportOfAnItemThatFails(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"value":[{"itemId":"id","Error":{"code":"ErrorItemNotFound","message":"x"}}]}`,
		`{"value":[{"error":{"code":"ErrorItemNotFound"},"data":null,"itemId":"id"}]}`,
	} {
		_, err := mailbox(t, script(answer(200, body))).ExportItem(t.Context(), "MBX:1", "id")
		assert.ErrorIs(t, err, graph.ErrGone)
	}
}

// Which spelling of an id an export answers with is not documented.
func TestExportInAnotherSpelling(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("A", 147)
	for _, ids := range [][2]string{
		{long + "-_A=", long + "/+A="},                  // the alphabet of EWS
		{long + "-_A=", strings.Repeat("i", 72)},        // an id that survives a move
		{strings.Repeat("i", 70) + "-_", long + "/+A="}, // and the reverse
	} {
		body := `{"value":[{"itemId":"` + ids[1] + `","changeKey":"c","data":"AAEC+/8="}]}`
		e, err := mailbox(t, script(answer(200, body))).ExportItem(t.Context(), "MBX:a@b", ids[0])
		require.NoError(t, err)
		got, err := io.ReadAll(e)
		require.NoError(t, err)
		assert.Equal(t, text64, string(got))
		require.NoError(t, e.Close())
	}
}

const importURL = "https://outlook.example.test/api/gv1.0/Mailboxes('MBX:1')/importItem?authtoken=eyJsecretsecretsecret"

func session(t *testing.T, s *server, more ...func(*graph.Options)) (graph.Mailbox, graph.ImportSession) {
	t.Helper()
	m := mailbox(t, s, more...)
	got, err := m.NewImportSession(t.Context(), "MBX:1")
	require.NoError(t, err)
	require.True(t, got.Good())
	return m, got
}

func newSession() func(*http.Request) (*http.Response, error) {
	return answer(201, `{"importUrl":"`+importURL+`","expirationDateTime":"2099-01-01T00:00:00Z"}`)
}

func TestImport(t *testing.T) {
	t.Parallel()
	s := script(newSession(), answer(200, `{"itemId":"new","changeKey":"c"}`))
	m, into := session(t, s)
	id, err := m.Import(t.Context(), into, `f"1`, strings.NewReader(text64), 0)
	require.NoError(t, err)
	assert.Equal(t, "new", id)
	assert.JSONEq(t, `{"FolderId":"f\"1","Mode":"create","Data":"AAEC+/8="}`, s.asked[1].body)
	assert.Equal(t, importURL, s.asked[1].url)
	assert.Empty(t, s.asked[1].header.Get("Authorization"))
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		assert.NotContains(t, fmt.Sprintf(format, into), "secret")
	}
}

func TestImportIsSentOnce(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		answer   func(*http.Request) (*http.Response, error)
		executed bool
	}{
		"429":          {answer(429, `{"Message":"slow: eyJsecretsecretsecret"}`, "Retry-After", "1"), false},
		"401":          {answer(401, `{"Message":"over"}`), false},
		"503":          {answer(503, ``), true},
		"no id":        {answer(200, `{}`), true},
		"cut":          {breaks(io.ErrUnexpectedEOF), true},
		"nothing read": {breaks(errors.New("broken")), true},
	} {
		s := script(newSession(), c.answer, answer(200, `{"itemId":"second"}`))
		m, into := session(t, s)
		_, err := m.Import(t.Context(), into, "f", strings.NewReader(text64), 0)
		e, ok := errors.AsType[*graph.Error](err)
		require.True(t, ok, what)
		assert.Equal(t, c.executed, !e.NotExecuted(), what)
		assert.NotContains(t, err.Error(), "secret", what)
		assert.NotContains(t, err.Error(), "outlook", what)
		assert.Equal(t, what == "401", graph.SessionOver(err), what)
		assert.False(t, errors.Is(err, graph.ErrSignIn), what)
		assert.Len(t, s.asked, 2, what)
	}
}

func TestImportOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := script(newSession(), answer(200, `{"itemId":"new"}`))
	m, into := session(t, s)
	_, err := m.Import(t.Context(), into, "f", io.MultiReader(strings.NewReader("AAEC"), failing{}), 0)
	failed, ok := errors.AsType[*graph.SourceError](err)
	require.True(t, ok, "%v", err)
	assert.True(t, failed.NotExecuted())
	assert.ErrorIs(t, err, graph.ErrTruncated)
	assert.Len(t, s.asked, 1, "the request was never whole")
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, graph.ErrTruncated }

func TestImportAnsweredTooEarly(t *testing.T) {
	t.Parallel()
	s := script(newSession())
	m, into := session(t, s, func(o *graph.Options) {
		o.ImportTransport = roundTripper(func(r *http.Request) (*http.Response, error) {
			return answer(200, `{"itemId":"of whom?"}`)(r)
		})
	})
	_, err := m.Import(t.Context(), into, "f", strings.NewReader(text64), 0)
	e, ok := errors.AsType[*graph.Error](err)
	require.True(t, ok)
	assert.False(t, e.NotExecuted())
}

func TestImportURLs(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"", "http://outlook.example.test/x?authtoken=secret", "ftp://x/secret", "https://u:secret@x/", "/secret"} {
		_, err := mailbox(t, script(answer(200, `{"importUrl":"`+link+`"}`))).NewImportSession(t.Context(), "MBX:1")
		require.Error(t, err, link)
		assert.NotContains(t, err.Error(), "secret")
	}
	got, err := mailbox(t, script(answer(200, `{"importUrl":"https://x/","expirationDateTime":"2020-01-01T00:00:00Z"}`))).NewImportSession(t.Context(), "MBX:1")
	require.NoError(t, err)
	assert.False(t, got.Good())
	assert.False(t, graph.ImportSession{}.Good())
}

// Uploads wait for their budget before they begin: for as long as their declared size
// requires; then the actual size counts.
func TestImportsKeepTheUploadBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := script(answer(201, `{"importUrl":"`+importURL+`"}`), answer(200, `{"itemId":"1"}`), answer(200, `{"itemId":"2"}`), answer(200, `{"itemId":"3"}`))
		m, into := session(t, s, func(o *graph.Options) { o.Budget = graph.NewWindows() })
		began := time.Now()
		for _, size := range []int64{60_000_000, 0, 60_000_000} {
			_, err := m.Import(t.Context(), into, "f", strings.NewReader(text64), size)
			require.NoError(t, err)
			if size == 0 {
				assert.Zero(t, time.Since(began))
			}
		}
		assert.GreaterOrEqual(t, time.Since(began), graph.UploadWindow)
	})
}

// A large item is streamed: the memory in use does not depend on its size.
func TestTransferHoldsNothing(t *testing.T) {
	const size = 133_000_000
	open := answer(200, "")
	s := script(newSession())
	var most, before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m, into := session(t, s, func(o *graph.Options) {
		o.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/createImportSession") {
				return s.RoundTrip(r)
			}
			resp, _ := open(r)
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"value":[{"itemId":"id","data":"`),
				io.LimitReader(endless{}, size), strings.NewReader(`"}]}`)))
			return resp, nil
		})
		o.ImportTransport = roundTripper(func(r *http.Request) (*http.Response, error) {
			n, err := io.Copy(io.Discard, r.Body)
			if err != nil {
				return nil, err
			}
			assert.Greater(t, n, int64(size))
			runtime.ReadMemStats(&most)
			return answer(200, `{"itemId":"new"}`)(r)
		})
	})
	e, err := m.ExportItem(t.Context(), "MBX:1", "id")
	require.NoError(t, err)
	defer e.Close()
	_, err = m.Import(t.Context(), into, "f", e, 0)
	require.NoError(t, err)
	allocated := int64(most.TotalAlloc - before.TotalAlloc)
	t.Logf("%d MB carried with %d kB allocated", size/1_000_000, allocated/1000)
	assert.Less(t, allocated, int64(4<<20))
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'A'
	}
	return len(p), nil
}

func FuzzExport(f *testing.F) {
	f.Add(`{"value":[{"itemId":"id","changeKey":"c","data":"AAEC+/8="}]}`)
	f.Add(`{"value":[{"itemId":"id","Error":{"code":"ErrorItemNotFound","message":"x"}}]}`)
	f.Add(`{"a":[1,{"b":"\ud83d\ude00"}],"value":[{"data":"AAEC\u002B\/8\u003D"}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		m := mailbox(t, script(answer(200, body), answer(200, body)))
		e, err := m.ExportItem(t.Context(), "MBX:1", "id")
		if err != nil {
			return
		}
		defer e.Close()
		got, err := io.ReadAll(e)
		if err != nil {
			return
		}
		if _, err := base64.StdEncoding.DecodeString(string(got)); err != nil {
			t.Errorf("%q was taken for base64", got)
		}
	})
}
