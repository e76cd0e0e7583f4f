package repository

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// CheckFolders returns the top-level folders that are not in the list, and those in the
// list that are missing. It ignores folders that begin with a dot or that .gitignore names
// as "/folder/".
func CheckFolders(root fs.FS, want ...string) ([]string, error) {
	entries, err := fs.ReadDir(root, ".")
	if err != nil {
		return nil, err
	}
	ignored, err := fs.ReadFile(root, ".gitignore")
	if err != nil {
		return nil, err
	}
	var out, have []string
	for _, e := range entries {
		if !e.IsDir() || e.Name()[0] == '.' || slices.Contains(strings.Fields(string(ignored)), "/"+e.Name()+"/") {
			continue
		}
		have = append(have, e.Name())
		if !slices.Contains(want, e.Name()) {
			out = append(out, fmt.Sprintf("%s: the top level has only the folders %s", e.Name(), strings.Join(want, ", ")))
		}
	}
	for _, name := range want {
		if !slices.Contains(have, name) {
			out = append(out, fmt.Sprintf("%s: the folder is missing", name))
		}
	}
	return out, nil
}

// CheckLines returns the Go files, including tests, with more lines than most.
func CheckLines(t *Tree, most int) []string {
	var out []string
	for _, f := range t.Go {
		if f.Lines > most {
			out = append(out, fmt.Sprintf("%s has %d lines, the limit is %d", f.Path, f.Lines, most))
		}
	}
	return out
}

// CheckNames returns the packages that have one of the names, which do not say what a
// package is for. It checks both the folder and the package clause.
func CheckNames(t *Tree, banned ...string) []string {
	seen := map[string]bool{}
	for _, f := range t.Go {
		for _, name := range []string{path.Base(f.Dir()), strings.TrimSuffix(f.AST.Name.Name, "_test")} {
			if slices.Contains(banned, name) {
				seen[fmt.Sprintf("%s: a package named %s does not say what it is for", f.Dir(), name)] = true
			}
		}
	}
	return sorted(seen)
}
