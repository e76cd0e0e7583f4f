package repository

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// Package is what "go list" reports about a package.
type Package struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Export     string // file of its export data, with the flag -export
	Module     *struct{ Path string }
	Error      *struct{ Err string }
}

// List runs "go list -e -json" in a folder with the arguments, and returns the packages
// by import path. A package that cannot be loaded has Error set.
func List(dir string, args ...string) (map[string]*Package, error) {
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Standard,Imports,Export,Module,Error"}, args...)...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", cmd, err, stderr.Bytes())
	}
	packages := map[string]*Package{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(Package)
		if err := dec.Decode(p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", cmd, err)
		}
		packages[p.ImportPath] = p
	}
}
