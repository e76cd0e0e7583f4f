package graph_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

// The addresses of imports and uploads are secrets, whoever quotes them: a transport, the
// other host, or its redirects.
func TestLinksLeakNowhere(t *testing.T) {
	t.Parallel()
	const token = "eyJsecret+secret/secret=="
	link := "https://outlook.example.test/api/x?authtoken=" + url.QueryEscape(token)
	quoted := strings.NewReplacer("%", `\u0025`).Replace(link)
	for name, reply := range map[string]func(*http.Request) (*http.Response, error){
		"url.Error": func(r *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: errors.New("connection refused")}
		},
		"wrapped": func(r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("proxy: %s: %w", r.URL, errors.New("no"))
		},
		"token":      func(r *http.Request) (*http.Response, error) { return nil, errors.New("bad token " + token) },
		"structured": func(r *http.Request) (*http.Response, error) { return nil, fmt.Errorf("%+v", *r.URL) },
		"message":    answer(400, `{"Message":"The URL `+quoted+` is not good: `+token+`"}`),
		"code":       answer(400, `{"error":{"code":"`+token+`","message":"x","innerError":{"code":"`+quoted+`","request-id":"`+token+`"}}}`),
		"redirect":   answer(307, ``, "Location", link),
		"request id": answer(500, ``, "request-id", token),
		"page":       answer(502, `<html>`+link+`</html>`),
		"success":    answer(200, `{"itemId":"","url":"`+quoted+`"}`),
		"nonsense":   answer(200, link),
	} {
		for _, what := range []string{"import", "upload"} {
			var wire bytes.Buffer
			var told []graph.Call
			again := []func(*http.Request) (*http.Response, error){reply, reply, reply, reply, reply, reply, reply, reply, reply, reply}
			first := answer(200, `{"importUrl":"`+link+`"}`)
			if what == "upload" {
				first = answer(201, `{"uploadUrl":"`+link+`"}`)
			}
			s := script(append([]func(*http.Request) (*http.Response, error){first}, again...)...)
			m := mailbox(t, s, func(o *graph.Options) {
				o.Wire, o.Attempts = &wire, 1
				o.OnCall = func(_ context.Context, c graph.Call) { told = append(told, c) }
			})
			var err error
			var session graph.ImportSession
			if what == "import" {
				session, err = m.NewImportSession(t.Context(), "MBX:1")
				if assert.NoError(t, err) {
					_, err = m.Import(t.Context(), session, "f", strings.NewReader("QUJD"), 3)
				}
			} else {
				err = m.Upload(t.Context(), "1", graph.Attachment{Name: "a"}, 4<<20, bytes.NewReader(make([]byte, 4<<20)))
			}
			if !assert.Error(t, err, name) {
				continue
			}
			texts := []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%v %+v %s %x", session, session, session, session), wire.String()}
			for e := err; e != nil; e = errors.Unwrap(e) {
				texts = append(texts, e.Error(), fmt.Sprintf("%+v %#v", e, e))
			}
			for _, c := range told {
				texts = append(texts, fmt.Sprintf("%+v", c))
			}
			for _, text := range texts {
				for _, secret := range []string{token, url.QueryEscape(token), "eyJsecret"} {
					assert.NotContains(t, text, secret, "%s of an %s", name, what)
				}
			}
		}
	}
}
