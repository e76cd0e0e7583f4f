// Package nearest finds the name that somebody meant who has misspelt it.
package nearest

import (
	"fmt"
	"strings"
)

// DidYouMean returns a question for what is nearly one of the names, to be put behind an
// error, or nothing. Letter case, hyphens and underscores do not count.
func DidYouMean(what string, names []string) string {
	if name := Name(what, names); name != "" {
		return fmt.Sprintf("; did you mean %s?", name)
	}
	return ""
}

// Name returns the name that is nearest to what was given, or nothing if none is near.
func Name(what string, names []string) string {
	best, least := "", 3
	given := plain(what)
	for _, name := range names {
		meant := plain(name)
		d := distance(given, meant)
		if strings.HasPrefix(meant, given) && len(given) > 2 {
			d = min(d, 1)
		}
		if d < least && d < len(given) {
			best, least = name, d
		}
	}
	return best
}

var separators = strings.NewReplacer("-", "", "_", "")

func plain(name string) string { return strings.ToLower(separators.Replace(name)) }

// longest is the length in bytes from which on a name is near no other.
const longest = 64

// distance returns how many letters must be put in, taken out or replaced, or neighbours
// exchanged, to make one name of another.
func distance(a, b string) int {
	if len(a) > longest || len(b) > longest {
		return longest
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
