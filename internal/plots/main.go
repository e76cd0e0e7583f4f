// Plots draws the charts of BENCHMARKS.md as SVG, from what go test -bench prints.
//
//	go test ./quarantine -run xxx -bench Throughput | go run -C internal/plots . -out charts
//
// The file charts.json defines what is drawn. A chart whose benchmark is not in the input
// is left as it is. Repeated runs of a benchmark (-count) are shown as their median and
// range.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	out := flag.String("out", ".", "folder for the SVG files")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "usage: plots [-out DIR] [FILE]...\n\nReads the output of go test -bench from the files, or from standard input.\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := run(*out, flag.Args(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "plots: %v\n", err)
		os.Exit(1)
	}
}

// run draws the charts whose benchmarks are in the input, and reports which ones.
func run(out string, files []string, stdin io.Reader, stdout io.Writer) error {
	all, err := charts()
	if err != nil {
		return err
	}
	measured, err := read(files, stdin)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	drawn := 0
	for _, c := range all {
		lines, err := c.lines(measured)
		if err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
		if len(lines) == 0 {
			continue
		}
		svg, err := c.draw(lines)
		if err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
		if err := os.WriteFile(filepath.Join(out, c.File), svg, 0o666); err != nil {
			return err
		}
		fmt.Fprintln(stdout, filepath.Join(out, c.File))
		drawn++
	}
	if drawn == 0 {
		return fmt.Errorf("the input has none of the benchmarks that charts.json names")
	}
	return nil
}
