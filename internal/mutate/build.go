package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// test is one test, or all the tests of a long killer, compiled with all mutants.
type test struct {
	killer
	name    string // of the test
	program string
	dir     string // of the package
	reached map[int]bool
	asked   int64 // roughly how many times it evaluates conditions, if measured
	took    time.Duration
	timeout time.Duration
}

// reaches reports whether the test can notice a mutant at all.
func (t *test) reaches(n int) bool { return t.long || t.reached[n] }

// build compiles the tests of the killers' packages, and lists them.
func (j *job) build(ctx context.Context, dir string, sources []*source) ([]*test, error) {
	replaced, err := overlay(j.root, dir, sources)
	if err != nil {
		return nil, err
	}
	var out []*test
	for _, k := range j.killers {
		one := test{
			killer: k, name: k.run, timeout: j.timeout, dir: filepath.Join(j.root, filepath.FromSlash(k.pkg)),
			program: filepath.Join(dir, strings.ReplaceAll(k.pkg, "/", "-")+".test"),
		}
		if _, err := os.Stat(one.program); err != nil {
			c := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", replaced, "-o", one.program, "./"+k.pkg)
			c.Dir = j.root
			if text, err := c.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("the tests of %s do not compile with the mutants in them: %w\n%s", k.pkg, err, text)
			}
		}
		if k.long {
			out = append(out, &one)
			continue
		}
		names, err := one.list(ctx)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if j.tests == nil || j.tests.MatchString(name) {
				t := one
				t.name = name
				out = append(out, &t)
			}
		}
	}
	return out, nil
}

// list returns the names of the killer's tests.
func (t *test) list(ctx context.Context) (names []string, err error) {
	c := exec.CommandContext(ctx, t.program, "-test.list="+t.run)
	c.Dir = t.dir
	text, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("the tests of %s cannot be listed: %w", t.pkg, err)
	}
	skip, err := regexp.Compile(t.skip)
	if err != nil {
		return nil, err
	}
	for name := range strings.FieldsSeq(string(text)) {
		if t.skip == "" || !skip.MatchString(name) {
			names = append(names, name)
		}
	}
	return names, nil
}
