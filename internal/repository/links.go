package repository

import (
	"fmt"
	"slices"
	"strings"
)

// Links defines what a program may link. Own are patterns, as in [Rule], of packages of
// the module that it must not link; Modules are the only other modules that it may link.
type Links struct {
	Module  string
	Own     []string
	Modules []string
}

// Check returns what a package links, directly or indirectly, against the rules, each with
// the shortest chain of imports that leads to it. Packages that are linked only because of
// a listed one are omitted. root is the path of the package below the module's.
func (l Links) Check(packages map[string]*Package, root string) []string {
	start := l.Module + "/" + root
	if p := packages[start]; p == nil || p.Error != nil {
		return []string{fmt.Sprintf("%s cannot be loaded", root)}
	}
	chains := map[string][]string{start: {root}}
	bad := map[string]bool{}
	for queue := []string{start}; len(queue) > 0; queue = queue[1:] {
		p := packages[queue[0]]
		if p != nil && p.Standard {
			continue
		}
		if p == nil || queue[0] != start && !l.allows(p) {
			chain := chains[queue[0]]
			bad[fmt.Sprintf("%s links %s: %s", root, chain[len(chain)-1], strings.Join(chain, " -> "))] = true
			continue
		}
		for _, to := range p.Imports {
			if to != "C" && chains[to] == nil {
				chains[to] = append(slices.Clone(chains[queue[0]]), strings.TrimPrefix(to, l.Module+"/"))
				queue = append(queue, to)
			}
		}
	}
	return sorted(bad)
}

func (l Links) allows(p *Package) bool {
	if p.Standard {
		return true
	}
	if own, ok := strings.CutPrefix(p.ImportPath, l.Module+"/"); ok {
		return !matchesAny(l.Own, own)
	}
	return p.Module != nil && slices.Contains(l.Modules, p.Module.Path)
}
