package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// verdict is the outcome of a run.
type verdict struct {
	failed bool
	test   string // the first that failed, if known
	why    string // what the test found, in one word, if known
}

// found extracts what was wrong from the explorer's output.
var found = regexp.MustCompile(`\b(lost|doubled|untrue|notices)=[1-9]`)

// once runs tests of one program, and stops when the first of them fails.
func once(ctx context.Context, tests []*test, env ...string) (verdict, error) {
	var names []string
	for _, t := range tests {
		names = append(names, strings.TrimPrefix(t.name, "^"))
	}
	first, end := tests[0], "$"
	if first.long {
		end = ""
	}
	ctx, cancel := context.WithTimeout(ctx, first.timeout)
	defer cancel()
	args := append([]string{"-test.v", "-test.failfast", "-test.timeout=0", "-test.run=^(" + strings.Join(names, "|") + ")" + end}, first.args...)
	c := exec.CommandContext(ctx, first.program, args...)
	c.Dir, c.Env = first.dir, append(os.Environ(), env...)
	out, err := c.StdoutPipe()
	if err != nil {
		return verdict{}, err
	}
	c.Stderr = c.Stdout // for the output of a panic
	if err := c.Start(); err != nil {
		return verdict{}, err
	}
	v := verdict{}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<24)
	for !v.failed && lines.Scan() {
		v.read(lines.Text(), first.explorer)
	}
	late := errors.Is(ctx.Err(), context.DeadlineExceeded)
	if v.failed || late || lines.Err() != nil {
		cancel()
	}
	err = c.Wait()
	var exit *exec.ExitError
	switch {
	case v.failed:
		return v, nil
	case late, errors.As(err, &exit) && exit.ExitCode() == statusHangs:
		return verdict{failed: true, test: first.name, why: "hangs"}, nil
	case lines.Err() != nil:
		return v, lines.Err()
	case errors.As(err, &exit):
		return verdict{failed: true, test: first.name}, nil
	}
	return v, err
}

// read reads a line of a test's output. The explorer has failed as soon as it reports
// what was wrong.
func (v *verdict) read(line string, explorer bool) {
	if m := found.FindStringSubmatch(line); m != nil && explorer {
		v.failed, v.why = true, m[1]
	}
	if name, ok := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: "); ok {
		v.failed = true
		v.test, _, _ = strings.Cut(strings.Fields(name)[0], "/")
	}
	if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
		v.failed, v.why = true, "panic"
	}
}

// measure runs the test without a mutant: it must succeed. It records which conditions
// the test reaches, because the test can notice no others.
func (t *test) measure(ctx context.Context, notes string) error {
	if err := os.RemoveAll(notes); err != nil {
		return err
	}
	begin := time.Now()
	v, err := once(ctx, []*test{t}, reachedVariable+"="+notes)
	if err != nil {
		return err
	}
	t.took = time.Since(begin)
	if v.failed {
		return fmt.Errorf("%s fails without a mutant: %s", t.name, v.why)
	}
	text, err := os.ReadFile(notes)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	t.reached = map[int]bool{}
	for line := range strings.Lines(string(text)) {
		number, isCount := strings.CutPrefix(strings.TrimSpace(line), "asked ")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return err
		}
		if isCount {
			t.asked = max(t.asked, n)
		} else {
			t.reached[int(n)] = true
		}
	}
	return nil
}

// kill reports whether tests of one program notice a mutant. A test in real time
// must notice it twice, because it may fail on a busy machine.
func kill(ctx context.Context, tests []*test, mutant int) (verdict, error) {
	var limit int64
	for _, t := range tests {
		limit += 16*t.asked + 1<<15
	}
	if tests[0].long {
		limit = 0
	}
	env := []string{mutantVariable + "=" + strconv.Itoa(mutant), limitVariable + "=" + strconv.FormatInt(limit, 10)}
	for len(tests) > 0 {
		v, err := once(ctx, tests, env...)
		if err != nil || !v.failed || tests[0].virtual {
			return v, err
		}
		var rest []*test
		for _, t := range tests {
			if t.name != v.test {
				rest = append(rest, t)
				continue
			}
			again, err := once(ctx, []*test{t}, env...)
			if err != nil || again.failed {
				return v, err
			}
		}
		if len(rest) == len(tests) { // it is not known which one failed
			return v, nil
		}
		tests = rest
	}
	return verdict{}, nil
}
