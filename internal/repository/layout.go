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

// CheckSizes returns the files that are larger than most bytes: nobody writes such a file,
// so it was built and committed by mistake. It skips folders that begin with a dot, and what
// .gitignore names as "/name", "/folder/" or "*.suffix".
func CheckSizes(root fs.FS, most int64) ([]string, error) {
	ignored, err := fs.ReadFile(root, ".gitignore")
	if err != nil {
		return nil, err
	}
	patterns := strings.Fields(string(ignored))
	var out []string
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		matches := slices.ContainsFunc(patterns, func(p string) bool {
			whole, _ := path.Match(strings.Trim(p, "/"), name)
			last, _ := path.Match(p, d.Name())
			return whole || last
		})
		if d.IsDir() && (matches || name != "." && d.Name()[0] == '.') {
			return fs.SkipDir
		}
		if d.IsDir() || matches {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Size() > most {
			out = append(out, fmt.Sprintf("%s has %d bytes, the limit is %d", name, info.Size(), most))
		}
		return nil
	})
	return out, err
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
