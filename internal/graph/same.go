package graph

import (
	"iter"
	"net/http"
	"strings"
)

// urlSafe converts the alphabet of EWS ids into that of Graph ids, which are otherwise
// the same.
var urlSafe = strings.NewReplacer("/", "-", "+", "_")

// sameID reports whether two ids may identify the same thing. Ids that survive a move,
// which have 72 characters, cannot be compared with those that do not, which have more
// than 100.
func sameID(a, b string) bool {
	if len(a) != len(b) && min(len(a), len(b)) == immutableLength && max(len(a), len(b)) > 100 {
		return true
	}
	return a == b || urlSafe.Replace(a) == urlSafe.Replace(b)
}

const immutableLength = 72

// isWellKnown reports whether a folder is given by its well-known name, such as "inbox",
// and not by its id: ids contain digits and capitals.
func isWellKnown(folder string) bool {
	return !strings.ContainsFunc(folder, func(r rune) bool { return r < 'a' || r > 'z' })
}

// misfit returns the error of an answer that belongs to another request. The outcome of a
// write is then unknown.
func misfit(k call, status int) *Error {
	return &Error{Operation: k.op, Status: status, Err: errMisfit, read: k.read}
}

// is returns an error if a message has another id than the one requested.
func (m Message) is(k call, id string) error {
	if m.ID != "" && !sameID(m.ID, id) {
		return misfit(k, http.StatusOK)
	}
	return nil
}

// childOf passes on pages of folders directly below parent, and ends with an error at
// others.
func childOf(pages iter.Seq2[[]Folder, error], parent string, k call) iter.Seq2[[]Folder, error] {
	if isWellKnown(parent) {
		return pages
	}
	return func(yield func([]Folder, error) bool) {
		for folders, err := range pages {
			for _, f := range folders {
				if f.ParentID != "" && !sameID(f.ParentID, parent) {
					yield(nil, misfit(k, http.StatusOK))
					return
				}
			}
			if !yield(folders, err) {
				return
			}
		}
	}
}
