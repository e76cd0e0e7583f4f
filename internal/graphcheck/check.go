package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Checker checks exchanges against an OpenAPI description.
type Checker struct {
	doc    *openapi3.T
	router routers.Router
	more   *Checker // for paths that the description lacks; nil: none

	Valid   int
	Unknown int      // the description lacks the path
	Invalid []string // one line for each, with the name of the file
}

// sending describes what is missing from descriptions that cover only the moving of mail.
//
//go:embed send.yaml
var sending []byte

// NewChecker reads a description.
func NewChecker(file string) (*Checker, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		return nil, err
	}
	more, err := openapi3.NewLoader().LoadFromData(sending)
	if err != nil {
		return nil, err
	}
	c, err := newChecker(doc)
	if err == nil {
		c.more, err = newChecker(more)
	}
	return c, err
}

func newChecker(doc *openapi3.T) (*Checker, error) {
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	return &Checker{doc: doc, router: router}, nil
}

// Exchange is a request and its answer, as a capture file contains them.
type Exchange struct {
	Method       string          `json:"method"`
	Path         string          `json:"path"`
	Query        string          `json:"query"`
	Prefer       []string        `json:"prefer"`
	IfMatch      string          `json:"ifMatch"`
	RequestType  string          `json:"requestType"`
	Request      json.RawMessage `json:"request"`
	Status       int             `json:"status"`
	ResponseType string          `json:"responseType"`
	Response     json.RawMessage `json:"response"`
}

// File checks the exchange in a file.
func (c *Checker) File(name string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var e Exchange
	if err := json.Unmarshal(b, &e); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	switch err := c.Check(&e); {
	case errors.Is(err, routers.ErrPathNotFound):
		c.Unknown++
	case err != nil:
		c.Invalid = append(c.Invalid, name+": "+e.Method+" "+e.Path+": "+strings.Join(strings.Fields(err.Error()), " "))
	default:
		c.Valid++
	}
	return nil
}

// Check returns what is invalid in an exchange: routers.ErrPathNotFound if the
// description lacks its path.
func (c *Checker) Check(e *Exchange) error {
	body := plain(e.Request)
	if strings.HasPrefix(e.RequestType, "application/json") {
		body = actionNames(body)
	}
	r, err := http.NewRequest(e.Method, strings.TrimSuffix(c.doc.Servers[0].URL, "/")+written(e.Path)+"?"+e.Query, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if e.RequestType != "" {
		r.Header.Set("Content-Type", e.RequestType)
	}
	if len(e.Prefer) > 0 {
		r.Header["Prefer"] = e.Prefer
	}
	if e.IfMatch != "" {
		r.Header.Set("If-Match", e.IfMatch)
	}
	route, parameters, err := c.router.FindRoute(r)
	if err != nil && c.more != nil {
		return c.more.Check(e)
	}
	if err != nil {
		return routers.ErrPathNotFound
	}
	for name := range r.URL.Query() {
		if route.Operation.Parameters.GetByInAndName("query", name) == nil && !strings.HasSuffix(name, "token") {
			return fmt.Errorf("the parameter %s is not described", name)
		}
	}
	in := &openapi3filter.RequestValidationInput{Request: r, Route: route, PathParams: parameters, Options: &openapi3filter.Options{MultiError: true}}
	if err := openapi3filter.ValidateRequest(in.Request.Context(), in); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	return c.answered(in, e)
}

// answered checks the answer.
func (c *Checker) answered(in *openapi3filter.RequestValidationInput, e *Exchange) error {
	answer := plain(e.Response)
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: e.Status, Header: http.Header{"Content-Type": {e.ResponseType}},
		Body:    io.NopCloser(bytes.NewReader(answer)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if e.ResponseType == "" {
		out.Header = http.Header{}
	}
	if err := openapi3filter.ValidateResponse(in.Request.Context(), out); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return c.named(in.Route, e.Status, answer)
}

// plain returns a body that a capture holds as JSON or, if it is not JSON, as a string.
func plain(raw json.RawMessage) []byte {
	var text string
	if json.Unmarshal(raw, &text) == nil && len(raw) > 0 {
		return []byte(text)
	}
	return raw
}

var key = regexp.MustCompile(`^(\w+)\('([^']*)'\)$`)

// written returns a path in the form that descriptions use: keys are segments, and
// functions have parentheses.
func written(path string) string {
	var all []string
	for s := range strings.SplitSeq(path, "/") {
		if m := key.FindStringSubmatch(s); m != nil {
			all = append(all, m[1], m[2])
			continue
		}
		if s == "delta" {
			s = "delta()"
		}
		all = append(all, s)
	}
	return strings.Join(all, "/")
}

// actions are the parameters of actions as the metadata spells them. The service accepts
// them in any case.
var actions = map[string]string{
	"destinationid": "DestinationId", "itemids": "ItemIds", "inputids": "InputIds",
	"sourceidtype": "SourceIdType", "targetidtype": "TargetIdType",
}

func actionNames(body []byte) []byte {
	var o map[string]json.RawMessage
	if json.Unmarshal(body, &o) != nil {
		return body
	}
	renamed := make(map[string]json.RawMessage, len(o))
	for name, v := range o {
		if known := actions[strings.ToLower(name)]; known != "" {
			name = known
		}
		renamed[name] = v
	}
	b, _ := json.Marshal(renamed)
	return b
}
