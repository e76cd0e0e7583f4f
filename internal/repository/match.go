package repository

import (
	"maps"
	"slices"
	"strings"
)

// matches reports whether the pattern covers the package: "..." covers all packages,
// "a/..." covers a and all below it, and anything else only the package of that name.
func matches(pattern, pkg string) bool {
	if pattern == "..." {
		return true
	}
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return below(base, pkg)
	}
	return pattern == pkg
}

// below reports whether the path is dir or below it.
func below(dir, path string) bool {
	return path == dir || strings.HasPrefix(path, dir+"/")
}

func matchesAny(patterns []string, pkg string) bool {
	for _, p := range patterns {
		if matches(p, pkg) {
			return true
		}
	}
	return false
}

func sorted(set map[string]bool) []string {
	return slices.Sorted(maps.Keys(set))
}
