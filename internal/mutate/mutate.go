package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// job is a run of the tool.
type job struct {
	scope
	root       string
	equivalent map[string]string // reasons by key of the condition
	only       *regexp.Regexp    // conditions to try, by "file:line key"; nil means all
	tests      *regexp.Regexp    // tests to run; nil means all
	quick      bool              // the cheapest test comes first, even before the explorer
	jobs       int
	timeout    time.Duration // for one run of one killer
	results    string        // file; empty: none
	out        io.Writer
	progress   io.Writer
}

// tally summarises a run.
type tally struct{ conditions, explorer, tests, survived, equivalent int }

// String is the last line of a report.
func (t tally) String() string {
	return fmt.Sprintf("mutate: conditions=%d killed=%d survived=%d equivalent=%d", t.conditions, t.explorer+t.tests, t.survived, t.equivalent)
}

// sources finds all conditions of the scope.
func (j *job) sources() (sources []*source, all []condition, err error) {
	var paths []string
	for _, pattern := range j.files {
		names, err := filepath.Glob(filepath.Join(j.root, filepath.FromSlash(pattern)))
		if err != nil || len(names) == 0 {
			return nil, nil, fmt.Errorf("no file is like %s: %w", pattern, err)
		}
		for _, name := range names {
			below, err := filepath.Rel(j.root, name)
			if err != nil {
				return nil, nil, err
			}
			if !strings.HasSuffix(name, "_test.go") {
				paths = append(paths, filepath.ToSlash(below))
			}
		}
	}
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		s, err := find(j.root, path, len(all), j.tables)
		if err != nil {
			return nil, nil, err
		}
		if len(s.conditions) > 0 {
			sources = append(sources, s)
			all = append(all, s.conditions...)
		}
	}
	keys := map[string]bool{}
	for _, c := range all {
		keys[c.key()] = true
	}
	for key := range j.equivalent {
		if !keys[key] {
			return nil, nil, fmt.Errorf("the list of equivalent conditions names one that does not exist: %s", key)
		}
	}
	return sources, all, nil
}

// chosen reports whether a condition should be tried or listed.
func (j *job) chosen(c condition) bool {
	return j.only == nil || j.only.MatchString(fmt.Sprintf("%s:%d %s", c.file, c.line, c.key()))
}

// list prints the conditions.
func (j *job) list() error {
	_, all, err := j.sources()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(j.out, 0, 0, 2, ' ', 0)
	for i, c := range all {
		if j.chosen(c) {
			fmt.Fprintf(w, "%d\t%s:%d\t%s\t%s\t%s\n", i+1, c.file, c.line, c.function, short(c.text), j.equivalent[c.key()])
		}
	}
	return w.Flush()
}

func short(text string) string {
	runes := []rune(text)
	if len(runes) <= 70 {
		return text
	}
	return string(runes[:67]) + "..."
}

// try tries all mutants and prints a table of the results.
func (j *job) try(ctx context.Context) (t tally, err error) {
	sources, all, err := j.sources()
	if err != nil {
		return t, err
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(dir)
	done, err := openResults(j.results)
	if err != nil {
		return t, err
	}
	defer func() { err = firstOf(err, done.close()) }()
	tests, err := j.build(ctx, dir, sources)
	if err != nil {
		return t, err
	}
	if err := j.measure(ctx, tests, dir, len(all)); err != nil {
		return t, err
	}
	became := make([]*result, len(all))
	if err := j.each(ctx, len(all), func(n int) error {
		if _, same := j.equivalent[all[n].key()]; same || !j.chosen(all[n]) {
			return nil
		}
		if ctx.Err() != nil {
			return nil
		}
		r, tried := done.of(all[n])
		if !tried || !j.enough(r) {
			var err error
			if r, err = j.attempt(ctx, tests, n, all[n], r.Test); err != nil {
				return err
			}
			if err := done.add(r); err != nil {
				return err
			}
		}
		became[n] = &r
		fmt.Fprintf(j.progress, "%d/%d %s\n", n+1, len(all), r)
		return nil
	}); err != nil {
		return t, err
	}
	return j.report(all, became)
}

// enough reports whether an earlier result is all that this run needs.
func (j *job) enough(r result) bool {
	deeper := slices.ContainsFunc(j.killers, func(k killer) bool { return k.long })
	return r.Explorer != "" || r.Test != "" && (j.quick || r.Explored && !deeper)
}

func firstOf(err, then error) error {
	if err != nil {
		return err
	}
	return then
}

// report prints the table.
func (j *job) report(all []condition, became []*result) (t tally, err error) {
	w := tabwriter.NewWriter(j.out, 0, 0, 2, ' ', 0)
	for n, c := range all {
		if !j.chosen(c) {
			continue
		}
		fate := ""
		switch reason, same := j.equivalent[c.key()]; {
		case same:
			t.equivalent++
			fate = "equivalent: " + reason
		case became[n].Explorer != "":
			t.explorer++
			fate = became[n].String()
		case became[n].Test != "":
			t.tests++
			fate = became[n].String()
		default:
			t.survived++
			fate = became[n].String()
		}
		t.conditions++
		fmt.Fprintf(w, "%d\t%s:%d\t%s\t%s\n", n+1, c.file, c.line, short(c.text), fate)
	}
	if err := w.Flush(); err != nil {
		return t, err
	}
	_, err = fmt.Fprintf(j.out, "explorer: kills %d; tests: kill %d more\n%s\n", t.explorer, t.tests, t)
	return t, err
}
