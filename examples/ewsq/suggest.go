package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
)

// didYouMean returns a question for what is nearly one of the names, or nothing.
func didYouMean(what string, names []string) string {
	best, least := "", 3
	for _, name := range names {
		d := distance(what, name)
		if strings.HasPrefix(name, what) && len(what) > 2 {
			d = min(d, 1)
		}
		if d < least && d < len(what) {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// distance returns how many letters must be put in, taken out or replaced, or neighbours
// exchanged, to make one name of another.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			same := 1
			if a[i] == b[j] {
				same = 0
			}
			next[j+1] = min(last[j]+same, last[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, last = last, next
	}
	return last[len(b)]
}

// misspelt adds to the error for a flag that does not exist the one that may be meant.
func misspelt(err error, flags *flag.FlagSet) error {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return err
	}
	var names []string
	flags.VisitAll(func(f *flag.Flag) { names = append(names, "-"+f.Name) })
	slices.Sort(names)
	return fmt.Errorf("%w%s", err, didYouMean("-"+strings.TrimLeft(name, "-"), names))
}
