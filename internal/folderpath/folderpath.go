// Package folderpath writes and reads the folder paths in stamps and receipts. They mean
// the same whichever driver wrote them: what was taken away over Exchange Web Services
// can be put back over Microsoft Graph, into the same folder.
package folderpath

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// Root is the well-known name of the folder that paths begin below.
const Root = "msgfolderroot"

// MaxDepth is the maximum depth to which folders are followed; Exchange allows 300.
const MaxDepth = 300

var (
	escapes   = strings.NewReplacer("%", "%25", "/", "%2F", "|", "%7C")
	unescapes = strings.NewReplacer("%2F", "/", "%7C", "|", "%25", "%")
)

// Escape escapes a display name for a path: the slash between names, the bar between the
// fields of a stamp, and the percent sign.
func Escape(name string) string { return escapes.Replace(name) }

// EscapeXML does what [Escape] does, and also escapes what XML does not allow. Servers
// return names with such characters but do not accept them.
func EscapeXML(name string) string {
	name = Escape(name)
	if !strings.ContainsFunc(name, xmlwire.Forbidden) {
		return name
	}
	var b strings.Builder
	for _, r := range name {
		if !xmlwire.Forbidden(r) {
			b.WriteRune(r)
			continue
		}
		for _, c := range []byte(string(r)) {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// Unescape reverses [Escape]. What only [EscapeXML] escapes stays escaped, because no
// request can contain it: a folder that replaces such a folder shows it escaped.
func Unescape(name string) string { return unescapes.Replace(name) }

// Split returns the display names in a path below a well-known folder.
func Split(below string) []string {
	names := strings.Split(below, "/")
	for i, name := range names {
		names[i] = Unescape(name)
	}
	return names
}

// Node is a folder in a tree.
type Node struct{ Name, Parent string }

// Tree holds the folders of a mailbox by id.
type Tree struct {
	Nodes map[string]Node
	Base  map[string]string // well-known names
}

// Place is where a folder is: see [driver.Folder].
//
// [driver.Folder]: https://pkg.go.dev/github.com/ewsquarantine/ewsquarantine/quarantine/driver#Folder
type Place struct{ Path, Base, Below string }

// Place returns where a folder is; escape is [Escape] or [EscapeXML]. For a folder that
// is not in the tree, the path is a single slash.
func (t Tree) Place(id string, escape func(string) string) Place {
	var p Place
	var names []string
	below := -1
	for at, hops := id, 0; hops < MaxDepth; hops++ {
		name, isBase := t.Base[at]
		if isBase && below < 0 {
			p.Base, below = name, len(names)
		}
		if name == Root {
			break
		}
		node, ok := t.Nodes[at]
		if !ok {
			if isBase {
				names = append(names, name) // in Recoverable Items, or in an archive
			}
			break
		}
		names = append(names, escape(node.Name))
		at = node.Parent
	}
	if below > 0 {
		part := slices.Clone(names[:below])
		slices.Reverse(part)
		p.Below = strings.Join(part, "/")
	}
	slices.Reverse(names)
	p.Path = "/" + strings.Join(names, "/")
	return p
}

// Within returns the id of a folder and the ids of the candidates below it.
func (t Tree) Within(id string, candidates []string) []string {
	ids := []string{id}
	for _, candidate := range candidates {
		for at, hops := candidate, 0; hops < MaxDepth; hops++ {
			node, ok := t.Nodes[at]
			if !ok {
				break
			}
			if at = node.Parent; at == id {
				ids = append(ids, candidate)
				break
			}
		}
	}
	return ids
}
