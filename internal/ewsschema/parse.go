package ewsschema

import (
	"io"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// Request is a request that matches the schema.
type Request struct {
	// Name is the local name of the operation element, such as "FindItem".
	Name string
	// Operation is that element.
	Operation *Node
	// Header is the SOAP header, nil if absent. Its children in the namespace of
	// EWS types have been validated, but not the others.
	Header *Node
	// Version is the version that the request was validated against: that of its
	// RequestServerVersion, or else Exchange2007.
	Version Version
	// VersionName is RequestServerVersion as sent, empty if absent.
	VersionName string
	// Modelled reports whether the content of the operation was validated. It is
	// false for EWS operations that this package has no model of, so a server can
	// report that it does not support them.
	Modelled bool

	server Version
}

// Limits of a request. Tests keep mail in memory, so a text may be large.
const (
	maxDepth = 300
	maxText  = 512 << 20
)

// Parse reads a request and validates it like a server whose newest schema is
// version server. Its errors are [*SyntaxError], [*Violation], [*VersionError]
// and [*HeaderError]. If the envelope is valid, it returns the request along with
// the error, so the caller knows the operation.
func Parse(r io.Reader, server Version) (*Request, error) {
	root, err := readTree(r)
	if err != nil {
		return nil, err
	}
	return validate(root, server)
}

// readTree reads a document into nodes.
func readTree(r io.Reader) (*Node, error) {
	d := xmlwire.NewDecoder(r, xmlwire.Limits{MaxDepth: maxDepth, MaxText: maxText, Strict: true})
	defer d.Release()
	var root *Node
	if d.NextChild(0) {
		root = readNode(d)
	}
	if err := d.Finish(); err != nil {
		line, column := d.Position()
		return nil, &SyntaxError{Line: line, Position: column, Err: err}
	}
	return root, nil
}

func readNode(d *xmlwire.Decoder) *Node {
	n := &Node{Space: d.Space(), Local: d.Local()}
	n.Line, n.Column = d.Position()
	for name, value := range d.Attrs() {
		n.Attrs = append(n.Attrs, Attr{Space: name.Space, Local: name.Local, Value: value})
	}
	var text strings.Builder
	for depth := d.Depth(); d.NextChildText(depth, &text); {
		n.Children = append(n.Children, readNode(d))
	}
	n.Text = text.String()
	return n
}
