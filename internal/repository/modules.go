package repository

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// CheckModules returns the imports of other modules, in non-test files, that the table
// does not allow, and the table's unnecessary entries. The table lists the paths of modules
// by package; a package that is not in it may only import this module and the standard
// library.
func CheckModules(t *Tree, table map[string][]string) []string {
	var out []string
	edges := t.imports()
	used := map[string]bool{}
	for _, pkg := range slices.Sorted(maps.Keys(edges)) {
		for _, imported := range slices.Sorted(maps.Keys(edges[pkg])) {
			if _, inside := t.inside(imported); inside || isStandard(imported) {
				continue
			}
			module := slices.IndexFunc(table[pkg], func(m string) bool { return below(m, imported) })
			if module < 0 {
				out = append(out, fmt.Sprintf("%s imports the module %s, which the table does not allow: %s", pkg, imported, some(edges[pkg][imported])))
				continue
			}
			used[pkg+" "+table[pkg][module]] = true
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(table)) {
		for _, m := range table[pkg] {
			if !used[pkg+" "+m] {
				out = append(out, fmt.Sprintf("%s does not import %s: remove it from the table", pkg, m))
			}
		}
	}
	return out
}

// isStandard reports whether a package belongs to the standard library: its path does not
// begin with a host name.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}
