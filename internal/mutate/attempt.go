package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// measure runs each test without a mutant.
func (j *job) measure(ctx context.Context, tests []*test, dir string, conditions int) error {
	begin := time.Now()
	if err := j.each(ctx, len(tests), func(n int) error {
		if tests[n].long {
			return nil
		}
		return tests[n].measure(ctx, filepath.Join(dir, "reached-"+strconv.Itoa(n)))
	}); err != nil {
		return err
	}
	for _, k := range j.killers {
		reached := map[int]bool{}
		for _, t := range tests {
			for n := range t.reached {
				reached[n] = reached[n] || t.killer.name == k.name
			}
		}
		count := 0
		for _, yes := range reached {
			if yes {
				count++
			}
		}
		fmt.Fprintf(j.progress, "%s reaches %d of %d conditions\n", k.name, count, conditions)
	}
	for _, t := range slices.SortedFunc(slices.Values(tests), func(a, b *test) int { return cmp.Compare(b.took, a.took) })[:min(len(tests), 5)] {
		fmt.Fprintf(j.progress, "%s takes %s\n", t.name, t.took.Round(10*time.Millisecond))
	}
	fmt.Fprintf(j.progress, "measured in %s\n", time.Since(begin).Round(time.Second))
	return nil
}

// each calls do with 0 to n-1, several at a time.
func (j *job) each(ctx context.Context, n int, do func(int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan int)
	var workers sync.WaitGroup
	for range max(j.jobs, 1) {
		workers.Go(func() {
			for i := range work {
				if err := do(i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		work <- i
	}
	close(work)
	workers.Wait()
	return context.Cause(ctx)
}

// attempt runs the tests that reach a mutant against it: first the explorer and, if that
// does not notice it, the others, from cheapest to most expensive, and finally the long
// ones. The argument before is the other test that is known to notice it, if any.
func (j *job) attempt(ctx context.Context, tests []*test, n int, c condition, before string) (result, error) {
	r := result{Condition: c.key(), Function: fingerprint(c.body), Test: before, Explored: !j.quick}
	turn := func(t *test) int {
		switch {
		case t.long:
			return 2
		case t.explorer || j.quick:
			return 0
		}
		return 1
	}
	var able []*test
	for _, t := range tests {
		if t.reaches(n) {
			able = append(able, t)
		}
	}
	slices.SortStableFunc(able, func(a, b *test) int {
		return cmp.Or(cmp.Compare(turn(a), turn(b)), cmp.Compare(a.took, b.took))
	})
	for _, batch := range batches(able) {
		explorer := batch[0].explorer
		if r.Explorer != "" || r.Test != "" && (j.quick || !explorer) {
			continue
		}
		r.Reached = r.Reached || !batch[0].long
		v, err := kill(ctx, batch, n)
		switch {
		case ctx.Err() != nil:
			return r, context.Cause(ctx)
		case err != nil:
			return r, err
		case v.failed && explorer:
			r.Explorer, r.Test = cmp.Or(v.why, "fails"), ""
		case v.failed:
			r.Test = strings.Join(strings.Fields(batch[0].killer.name+" "+v.test+" "+v.why), " ")
		}
	}
	return r, nil
}

// batches divides tests into those that are run by one command, which get longer towards
// the end.
func batches(tests []*test) (out [][]*test) {
	limit, sum := 300*time.Millisecond, time.Duration(0)
	for i, t := range tests {
		if i == 0 || t.killer.name != tests[i-1].killer.name || sum+t.took > limit {
			if i > 0 && sum+t.took > limit {
				limit *= 3
			}
			out, sum = append(out, nil), 0
		}
		sum += t.took
		out[len(out)-1] = append(out[len(out)-1], t)
	}
	return out
}
