package ewsschema

import (
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// Attr is an attribute.
type Attr struct {
	Space xmlwire.Space // SpaceNone without a prefix
	Local string
	Value string
}

// Node is an element of a request. All methods may be called on nil, which means
// a missing element: one without children, text and attributes.
type Node struct {
	Space    xmlwire.Space
	Local    string
	Attrs    []Attr
	Text     string // without the text of children; blank for an element that may have children
	Children []*Node

	// Line and Column are where the name of the element begins, counted from 1 as
	// by .NET's XML readers; columns count characters.
	Line, Column int
}

// Exists reports whether the element exists.
func (n *Node) Exists() bool { return n != nil }

// Child returns the first child with a local name, or nil if it does not exist.
func (n *Node) Child(local string) *Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Children {
		if c.Local == local {
			return c
		}
	}
	return nil
}

// First returns the first child, whatever its name, or nil if there are no children.
func (n *Node) First() *Node {
	if n == nil || len(n.Children) == 0 {
		return nil
	}
	return n.Children[0]
}

// Path returns the element reached by taking the first child with each name in turn, or
// nil if it does not exist.
func (n *Node) Path(locals ...string) *Node {
	for _, local := range locals {
		n = n.Child(local)
	}
	return n
}

// Kids returns all children, in order.
func (n *Node) Kids() []*Node {
	if n == nil {
		return nil
	}
	return n.Children
}

// All returns the children with a local name, in order.
func (n *Node) All(local string) []*Node {
	var all []*Node
	for _, c := range n.Kids() {
		if c.Local == local {
			all = append(all, c)
		}
	}
	return all
}

// Attr returns the value of an attribute without a prefix, and whether the
// element has it.
func (n *Node) Attr(local string) (string, bool) {
	if n != nil {
		for _, a := range n.Attrs {
			if a.Local == local && a.Space == xmlwire.SpaceNone {
				return a.Value, true
			}
		}
	}
	return "", false
}

// Get returns the value of an attribute, or "" if it is absent.
func (n *Node) Get(local string) string {
	v, _ := n.Attr(local)
	return v
}

// Content returns the text of the element, or "" if it does not exist.
func (n *Node) Content() string {
	if n == nil {
		return ""
	}
	return n.Text
}

// Value returns the text of the first child with a name, or "" if it does not exist.
func (n *Node) Value(local string) string { return n.Child(local).Content() }

// Bool returns the text of the first child with a name as an xs:boolean, or def
// if it does not exist.
func (n *Node) Bool(local string, def bool) bool {
	if c := n.Child(local); c != nil {
		return isTrue(c.Text)
	}
	return def
}

// Int returns the text of the first child with a name as a number, or def if it
// does not exist or is out of range.
func (n *Node) Int(local string, def int64) int64 {
	if c := n.Child(local); c != nil {
		return number(c.Text, def)
	}
	return def
}

// AttrBool returns an attribute as an xs:boolean, or def if it is absent.
func (n *Node) AttrBool(local string, def bool) bool {
	if v, ok := n.Attr(local); ok {
		return isTrue(v)
	}
	return def
}

// AttrInt returns an attribute as a number, or def if it is absent or out of
// range.
func (n *Node) AttrInt(local string, def int64) int64 {
	if v, ok := n.Attr(local); ok {
		return number(v, def)
	}
	return def
}

func isTrue(s string) bool {
	s = strings.Trim(s, blanks)
	return s == "true" || s == "1"
}

func number(s string, def int64) int64 {
	n, err := strconv.ParseInt(strings.Trim(s, blanks), 10, 64)
	if err != nil {
		return def
	}
	return n
}

// blanks is the white space of XML.
const blanks = " \t\r\n"
