//go:build graphschema

package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sample is a request and answer from a reference page.
type sample struct {
	Request struct {
		URL        string `json:"url"`
		ExampleURL string `json:"exampleUrl"`
		Method     string `json:"method"`
	} `json:"request"`
	Response struct {
		Status int             `json:"statusCode"`
		Body   json.RawMessage `json:"body"`
	} `json:"response"`
}

// TestSamples checks the samples on Microsoft's reference pages against the description
// that judges the Graph for tests, to find out how reliable that judge is. It is built
// with -tags graphschema, and takes the folder of both from GRAPH_SCHEMA_DIR. Names of
// enumerations may be in any case, and a sample may have 200 where its page has 201.
func TestSamples(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("GRAPH_SCHEMA_DIR")
	require.NotEmpty(t, dir, "set GRAPH_SCHEMA_DIR to the folder with openapi-subset.yaml and doc-samples.json")
	c, err := NewChecker(filepath.Join(dir, "openapi-subset.yaml"))
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(dir, "doc-samples.json"))
	require.NoError(t, err)
	var all struct{ Mocks []sample }
	require.NoError(t, json.Unmarshal(b, &all))
	require.Len(t, all.Mocks, 57)
	valid, wrong, others := 0, 0, 0
	for _, s := range all.Mocks {
		e := s.exchange(t)
		if e == nil {
			others++
			continue
		}
		err := c.answers(e)
		if err != nil && e.Status == 200 && strings.Contains(err.Error(), "status") {
			e.Status = 201
			err = c.answers(e)
		}
		if err != nil {
			e.Response = lowered(e.Response)
			err = c.answers(e)
		}
		switch {
		case errors.Is(err, routers.ErrPathNotFound):
			others++
		case err != nil && slices.ContainsFunc(odd, func(name string) bool { return strings.HasSuffix(err.Error(), name) }):
			wrong++
		case assert.NoError(t, err, "%s %s", e.Method, e.Path):
			valid++
		}
	}
	t.Logf("%d samples are valid, %d have a property that their type does not, %d are of other paths or have no JSON", valid, wrong, others)
	assert.Equal(t, []int{27, 4, 26}, []int{valid, wrong, others})
}

// exchange returns the sample as an exchange, or nil if its answer is not JSON.
func (s *sample) exchange(t *testing.T) *Exchange {
	address := s.Request.ExampleURL
	if address == "" {
		address = s.Request.URL
	}
	address, _, _ = strings.Cut(address, "?")
	u, err := url.Parse(address)
	require.NoError(t, err)
	path := strings.TrimPrefix(strings.TrimSuffix(u.EscapedPath(), "/"), "/v1.0")
	if rest, ok := strings.CutPrefix(path, "/me/"); ok {
		path = "/users/me/" + rest
	}
	body := plain(s.Response.Body)
	if !json.Valid(body) || string(body) == "null" {
		return nil
	}
	return &Exchange{Method: s.Request.Method, Path: path, Status: s.Response.Status, ResponseType: "application/json", Response: body}
}

// answers checks the answer of an exchange, whatever the request.
func (c *Checker) answers(e *Exchange) error {
	r, err := http.NewRequest(e.Method, strings.TrimSuffix(c.doc.Servers[0].URL, "/")+written(e.Path), nil)
	if err != nil {
		return err
	}
	route, parameters, err := c.router.FindRoute(r)
	if err != nil {
		return routers.ErrPathNotFound
	}
	return c.answered(&openapi3filter.RequestValidationInput{Request: r, Route: route, PathParams: parameters}, e)
}

// odd are properties of samples that their types do not have: a misspelt name, and those
// of a file and a meeting message that do not name their type.
var odd = []string{"createDateTime", "contentBytes", "contentId", "meetingMessageType"}

// lowered writes the names of enumerations as the description does, and a time where a
// sample only indicates that there is one.
func lowered(b []byte) []byte {
	return []byte(strings.NewReplacer(`"Normal"`, `"normal"`, `"Focused"`, `"focused"`, `"High"`, `"high"`, `"datetime-value"`, `"2026-11-24T10:00:00Z"`).Replace(string(b)))
}
