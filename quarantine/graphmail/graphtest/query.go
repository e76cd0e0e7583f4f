package graphtest

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// query are the query parameters of a request.
type query struct {
	raw     string
	selects []string // nil: not given
	expand  []expansion
	filter  node // nil: not given
	orderBy string
	top     int // 0: not given
	skip    int
	count   bool
	values  url.Values
}

// expansion is a member of $expand with its options.
type expansion struct {
	name    string
	ids     []string // ids of extended properties
	selects []string
}

// Names of the parameters that several operations accept.
var (
	oneParams  = []string{"$select", "$expand"}
	listParams = []string{"$select", "$expand", "$filter", "$orderby", "$top", "$skip", "$count"}

	folderParams    = append([]string{"includeHiddenFolders"}, listParams...)
	deltaParams     = []string{"$select", "$filter", "$orderby", "changeType", "$skiptoken", "$deltatoken"}
	directoryParams = []string{"$select", "$filter", "$top", "$count", "$skiptoken"}
)

// missingParams are the parameters that Graph accepts in some places and the server does
// not support.
var missingParams = []string{
	"$search", "$format", "$orderby", "$expand", "$skip", "$filter", "$count", "$select", "$top", "includeHiddenMessages", "$apply", "$compute",
}

// maxTop is the largest page, https://learn.microsoft.com/en-us/graph/api/user-list-messages.
const maxTop = 1000

// parseQuery reads the query of a request; parameters that the operation does not accept
// are refused. As in forms, a bare + is a blank.
func parseQuery(raw string, known []string) (*query, *refusal) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, bad("The query is malformed: %v", err)
	}
	q := &query{raw: raw, values: values}
	for name, all := range values {
		switch {
		case !slices.Contains(known, name) && slices.Contains(missingParams, name):
			return nil, lacks("the query parameter " + name + " here")
		case !slices.Contains(known, name):
			return nil, bad("The query option '%s' is not known here.", name)
		case len(all) > 1:
			return nil, bad("Query option '%s' was specified more than once, but it must be specified at most once.", name)
		}
		if refused := q.read(name, all[0]); refused != nil {
			return nil, refused
		}
	}
	return q, nil
}

func (q *query) read(name, value string) (refused *refusal) {
	switch name {
	case "$select":
		for s := range strings.SplitSeq(value, ",") {
			q.selects = append(q.selects, strings.TrimSpace(s))
		}
	case "$expand":
		q.expand, refused = parseExpand(value)
	case "$filter":
		q.filter, refused = parseFilter(value)
	case "$orderby":
		q.orderBy = strings.TrimSpace(value)
	case "$top":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > maxTop {
			return bad("Invalid value '%s' for $top query option found: it must be between 1 and %d.", value, maxTop)
		}
		q.top = n
	case "$skip":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return bad("Invalid value '%s' for $skip query option found.", value)
		}
		q.skip = n
	case "$count":
		if value != "true" && value != "false" {
			return bad("Invalid value '%s' for $count query option found.", value)
		}
		q.count = value == "true"
	}
	return refused
}

// parseExpand reads $expand: names, each with options in parentheses.
func parseExpand(value string) ([]expansion, *refusal) {
	var all []expansion
	for _, one := range splitOutside(value, ',') {
		name, options, nested := strings.Cut(strings.TrimSpace(one), "(")
		e := expansion{name: strings.TrimSpace(name)}
		if nested {
			inner, ok := strings.CutSuffix(strings.TrimSpace(options), ")")
			if !ok {
				return nil, bad("Found an unbalanced bracket expression in $expand.")
			}
			for _, option := range splitOutside(inner, ';') {
				if refused := e.option(option); refused != nil {
					return nil, refused
				}
			}
		}
		extended := e.name == "singleValueExtendedProperties" || e.name == "multiValueExtendedProperties"
		if extended && len(e.ids) == 0 {
			return nil, bad("%s can only be expanded with a $filter on id.", e.name)
		}
		for _, id := range e.ids {
			if _, _, refused := extendedID(id, e.name == "multiValueExtendedProperties"); refused != nil {
				return nil, refused
			}
		}
		all = append(all, e)
	}
	return all, nil
}

func (e *expansion) option(s string) *refusal {
	name, value, _ := strings.Cut(strings.TrimSpace(s), "=")
	switch {
	case name == "$filter" && strings.HasSuffix(e.name, "ExtendedProperties"):
		filter, refused := parseFilter(value)
		if refused != nil {
			return refused
		}
		ids, ok := alternatives(filter, "id")
		if !ok {
			return bad("The $filter of %s may only compare id with texts, joined by or.", e.name)
		}
		e.ids = ids
	case name == "$select" && e.name == "attachments":
		e.selects = strings.Split(value, ",")
	default:
		return bad("The option '%s' of $expand is not known for %s.", name, e.name)
	}
	return nil
}

// splitOutside splits a text at a byte, outside strings and parentheses.
func splitOutside(s string, at byte) []string {
	var all []string
	depth, quoted, begin := 0, false, 0
	for i := range len(s) {
		switch b := s[i]; {
		case b == '\'':
			quoted = !quoted
		case quoted:
		case b == '(':
			depth++
		case b == ')':
			depth--
		case b == at && depth == 0:
			all = append(all, s[begin:i])
			begin = i + 1
		}
	}
	return append(all, s[begin:])
}

// only refuses to select properties other than the known ones.
func (q *query) only(kind string, known []string) *refusal {
	for _, s := range q.selects {
		if !slices.Contains(known, s) {
			return bad("Could not find a property named '%s' on type 'microsoft.graph.%s'.", s, kind)
		}
	}
	return nil
}

// selected removes the properties that $select does not name or, without $select, those
// in besides. The id and names that begin with @ always stay.
func (q *query) selected(o object, besides ...string) object {
	if q == nil {
		q = &query{}
	}
	for name := range o {
		asked := q.selects == nil && !slices.Contains(besides, name) || slices.Contains(q.selects, name)
		if !asked && name != "id" && !strings.HasPrefix(name, "@") {
			delete(o, name)
		}
	}
	return o
}
