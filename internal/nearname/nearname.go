// Package nearname finds what somebody meant who misspelt a name.
package nearname

import "strings"

// Of returns the name that one is nearly, or nothing: with at most two letters changed, or its
// beginning.
func Of(what string, names []string) string {
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
	return best
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
