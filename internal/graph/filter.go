package graph

import (
	"errors"
	"net/url"
	"strings"
	"time"
)

// Quote returns a text as a literal of a $filter: in apostrophes, with any apostrophes in
// the text doubled. The whole filter is then percent-encoded when it is sent.
// See https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html, section 5.1.1.6.
func Quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// Instant returns a time as a literal of a $filter, to the second.
func Instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// Param is a parameter of a query. Its value is not encoded yet.
type Param struct{ Name, Value string }

// query encodes parameters. The dollar of a name is kept; in a value everything but
// letters, digits and -._~ is encoded: a bare + would be read as a blank.
func query(params []Param) string {
	var b strings.Builder
	for i, p := range params {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.Name)
		b.WriteByte('=')
		b.WriteString(strings.ReplaceAll(url.QueryEscape(p.Value), "+", "%20"))
	}
	return b.String()
}

// route is the path of a request, encoded.
type route struct {
	path string
	err  error
}

// errNoID is the error of a path that would lead elsewhere than intended.
var errNoID = errors.New("an id is missing, or cannot be one")

// to appends segments to a path that is already encoded. Each segment is encoded,
// including its slashes.
func to(base string, segments ...string) route {
	var b strings.Builder
	b.WriteString(base)
	for _, s := range segments {
		if s == "" || s == "." || s == ".." {
			return route{err: errNoID}
		}
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return route{path: b.String()}
}
