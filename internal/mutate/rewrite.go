package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// rewritten returns the file with all its mutants in it. Which of them is active is
// decided when the program starts.
func (s *source) rewritten() string {
	edits := slices.Clone(s.insertions)
	// At the same place, what was found last is innermost.
	slices.Reverse(edits)
	slices.SortStableFunc(edits, func(a, b insertion) int { return cmp.Compare(a.at, b.at) })
	var b strings.Builder
	done := 0
	for _, e := range edits {
		b.WriteString(s.text[done:e.at] + e.text)
		done = e.at + e.drop
	}
	b.WriteString(s.text[done:])
	return b.String()
}

// Variables of the environment of a test with mutants in it.
const (
	mutantVariable  = "MUTATE_MUTANT"  // number of the active mutant
	reachedVariable = "MUTATE_REACHED" // file to which the numbers of the mutants reached are appended
	limitVariable   = "MUTATE_LIMIT"   // how many times conditions may be evaluated
)

// statusHangs is the exit status of a test that has evaluated conditions too often, or
// has allocated a gigabyte.
const statusHangs = 97

// support is added to every package with mutants.
const support = `package %s

import (
	"os"
	"runtime/metrics"
	"strconv"
	"sync"
	"sync/atomic"
)

var (
	mutantOn    = mutateNumber("` + mutantVariable + `", -1)
	mutantLimit = int64(mutateNumber("` + limitVariable + `", 0))
	mutantFile  = os.Getenv("` + reachedVariable + `")
	mutantAsked atomic.Int64
	mutantSeen  sync.Map
)

func mutateNumber(name string, otherwise int) int {
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		return otherwise
	}
	return n
}

// mutated reports whether a condition is negated.
func mutated(n int) bool {
	asked := mutantAsked.Add(1)
	if mutantLimit > 0 && (asked > mutantLimit || asked&4095 == 0 && mutantMemory() > 1<<30) {
		os.Exit(%d)
	}
	if mutantFile != "" {
		if _, before := mutantSeen.LoadOrStore(n, true); !before {
			mutateNote(strconv.Itoa(n))
		}
		if asked&(asked-1) == 0 {
			mutateNote("asked " + strconv.FormatInt(asked, 10))
		}
	}
	return n == mutantOn
}

func mutantMemory() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func mutateNote(line string) {
	f, err := os.OpenFile(mutantFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := f.WriteString(line + "\n"); err != nil {
		panic(err)
	}
}

func mutatedRows[T any](first int, rows []T) []T {
	var left []T
	for i, row := range rows {
		if !mutated(first + i) {
			left = append(left, row)
		}
	}
	return left
}

func mutatedCell[T any](n int, cell, wildcard T) T {
	if mutated(n) {
		return wildcard
	}
	return cell
}
`

// overlay writes the rewritten files into a folder, along with the file for go build
// -overlay, whose name it returns.
func overlay(root, dir string, sources []*source) (string, error) {
	replace := map[string]string{}
	write := func(at, text string) error {
		name := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		replace[filepath.Join(root, filepath.FromSlash(at))] = name
		return os.WriteFile(name, []byte(text), 0o600)
	}
	for _, s := range sources {
		if err := write(s.path, s.rewritten()); err != nil {
			return "", err
		}
		own := path.Join(path.Dir(s.path), "mutants_of_this_package.go")
		if _, there := replace[filepath.Join(root, filepath.FromSlash(own))]; !there {
			if err := write(own, fmt.Sprintf(support, s.name, statusHangs)); err != nil {
				return "", err
			}
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, text, 0o600)
}
