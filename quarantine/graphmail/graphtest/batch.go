package graphtest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxParts is how many requests a batch may have.
const maxParts = 20

// part is a request of a batch.
type part struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

// batch answers several requests in one, each with its own status; a request whose
// dependency failed is not tried. Each part has its own preferences
// (https://learn.microsoft.com/en-us/graph/json-batching).
func batch(ctx context.Context, c *call) (*answer, *refusal) {
	var b struct {
		Requests []part `json:"requests"`
	}
	if refused := c.isJSON(); refused != nil {
		return nil, refused
	}
	if err := json.Unmarshal(c.in.body, &b); err != nil {
		return nil, bad("Invalid batch payload format.")
	}
	if len(b.Requests) == 0 || len(b.Requests) > maxParts {
		return nil, bad("A batch has 1 to %d requests.", maxParts)
	}
	seen := map[string]int{}
	responses := []object{}
	for _, p := range b.Requests {
		if _, twice := seen[p.ID]; p.ID == "" || twice {
			return nil, bad("Each request of a batch needs its own id.")
		}
		for _, d := range p.DependsOn {
			if _, ok := seen[d]; !ok {
				return nil, bad("The request %s depends on %s, which does not stand before it.", p.ID, d)
			}
		}
		seen[p.ID] = 0
	}
	parsed := make(map[string]parsedQuery)
	for _, p := range b.Requests {
		var response object
		if slices.ContainsFunc(p.DependsOn, func(d string) bool { return seen[d] >= 400 || seen[d] == 0 }) {
			response = object{"id": p.ID, "status": http.StatusFailedDependency, "body": object{"error": object{"code": "FailedDependency", "message": "Failed dependency."}}}
		} else {
			response = c.answerPart(ctx, p, parsed)
		}
		seen[p.ID], _ = response["status"].(int)
		responses = append(responses, response)
	}
	slices.Reverse(responses) // they may come in any order
	return jsonAnswer(http.StatusOK, object{"responses": responses}), nil
}

func (c *call) answerPart(ctx context.Context, p part, parsed map[string]parsedQuery) object {
	header := http.Header{}
	for name, value := range p.Headers {
		header.Set(name, value)
	}
	in := &incoming{method: p.Method, base: c.in.base, header: header, part: true, socket: c.in.socket}
	path, query, _ := strings.Cut(p.URL, "?")
	u := &url.URL{Path: path}
	if plain, err := url.PathUnescape(path); err == nil {
		u.Path, u.RawPath = plain, path
	}
	in.path, in.query = "/v1.0/"+strings.TrimPrefix(u.EscapedPath(), "/"), query
	if len(p.Body) > 0 && string(p.Body) != "null" {
		in.body = p.Body
		var text string
		if !strings.HasPrefix(strings.ToLower(header.Get("Content-Type")), "application/json") && json.Unmarshal(p.Body, &text) == nil {
			in.body = []byte(text)
		}
	}
	one := &call{server: c.server, in: in, batch: parsed}
	one.preferences()
	a := c.server.handle(ctx, one, func() *refusal {
		one.app = c.app
		if in.path == "/v1.0/$batch" {
			return bad("A batch cannot be in a batch.")
		}
		return nil
	})
	body, _ := a.reader()
	b, _ := io.ReadAll(body)
	headers := object{}
	for name, values := range a.header {
		headers[name] = strings.Join(values, ", ")
	}
	response := object{"id": p.ID, "status": a.status, "headers": headers}
	switch {
	case len(b) == 0:
	case strings.HasPrefix(a.header.Get("Content-Type"), "application/json") && json.Valid(b):
		response["body"] = json.RawMessage(b)
	default:
		response["body"] = base64.StdEncoding.EncodeToString(b)
	}
	return response
}
