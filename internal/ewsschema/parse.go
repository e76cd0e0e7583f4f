package ewsschema

import (
	"io"
	"slices"
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
	// Version is the version against which the request was validated: that of its
	// RequestServerVersion, or else Exchange2007.
	Version Version
	// VersionName is RequestServerVersion as sent, empty if absent.
	VersionName string
	// Modelled reports whether the content of the operation was validated. It is false
	// for EWS operations that this package does not model, so that a server can report
	// that it does not support them.
	Modelled bool

	server Version
}

// Limits of a request. Tests keep mail in memory, so a text may be large.
const (
	maxDepth = 300
	maxText  = 512 << 20
)

// Parse reads a request and validates it like a server whose newest schema is version
// server. Its errors are [*SyntaxError], [*Violation], [*VersionError], [*OutdatedError],
// [*HeaderError] and [*UnderstandError]. If the envelope is valid, it returns the request
// along with the error, so that the caller knows the operation.
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
	t := tree{d: d}
	var root *Node
	if d.NextChild(0) {
		root = t.node()
	}
	if err := d.Finish(); err != nil {
		line, column := d.Position()
		return nil, &SyntaxError{Line: line, Position: column, Err: err}
	}
	return root, nil
}

// tree is a document being read. Servers for tests read many documents, so nodes are
// allocated many at a time, and their slices in the size that they need.
type tree struct {
	d     *xmlwire.Decoder
	spare []spareNode
	found []*Node // children of the nodes being read, the innermost last
}

type spareNode struct {
	Node
	text strings.Builder
}

// node reads the current element.
func (t *tree) node() *Node {
	if len(t.spare) == 0 {
		t.spare = make([]spareNode, 32)
	}
	s := &t.spare[0]
	t.spare = t.spare[1:]
	d, n := t.d, &s.Node
	n.Space, n.Local = d.Space(), d.Local()
	n.Line, n.Column = d.Position()
	if count := d.AttrCount(); count > 0 {
		n.Attrs = make([]Attr, 0, count)
		for name, value := range d.Attrs() {
			n.Attrs = append(n.Attrs, Attr{Space: name.Space, Local: name.Local, Value: value})
		}
	}
	first := len(t.found)
	for depth := d.Depth(); d.NextChildText(depth, &s.text); {
		child := t.node()
		t.found = append(t.found, child)
	}
	if len(t.found) > first {
		n.Children = slices.Clone(t.found[first:])
		t.found = t.found[:first]
	}
	n.Text = s.text.String()
	return n
}
