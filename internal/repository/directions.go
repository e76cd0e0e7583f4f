package repository

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Rule defines which packages of the module the non-test files of a package may import.
// Both fields contain paths below the module's: "ews", "ews/..." for ews and everything
// below it, "..." for all. The rule that applies is the one that names a package exactly,
// or else the one with the longest pattern that covers it.
type Rule struct {
	Package string
	Imports []string
}

// Reservation limits the packages whose non-test files may import a package, whatever the
// rules allow. Packages covered by one reservation may import each other.
type Reservation struct {
	Package string
	For     []string
}

// CheckDirections returns the imports inside the module that the rules do not allow,
// the packages that no rule covers, and the rules and reservations that cover none.
func CheckDirections(t *Tree, rules []Rule, reserved []Reservation) []string {
	var out []string
	edges := t.imports()
	for _, pkg := range slices.Sorted(maps.Keys(edges)) {
		rule := ruleFor(rules, pkg)
		if rule == nil {
			out = append(out, fmt.Sprintf("package %s has no rule; add one that says what it may import", pkg))
			continue
		}
		for _, imported := range slices.Sorted(maps.Keys(edges[pkg])) {
			to, inside := t.inside(imported)
			if !inside {
				continue
			}
			files := some(edges[pkg][imported])
			if !matchesAny(rule.Imports, to) {
				out = append(out, fmt.Sprintf("%s imports %s, which its rule does not allow: %s", pkg, to, files))
			}
			for _, r := range reserved {
				if matches(r.Package, to) && !matches(r.Package, pkg) && !matchesAny(r.For, pkg) {
					out = append(out, fmt.Sprintf("%s imports %s, which is reserved for %s: %s", pkg, to, audience(r.For), files))
				}
			}
		}
	}
	return append(out, idle(edges, rules, reserved)...)
}

// ruleFor returns the rule that applies to the package, or nil.
func ruleFor(rules []Rule, pkg string) *Rule {
	var best *Rule
	for i, r := range rules {
		if r.Package == pkg {
			return &rules[i]
		}
		if matches(r.Package, pkg) && (best == nil || len(r.Package) > len(best.Package)) {
			best = &rules[i]
		}
	}
	return best
}

// idle returns the rules that apply to no package and the reservations that cover none.
func idle(edges map[string]map[string][]string, rules []Rule, reserved []Reservation) []string {
	applied := map[string]bool{}
	for pkg := range edges {
		if r := ruleFor(rules, pkg); r != nil {
			applied[r.Package] = true
		}
	}
	var out []string
	for _, r := range rules {
		if !applied[r.Package] {
			out = append(out, fmt.Sprintf("the rule for %s applies to no package", r.Package))
		}
	}
	for _, r := range reserved {
		covers := func(pkg string) bool { return matches(r.Package, pkg) }
		if !slices.ContainsFunc(slices.Collect(maps.Keys(edges)), covers) {
			out = append(out, fmt.Sprintf("the reservation of %s covers no package", r.Package))
		}
	}
	return out
}

// imports returns for each package what its non-test files import, and where. A package
// with only tests is included, without imports.
func (t *Tree) imports() map[string]map[string][]string {
	edges := map[string]map[string][]string{}
	for _, f := range t.Go {
		pkg := f.Dir()
		if edges[pkg] == nil {
			edges[pkg] = map[string][]string{}
		}
		if f.IsTest() {
			continue
		}
		for _, spec := range f.AST.Imports {
			if to, err := strconv.Unquote(spec.Path.Value); err == nil {
				edges[pkg][to] = append(edges[pkg][to], t.at(spec.Pos()))
			}
		}
	}
	return edges
}

// inside returns the path of a package below the module's, if it belongs to the module.
func (t *Tree) inside(importPath string) (string, bool) {
	if importPath == t.Module {
		return ".", true
	}
	return strings.CutPrefix(importPath, t.Module+"/")
}

func audience(patterns []string) string {
	return strings.Join(append(slices.Clone(patterns), "tests"), ", ")
}

// some shortens a list of places to its first three.
func some(places []string) string {
	const most = 3
	if len(places) <= most {
		return strings.Join(places, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(places[:most], ", "), len(places)-most)
}
