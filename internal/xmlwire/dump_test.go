package xmlwire_test

import (
	"fmt"
	"io"
	"strings"
	"testing/iotest"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// node is a document as the decoder sees it, for comparison.
type node struct {
	space    xmlwire.Space
	local    string
	attrs    []string // name="value", with spaces for white space
	text     string   // without that of children
	children []*node
}

// dump reads a whole document through the methods that return everything.
func dump(r io.Reader, limits xmlwire.Limits) (*node, error) {
	d := xmlwire.NewDecoder(r, limits)
	var root *node
	if d.NextChild(0) {
		root = dumpElement(d)
	}
	return root, d.Finish()
}

func dumpElement(d *xmlwire.Decoder) *node {
	n := &node{space: d.Space(), local: d.Local()}
	for name, value := range d.Attrs() {
		n.attrs = append(n.attrs, fmt.Sprintf("%d:%s=%q", name.Space, name.Local, value))
	}
	var text strings.Builder
	for depth := d.Depth(); d.NextChildText(depth, &text); {
		n.children = append(n.children, dumpElement(d))
	}
	n.text = text.String()
	return n
}

// chunkings are ways in which the same bytes can arrive.
var chunkings = map[string]func(io.Reader) io.Reader{
	"whole":         func(r io.Reader) io.Reader { return r },
	"byte by byte":  iotest.OneByteReader,
	"halves":        iotest.HalfReader,
	"with the end":  iotest.DataErrReader,
	"three a time":  func(r io.Reader) io.Reader { return &pieces{r, 3} },
	"seven a time":  func(r io.Reader) io.Reader { return &pieces{r, 7} },
	"empty between": func(r io.Reader) io.Reader { return &stutter{r: r} },
}

type pieces struct {
	r io.Reader
	n int
}

func (p *pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.n)]) }

// stutter reads nothing every other time.
type stutter struct {
	r    io.Reader
	even bool
}

func (s *stutter) Read(b []byte) (int, error) {
	if s.even = !s.even; s.even {
		return 0, nil
	}
	return s.r.Read(b)
}

func quotedAttr(local, value string) string {
	return fmt.Sprintf("%d:%s=%q", xmlwire.SpaceNone, local, value)
}
