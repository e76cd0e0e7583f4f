package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
)

//go:embed charts.json
var chartsFile []byte

// chart defines what to draw from which benchmark. Sub-benchmarks are named after what
// they vary, as in Throughput/latency=20ms/concurrency=27.
type chart struct {
	File      string // of the SVG
	Title     string
	Benchmark string            // name, without "Benchmark"
	Only      map[string]string // sub-benchmarks that count, by key; others are omitted
	X         string            // key of the horizontal axis
	XLabel    string
	Y         string // unit to draw
	YLabel    string
	Series    string  // key that tells the lines apart; empty for one line
	Bound     string  // unit of a bound to draw next to each line; empty for none
	Log       bool    // the horizontal axis is logarithmic
	Room      float64 // for the legend above the lines, as a fraction of their height; at least 0.1
}

// charts returns the charts defined in charts.json.
func charts() (all []chart, err error) {
	d := json.NewDecoder(bytes.NewReader(chartsFile))
	d.DisallowUnknownFields()
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("charts.json: %w", err)
	}
	for i, c := range all {
		if c.File == "" || c.Benchmark == "" || c.X == "" || c.Y == "" {
			return nil, fmt.Errorf("charts.json: chart %d needs File, Benchmark, X and Y", i+1)
		}
	}
	return all, nil
}

// read returns the results in benchmark output. A line that looks like a result but
// cannot be read is an error.
func read(files []string, stdin io.Reader) (all []*benchfmt.Result, err error) {
	from := func(r io.Reader, name string) error {
		in := benchfmt.NewReader(r, name)
		for in.Scan() {
			switch rec := in.Result().(type) {
			case *benchfmt.Result:
				all = append(all, rec.Clone())
			case *benchfmt.SyntaxError:
				return rec
			}
		}
		return in.Err()
	}
	if len(files) == 0 {
		return all, from(stdin, "standard input")
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		err = from(f, name)
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// line is one line of a chart.
type line struct {
	name   string
	points []point
}

// point is what was measured at one position on the horizontal axis.
type point struct {
	x           float64
	y           float64 // median
	least, most float64
	bound       float64 // 0: none
}

// lines returns the lines to draw from the results.
func (c chart) lines(results []*benchfmt.Result) ([]line, error) {
	type place struct {
		series string
		x      float64
	}
	values := make(map[place][]float64)
	bounds := make(map[place]float64)
	for _, r := range results {
		base, keys := parts(r.Name)
		if base != c.Benchmark || !c.counts(keys) {
			continue
		}
		text, ok := keys[c.X]
		if !ok {
			return nil, fmt.Errorf("%s has no %s= in its name", r.Name, c.X)
		}
		x, err := number(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		y, ok := r.Value(c.Y)
		if !ok {
			return nil, fmt.Errorf("%s does not report %s", r.Name, c.Y)
		}
		at := place{keys[c.Series], x}
		values[at] = append(values[at], y)
		if c.Bound != "" {
			if bounds[at], ok = r.Value(c.Bound); !ok {
				return nil, fmt.Errorf("%s does not report %s", r.Name, c.Bound)
			}
		}
	}
	byName := make(map[string][]point)
	for at, ys := range values {
		slices.Sort(ys)
		byName[at.series] = append(byName[at.series], point{at.x, ys[len(ys)/2], ys[0], ys[len(ys)-1], bounds[at]})
	}
	var all []line
	for _, name := range slices.SortedFunc(maps.Keys(byName), natural) {
		points := byName[name]
		slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.x, b.x) })
		all = append(all, line{name, points})
	}
	return all, nil
}

// counts reports whether a sub-benchmark belongs to the chart.
func (c chart) counts(keys map[string]string) bool {
	for k, v := range c.Only {
		if keys[k] != v {
			return false
		}
	}
	return true
}

// parts splits the name of a benchmark from what it varies.
func parts(name benchfmt.Name) (base string, keys map[string]string) {
	first, rest := name.Parts()
	keys = make(map[string]string)
	for _, part := range rest {
		k, v, _ := strings.Cut(strings.TrimPrefix(string(part), "/"), "=")
		keys[k] = v
	}
	return string(first), keys
}

// natural orders names by their numbers first: 5ms before 20ms.
func natural(a, b string) int {
	x, errX := number(a)
	y, errY := number(b)
	if errX == nil && errY == nil && x != y {
		return cmp.Compare(x, y)
	}
	return strings.Compare(a, b)
}

// number returns the number at the beginning of a text such as 20ms.
func number(text string) (float64, error) {
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ%")
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0, fmt.Errorf("%q does not begin with a number", text)
	}
	return n, nil
}
