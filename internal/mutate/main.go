// Command mutate shows which conditions of the engine's table and proof the tests cover.
// It negates each in turn, and reports what notices: the explorer, another test, or
// nothing.
//
//	go run ./internal/mutate [-list] [-run REGEXP] [-jobs N] [-timeout D] [-results FILE] [-whole]
//
// A condition is what an if, a for or a case tests, each operand of && and ||, each
// comparison, each bool that a function returns (except constants returned with an
// error), true and false where a variable is set to them, each row of the table in
// table.go, and each of its cells that says where the original or the copy must be.
// Mutants of rows leave the row out, mutants of cells allow anything, and all others are
// negations.
//
// Mutate changes no file, and you must not change any while it runs: tests read files of
// the tree, and would fail for another reason. The conditions are rewritten so that the
// environment chooses which one is negated, and the tests are compiled once with all of
// them, by go test -overlay. A first run without a mutant shows which conditions each
// part of the tests reaches. Then each mutant is run: the explorer comes first, then the
// other tests, from cheapest to most expensive, until one fails. A test that evaluates
// conditions many times more often than it does without a mutant, or that takes longer
// than the timeout, hangs and counts as failed. A failure of a test in real time is
// confirmed by a second run.
//
// The report is a table of number, place, condition, and what killed the mutant; what the
// explorer found is one of lost, doubled, untrue, notices, panic, hangs, or fails. The
// negation of some conditions makes no difference; equivalent.go lists them with the
// reason. The exit status is 1 if a mutant survived, and 2 if the tests could not be run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

func main() {
	status, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
	}
	os.Exit(status)
}

func run() (status int, err error) {
	list := flag.Bool("list", false, "print the conditions, and try none")
	tests := flag.String("tests", "", "let only tests try whose names match the `REGEXP`")
	quick := flag.Bool("quick", false, "let the cheapest tests try first, and not the explorer: sooner shows what nobody kills")
	only := flag.String("run", "", "try only conditions whose place, function or text matches the `REGEXP`, as in 'look.go:31 '")
	jobs := flag.Int("jobs", 1, "how many mutants to try at once")
	timeout := flag.Duration("timeout", 10*time.Minute, "how long one part of the tests may take with one mutant")
	results := flag.String("results", "", "`FILE` of results: a run that was cut goes on with it")
	whole := flag.Bool("whole", false, "let the whole explorer try what its part does not kill; this takes hours")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return 2, err
	}
	j := &job{
		scope: engine(*whole), root: filepath.Dir(strings.TrimSpace(string(mod))), equivalent: equivalent,
		jobs: *jobs, quick: *quick, timeout: *timeout, results: *results, out: os.Stdout, progress: os.Stderr,
	}
	for text, re := range map[*string]**regexp.Regexp{only: &j.only, tests: &j.tests} {
		if *text == "" {
			continue
		}
		if *re, err = regexp.Compile(*text); err != nil {
			return 2, err
		}
	}
	if *list {
		if err := j.list(); err != nil {
			return 2, err
		}
		return 0, nil
	}
	t, err := j.try(ctx)
	switch {
	case err != nil:
		return 2, err
	case t.survived > 0:
		return 1, nil
	}
	return 0, nil
}
