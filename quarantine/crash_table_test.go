//go:build unix

package quarantine_test

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// crashTable counts crashes, with one line for each group of similar ones.
func crashTable(wrecks []*wreck, keys func(*wreck) []string, heads ...string) string {
	type line struct {
		points, source, both, destination, open, lost, doubled, other int
	}
	lines := make(map[string]*line)
	var order []string
	add := func(key string, w *wreck) {
		l := lines[key]
		if l == nil {
			l = &line{}
			lines[key] = l
			order = append(order, key)
		}
		l.points++
		switch w.left {
		case atSource:
			l.source++
		case atBoth:
			l.both++
		case atDestination:
			l.destination++
		}
		l.open += len(w.open)
		l.lost += w.lost
		l.doubled += w.doubled
		if len(w.problems) > 0 {
			l.other++
		}
	}
	for _, w := range wrecks {
		add(strings.Join(keys(w), "\t"), w)
	}
	total := "all" + strings.Repeat("\t", len(heads)-1)
	for _, w := range wrecks {
		add(total, w)
	}
	var b strings.Builder
	out := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "%s\tPOINTS\tLEFT AT SOURCE\tAT BOTH\tAT DESTINATION\tINTENTS\tLOST\tDOUBLED\tWITH PROBLEMS\n", strings.Join(heads, "\t"))
	for _, key := range order {
		l := lines[key]
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", key, l.points, l.source, l.both, l.destination, l.open, l.lost, l.doubled, l.other)
	}
	_ = out.Flush()
	return b.String()
}

// wholeCrash reports whether the whole matrices of crashes are run.
func wholeCrash() bool { return *crashAll || *whole }
