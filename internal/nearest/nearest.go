// Package nearest finds the name that was probably meant by a misspelt one.
package nearest

import (
	"fmt"
	"strings"
)

// DidYouMean returns a question to append to an error, if what is close to one of the
// names; otherwise it returns an empty string. Letter case, hyphens and underscores do
// not count.
func DidYouMean(what string, names []string) string {
	if name := Name(what, names); name != "" {
		return fmt.Sprintf("; did you mean %s?", name)
	}
	return ""
}

// Name returns the name that is nearest to what, or an empty string if none is near.
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

// longest is the length in bytes beyond which a name is considered near no other.
const longest = 64

// distance returns how many letters must be inserted, deleted or replaced, or neighbours
// swapped, to turn one name into another.
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
