package graphtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Operation is what a request asks for; see [Operations].
type Operation string

// route is an operation with its path and its requirements.
type route struct {
	operation Operation
	method    string
	segments  []string // {name} matches any segment
	roles     []string // one of them is enough
	params    []string // query parameters that it accepts
	national  bool     // it exists in national clouds, too
	serve     func(*call) (*answer, *refusal)
	acts      bool
}

// Operations lists the operations that the server has, in the order of its table.
func Operations() []Operation {
	var all []Operation
	for _, r := range table() {
		if !slices.Contains(all, r.operation) {
			all = append(all, r.operation)
		}
	}
	return all
}

// segmentsOf splits a path: a key may stand in parentheses, as in messages('id').
func segmentsOf(escaped string) ([]string, *refusal) {
	var all []string
	for raw := range strings.SplitSeq(strings.Trim(escaped, "/"), "/") {
		s, err := url.PathUnescape(raw)
		if err != nil {
			return nil, bad("The path is malformed.")
		}
		name, key, ok := strings.Cut(s, "('")
		if key, closed := strings.CutSuffix(key, "')"); ok && closed && !strings.Contains(name, ":") {
			all = append(all, name, strings.ReplaceAll(key, "''", "'"))
			continue
		}
		all = append(all, strings.TrimSuffix(s, "()"))
	}
	return all, nil
}

// missing are segments that Graph has somewhere on the paths of operations, and the
// server does not.
var missing = map[string]bool{
	"me": true, "subscriptions": true, "security": true, "extensions": true, "messageRules": true,
	"sendMail": true, "reply": true, "replyAll": true, "forward": true, "createReply": true, "createReplyAll": true,
	"createForward": true, "inferenceClassification": true, "memberOf": true, "calendar": true, "events": true,
	"search": true, "directoryObjects": true, "organization": true, "outlook": true, "$count": true, "mailboxSettings": true, "createdByUser": true,
}

// find returns the route of a request.
func (s *Server) find(method, escaped string) (*route, []string, *refusal) {
	segments, refused := segmentsOf(escaped)
	if refused != nil {
		return nil, nil, refused
	}
	if segments[0] == "beta" {
		return nil, nil, lacks("the beta endpoint")
	}
	if segments[0] != "v1.0" {
		return nil, nil, bad("Invalid version: %s", segments[0])
	}
	segments = segments[1:]
	var found *route
	reach, there := 0, false
	for i := range s.routes {
		r := &s.routes[i]
		n := r.matches(segments)
		reach = max(reach, n)
		if n < len(segments) || n < len(r.segments) {
			continue
		}
		if s.lacking(r) {
			continue
		}
		there = true
		// A literal segment takes precedence over a name.
		if r.method == method && (found == nil || found.names() > r.names()) {
			found = r
		}
	}
	switch {
	case found != nil:
		return found, segments, nil
	case there && lackingMethods[method]:
		return nil, nil, lacks(method + " of " + escaped[:min(len(escaped), 200)])
	case there:
		return nil, nil, notAllowed()
	case reach < len(segments) && strings.HasSuffix(segments[reach], "ValueExtendedProperties"):
		return nil, nil, notAllowed() // they are not resources of their own
	case reach < len(segments) && missing[segments[reach]]:
		return nil, nil, lacks(segments[reach])
	case reach < len(segments):
		return nil, nil, noSegment(segments[reach])
	case len(segments) == 0:
		return nil, nil, bad("Empty path.")
	}
	return nil, nil, noSegment(segments[len(segments)-1])
}

func notAllowed() *refusal {
	return refuse(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
}

// lackingMethods are methods that Graph supports in places where the server does not.
var lackingMethods = map[string]bool{"PATCH": true, "DELETE": true, "POST": true}

// lacking reports whether the cloud does not have an operation.
func (s *Server) lacking(r *route) bool {
	return s.opts.National && !r.national || s.opts.China && r.operation == OpDeltaMessages
}

// matches returns how many segments fit the route from its beginning.
func (r *route) matches(segments []string) int {
	for i, s := range segments {
		if i >= len(r.segments) {
			return i
		}
		if want := r.segments[i]; want != s && !strings.HasPrefix(want, "{") {
			return i
		}
	}
	return len(segments)
}

// names returns how many segments are placeholders.
func (r *route) names() int {
	n := 0
	for _, s := range r.segments {
		if strings.HasPrefix(s, "{") {
			n++
		}
	}
	return n
}
