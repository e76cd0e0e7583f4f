package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// batch is the number of files per run of xmllint, which reads the schemas each time and
// needs as long for that as for a thousand files. The names of a batch fit into the
// arguments of a program (2 MB on Linux).
const batch = 4000

// report is the result of a check.
type report struct {
	valid   int
	wrong   int
	differ  int            // valid and wrong ones, without duplicates
	leftOut map[string]int // by reason
	invalid []string       // output of xmllint
}

// String returns the report in lines.
func (r report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d documents match the schema, %d do not; %d of them differ\n", r.valid, r.wrong, r.differ)
	reasons := make([]string, 0, len(r.leftOut))
	for reason, n := range r.leftOut {
		reasons = append(reasons, fmt.Sprintf("%d left out: %s\n", n, reason))
	}
	slices.Sort(reasons)
	b.WriteString(strings.Join(reasons, ""))
	for _, s := range r.invalid {
		b.WriteString(s)
	}
	return b.String()
}

// check checks all files of the paths. A file that does not match the schema is
// an error, and so is having nothing to check.
func check(schema string, paths []string) (report, error) {
	r := report{leftOut: map[string]int{}}
	dir, err := os.MkdirTemp("", "xsdcheck-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	d := newDocuments(dir)
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || name != path && filepath.Ext(name) != ".xml" {
				return err
			}
			reason, err := d.add(name)
			if reason != "" {
				r.leftOut[reason]++
			}
			return err
		})
		if err != nil {
			return r, err
		}
	}
	if len(d.files) == 0 {
		return r, errors.New("nothing to check: the paths contain no usable .xml file")
	}
	r.differ = len(d.files)
	if err := r.lintAll(schema, d); err != nil {
		return r, err
	}
	if r.wrong > 0 {
		return r, fmt.Errorf("%d documents do not match the schema", r.wrong)
	}
	return r, nil
}

// lintAll runs xmllint on all documents, as many in parallel as there are processors.
func (r *report) lintAll(schema string, d *documents) error {
	batches := slices.Collect(slices.Chunk(d.files, batch))
	said, failed := make([]string, len(batches)), make([]error, len(batches))
	var workers sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(batches)); i = next.Add(1) - 1 {
				said[i], failed[i] = lint(schema, batches[i])
			}
		})
	}
	workers.Wait()
	for i, files := range batches {
		if failed[i] != nil {
			return failed[i]
		}
		r.verdicts(said[i], files, d)
	}
	return nil
}

// lint runs xmllint on files and returns its output.
func lint(schema string, files []string) (string, error) {
	cmd := exec.Command("xmllint", append([]string{"--nonet", "--noout", "--schema", schema}, files...)...)
	out, err := cmd.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		return "", fmt.Errorf("%w; install it (Debian: libxml2-utils)", err)
	}
	return string(out), nil
}

// verdicts adds xmllint's verdicts on files. A verdict on a file applies to all documents
// identical to it.
func (r *report) verdicts(out string, files []string, d *documents) {
	var said strings.Builder
	judged := map[string]bool{}
	for line := range strings.Lines(out) {
		if name, ok := strings.CutSuffix(line, " validates\n"); ok {
			r.valid += d.alike[name]
			judged[name] = true
		} else if name, ok := strings.CutSuffix(line, " fails to validate\n"); ok {
			r.wrong += d.alike[name]
			r.invalid = append(r.invalid, said.String()+line)
			said.Reset()
			judged[name] = true
		} else {
			said.WriteString(line)
		}
	}
	// xmllint prints no verdict for files that it cannot parse.
	missing := 0
	for _, name := range files {
		if !judged[name] {
			missing += d.alike[name]
		}
	}
	if missing > 0 {
		r.wrong += missing
		r.invalid = append(r.invalid, fmt.Sprintf("%d documents are not well-formed:\n%s", missing, said.String()))
	}
}
