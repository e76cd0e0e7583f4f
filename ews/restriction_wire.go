package ews

import (
	"cmp"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// maxRestriction is the maximum number of nodes that servers accept
// (ErrorRestrictionTooLong).
const maxRestriction = 255

// maxRestrictionDepth keeps the nesting within what XML readers accept.
const maxRestrictionDepth = 40

func checkRestriction(field string, r Restriction) error {
	nodes := 0
	return checkNode(field, r, &nodes, 0)
}

func checkNode(field string, r Restriction, nodes *int, depth int) error {
	if *nodes++; *nodes > maxRestriction {
		return wrong(field, "is part of a restriction of more than %d nodes, which servers refuse", maxRestriction)
	}
	if depth > maxRestrictionDepth {
		return wrong(field, "is nested more than %d deep", maxRestrictionDepth)
	}
	switch r := r.(type) {
	case nil:
		return wrong(field, "is missing")
	case And:
		return checkNodes(field, r, nodes, depth)
	case Or:
		return checkNodes(field, r, nodes, depth)
	case Not:
		return checkNode(field+".Restriction", r.Restriction, nodes, depth+1)
	case Exists:
		return checkPath(field+".Property", r.Property)
	case Compare:
		switch r.Op {
		case IsEqualTo, IsNotEqualTo, IsGreaterThan, IsGreaterThanOrEqualTo, IsLessThan, IsLessThanOrEqualTo:
		default:
			return wrong(field+".Op", "is %q, which is not a relation: use one of the CompareOp constants", r.Op)
		}
		return checkPath(field+".Property", r.Property)
	case Contains:
		switch r.Mode {
		case "", ModeFullString, ModePrefixed, ModeSubstring:
		default:
			return wrong(field+".Mode", "is %q: use FullString, Prefixed or Substring", r.Mode)
		}
		switch r.Comparison {
		case "", ComparisonExact, ComparisonIgnoreCase:
		default:
			return wrong(field+".Comparison", "is %q: use Exact or IgnoreCase", r.Comparison)
		}
		return checkPath(field+".Property", r.Property)
	}
	return wrong(field, "is of an unknown type %T", r)
}

func checkNodes(field string, members []Restriction, nodes *int, depth int) error {
	if len(members) == 0 {
		return wrong(field, "has no members: at least one is required")
	}
	for i, m := range members {
		if err := checkNode(field+at(i), m, nodes, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func encodeRestriction(e *xmlwire.Encoder, r Restriction) {
	if r == nil {
		return
	}
	e.Open("m:Restriction")
	encodeNode(e, r)
	e.Close()
}

func encodeNode(e *xmlwire.Encoder, r Restriction) {
	switch r := r.(type) {
	case And:
		encodeNodes(e, "t:And", r)
	case Or:
		encodeNodes(e, "t:Or", r)
	case Not:
		e.Open("t:Not")
		encodeNode(e, r.Restriction)
		e.Close()
	case Exists:
		e.Open("t:Exists")
		encodePath(e, r.Property)
		e.Close()
	case Compare:
		e.Open("t:" + string(r.Op))
		encodePath(e, r.Property)
		e.Open("t:FieldURIOrConstant")
		encodeConstant(e, r.Value)
		e.Close()
		e.Close()
	case Contains:
		e.Open("t:Contains")
		e.Attr("ContainmentMode", string(cmp.Or(r.Mode, ModeSubstring)))
		e.Attr("ContainmentComparison", string(cmp.Or(r.Comparison, ComparisonExact)))
		encodePath(e, r.Property)
		encodeConstant(e, r.Value)
		e.Close()
	}
}

// encodeNodes writes a single member without the enclosing element: servers
// require at least two.
func encodeNodes(e *xmlwire.Encoder, name string, members []Restriction) {
	if len(members) == 1 {
		encodeNode(e, members[0])
		return
	}
	e.Open(name)
	for _, m := range members {
		encodeNode(e, m)
	}
	e.Close()
}

func encodeConstant(e *xmlwire.Encoder, value string) {
	e.Open("t:Constant")
	e.Attr("Value", value)
	e.Close()
}

func checkSort(field string, sort []SortField) error {
	for i, s := range sort {
		if err := checkPath(field+at(i)+".Property", s.Property); err != nil {
			return err
		}
	}
	return nil
}

func encodeSort(e *xmlwire.Encoder, sort []SortField) {
	if len(sort) == 0 {
		return
	}
	e.Open("m:SortOrder")
	for _, s := range sort {
		e.Open("t:FieldOrder")
		order := "Ascending"
		if s.Descending {
			order = "Descending"
		}
		e.Attr("Order", order)
		encodePath(e, s.Property)
		e.Close()
	}
	e.Close()
}
