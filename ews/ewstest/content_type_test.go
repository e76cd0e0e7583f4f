package ewstest_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// posted returns a request for EWS.
func posted(ctx context.Context, t testing.TB, url string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	return req
}

// TestContentTypes: Exchange accepts text/xml and nothing else.
func TestContentTypes(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	srv := ewstest.NewServer(&ewstest.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	t.Cleanup(srv.Close)
	const mismatch = "Cannot process the message because the content type '%' was not the expected type 'text/xml; charset=utf-8'."
	for kind, want := range map[string]string{
		"text/xml":                          "",
		"text/xml; charset=utf-8":           "",
		"text/xml;charset=UTF-8":            "",
		"Text/XML; charset=iso-8859-1":      "",
		"text/xml; action=x":                "",
		" text/xml ":                        "",
		"":                                  "Missing Content Type",
		"text/xml ; charset=utf-8":          mismatch,
		"application/soap+xml":              mismatch,
		"application/xml; charset=utf-8":    mismatch,
		"application/x-www-form-urlencoded": mismatch,
		"text/plain; charset=utf-8":         mismatch,
		"text/xmlx":                         mismatch,
		"; text/xml":                        mismatch,
	} {
		for name, rt := range map[string]http.RoundTripper{srv.URL(): srv.Transport(), srv.DirectURL(): srv.Direct()} {
			req := posted(t.Context(), t, name, strings.NewReader(envelope(inboxXML(alice))))
			req.Header["Content-Type"] = []string{kind}
			if kind == "" {
				req.Header.Del("Content-Type")
			}
			res, err := srv.As(rt, "svc").RoundTrip(req)
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			if want == "" {
				assert.Equal(t, http.StatusOK, res.StatusCode, kind)
				continue
			}
			assert.Equal(t, http.StatusUnsupportedMediaType, res.StatusCode, kind)
			assert.Equal(t, strings.Replace(want, "%", kind, 1), string(body))
			assert.Contains(t, log.String(), "status=415 user=svc", "whose client it is looks there")
			log.Reset()
		}
	}
	for _, r := range srv.Requests() {
		assert.NotEqual(t, "Invalid", string(r.Operation), "what is refused is no request")
	}
}

// TestContentTypeOfStrangers: a caller who has not signed in is told that first.
func TestContentTypeOfStrangers(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL(), strings.NewReader("{}"))
	require.NoError(t, err)
	res, err := srv.Transport().RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
}
