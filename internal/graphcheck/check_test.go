package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	const list, move = "/users/a@b/messages", "/users/a@b/messages/x/move"
	for name, test := range map[string]struct {
		e    Exchange
		want string // part of the error
	}{
		"valid":             {Exchange{Method: "GET", Path: list, Query: "$top=5", Status: 200, Response: json.RawMessage(`{"value":[{"id":"1","subject":null,"@odata.etag":"x"}]}`)}, ""},
		"another type":      {Exchange{Method: "GET", Path: list, Status: 200, Response: json.RawMessage(`{"value":[{"@odata.type":"#example.meeting","location":"here"}]}`)}, ""},
		"key as argument":   {Exchange{Method: "GET", Path: "/users('a@b')/messages", Status: 200, Response: json.RawMessage(`{"value":[]}`)}, ""},
		"function":          {Exchange{Method: "GET", Path: "/users/a@b/mailFolders/delta", Query: "$deltatoken=1", Status: 200}, ""},
		"action":            {Exchange{Method: "POST", Path: move, Request: json.RawMessage(`{"destinationId":"inbox"}`), Status: 201}, ""},
		"wrong value":       {Exchange{Method: "POST", Path: move, Request: json.RawMessage(`{"destinationId":1}`), Status: 201}, "request"},
		"wrong parameter":   {Exchange{Method: "GET", Path: list, Query: "$surprise=5", Status: 200, Response: json.RawMessage(`{"value":[]}`)}, "$surprise"},
		"wrong status":      {Exchange{Method: "GET", Path: list, Status: 204}, "status"},
		"wrong answer":      {Exchange{Method: "GET", Path: list, Status: 200, Response: json.RawMessage(`{"value":[{"subject":1}]}`)}, "answer"},
		"unknown property":  {Exchange{Method: "GET", Path: list, Status: 200, Response: json.RawMessage(`{"value":[{"sbject":"x"}]}`)}, "sbject"},
		"of the other type": {Exchange{Method: "GET", Path: list, Status: 200, Response: json.RawMessage(`{"value":[{"location":"x"}]}`)}, "location"},
		"sent":              {Exchange{Method: "POST", Path: "/users/a@b/messages/x/send", Status: 202}, ""},
		"not sent":          {Exchange{Method: "POST", Path: "/users/a@b/messages/x/send", Status: 403, Response: json.RawMessage(`{"error":{"code":"x","message":"y"}}`)}, ""},
		"sent and made":     {Exchange{Method: "POST", Path: "/users/a@b/messages/x/send", Status: 201}, "status"},
		"not described":     {Exchange{Method: "GET", Path: "/groups", Status: 200}, routers.ErrPathNotFound.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := NewChecker("testdata/openapi.yaml")
			require.NoError(t, err)
			if test.e.Request != nil {
				test.e.RequestType = "application/json"
			}
			if test.e.Response != nil {
				test.e.ResponseType = "application/json;odata.metadata=minimal"
			}
			err = c.Check(&test.e)
			if test.want == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var out, problems bytes.Buffer
	args := []string{"-openapi", "testdata/openapi.yaml", dir}
	assert.Equal(t, 1, run(args, &out, &problems), "nothing was checked")
	file := filepath.Join(dir, "0000-ListMessages.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"method":"GET","path":"/users/a/messages","status":200,"responseType":"application/json","response":{"value":[]}}`), 0o600))
	out.Reset()
	assert.Equal(t, 0, run(args, &out, &problems))
	assert.Equal(t, "1 exchanges valid, 0 invalid, 0 not described\n", out.String())
	require.NoError(t, os.WriteFile(file, []byte(`{"method":"GET","path":"/users/a/messages","status":200,"responseType":"application/json","response":{}}`), 0o600))
	out.Reset()
	assert.Equal(t, 1, run(args, &out, &problems))
	assert.Contains(t, out.String(), file)
	assert.Equal(t, 2, run(nil, &out, &problems))
	assert.Equal(t, 2, run([]string{"-openapi", "none", dir}, &out, &problems))
	require.NoError(t, os.WriteFile(file, []byte(`{`), 0o600))
	assert.Equal(t, 2, run(args, &out, &problems))
}
