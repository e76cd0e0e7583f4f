package ewsschema

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// validate checks the envelope, the headers and the operation.
func validate(root *Node, server Version) (*Request, error) {
	if root.Space != xmlwire.SpaceSOAP || root.Local != "Envelope" {
		return nil, violation(root, "The '%s' element is not declared.", full(root))
	}
	parts := root.Children
	req := &Request{Version: Exchange2007, server: server}
	if len(parts) > 0 && isSOAP(parts[0], "Header") {
		req.Header = parts[0]
		parts = parts[1:]
	}
	if len(parts) != 1 || !isSOAP(parts[0], "Body") {
		return nil, violation(root, "The element 'Envelope' must have one element 'Body', after an optional 'Header', and nothing else.")
	}
	body := parts[0]
	if len(body.Children) != 1 {
		v := violation(body, "The element 'Body' must have one child element.")
		v.Empty = len(body.Children) == 0
		return nil, v
	}
	for _, n := range []*Node{root, req.Header, body} {
		if n == nil {
			continue
		}
		if !blank(n.Text) {
			return nil, violation(n, "The element %s cannot contain text.", quoted(n))
		}
		for _, a := range n.Attrs {
			if a.Space == xmlwire.SpaceNone && n != body {
				return nil, violation(n, "The '%s' attribute is not declared.", a.Local)
			}
		}
	}
	req.Operation = body.Children[0]
	req.Name = req.Operation.Local
	if err := req.version(server); err != nil {
		return req, err
	}
	return req, req.content()
}

// content checks the headers and the operation. It distinguishes what only a newer
// version of the server allows from what none does.
func (r *Request) content() error {
	err := r.matches()
	if _, invalid := errors.AsType[*Violation](err); !invalid || r.Version >= r.server {
		return err
	}
	newer := *r
	newer.Version = r.server
	if newer.matches() == nil {
		return &OutdatedError{Version: r.Version, Newest: r.server}
	}
	return err
}

// matches checks the headers and the operation in the version of the request.
func (r *Request) matches() error {
	if err := r.headers(); err != nil {
		return err
	}
	return r.operation()
}

// version determines the schema version of the request.
func (r *Request) version(server Version) error {
	for _, h := range r.Header.Kids() {
		if h.Space != xmlwire.SpaceTypes || h.Local != "RequestServerVersion" {
			continue
		}
		name, ok := h.Attr("Version")
		if !ok {
			return violation(h, "The required attribute 'Version' is missing.")
		}
		v, ok := ParseVersion(name)
		if !ok || v > server {
			return &VersionError{Value: name}
		}
		r.Version, r.VersionName = v, name
		return nil
	}
	return nil
}

func isSOAP(n *Node, local string) bool {
	return n.Space == xmlwire.SpaceSOAP && n.Local == local
}

func violation(n *Node, format string, args ...any) *Violation {
	return &Violation{Line: n.Line, Position: n.Column, Message: fmt.Sprintf(format, args...)}
}

func blank(s string) bool { return strings.Trim(s, blanks) == "" }

// quoted formats the name of an element as .NET's validator does.
func quoted(n *Node) string {
	if uri := uriOf(n.Space); uri != "" {
		return "'" + n.Local + "' in namespace '" + uri + "'"
	}
	return "'" + n.Local + "'"
}

// full returns the name of an element preceded by its namespace.
func full(n *Node) string {
	if uri := uriOf(n.Space); uri != "" {
		return uri + ":" + n.Local
	}
	return n.Local
}

func uriOf(s xmlwire.Space) string {
	switch s {
	case xmlwire.SpaceTypes:
		return xmlwire.URITypes
	case xmlwire.SpaceMessages:
		return xmlwire.URIMessages
	case xmlwire.SpaceSOAP:
		return xmlwire.URISOAP
	case xmlwire.SpaceErrors:
		return xmlwire.URIErrors
	case xmlwire.SpaceAutodiscover:
		return xmlwire.URIAutodiscover
	}
	return ""
}
