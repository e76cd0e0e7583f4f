package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const measured = `goos: linux
BenchmarkThroughput/access=FullAccess/way=move/latency=20ms/concurrency=27-2         	       1	  9000000 ns/op	      6000 bound/min	      5700 messages/min
BenchmarkThroughput/access=FullAccess/way=move/latency=20ms/concurrency=27-2         	       1	  9000000 ns/op	      6000 bound/min	      5500 messages/min
BenchmarkThroughput/access=FullAccess/way=move/latency=20ms/concurrency=8-2          	       1	  9000000 ns/op	      1800 bound/min	      1750 messages/min
BenchmarkThroughput/access=FullAccess/way=move/latency=5ms/concurrency=8-2           	       1	  9000000 ns/op	      7200 bound/min	      6100 messages/min
BenchmarkThroughput/access=Impersonation/way=mime/latency=5ms/concurrency=8-2        	       1	  9000000 ns/op	      7200 bound/min	      6100 messages/min
BenchmarkOther-2  10  1 ns/op
PASS
`

func TestRun(t *testing.T) {
	dir := t.TempDir()
	var said bytes.Buffer
	if err := run(dir, nil, strings.NewReader(measured), &said); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "throughput.svg")
	svg, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if said.String() != name+"\n" {
		t.Errorf("said %q", said.String())
	}
	for _, want := range []string{"<svg", "calls at a time", "20ms, bound", "5ms"} {
		if !bytes.Contains(svg, []byte(want)) {
			t.Errorf("the chart has no %q", want)
		}
	}
}

func TestLines(t *testing.T) {
	results, err := read(nil, strings.NewReader(measured))
	if err != nil {
		t.Fatal(err)
	}
	all, err := charts()
	if err != nil {
		t.Fatal(err)
	}
	lines, err := all[0].lines(results)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 2 || lines[0].name != "5ms" || len(lines[1].points) != 2 {
		t.Fatalf("lines %+v", lines)
	}
	if got, want := lines[1].points[1], (point{x: 27, y: 5700, least: 5500, most: 5700, bound: 6000}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestBadInput(t *testing.T) {
	for name, c := range map[string]struct{ input, want string }{
		"nothing that is drawn": {"BenchmarkOther-2  10  1 ns/op\n", "none of the benchmarks"},
		"no horizontal axis":    {"BenchmarkThroughput/access=FullAccess/way=move-2  1  1 ns/op\n", "has no concurrency="},
		"no number":             {"BenchmarkThroughput/access=FullAccess/way=move/concurrency=many-2  1  1 ns/op\n", `"many" does not begin with a number`},
		"no unit":               {"BenchmarkThroughput/access=FullAccess/way=move/concurrency=8-2  1  1 ns/op\n", "does not report messages/min"},
		"a damaged line":        {"BenchmarkThroughput/concurrency=8-2  1  x ns/op\n", "standard input:1"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.TempDir(), nil, strings.NewReader(c.input), new(bytes.Buffer))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if err := run(t.TempDir(), []string{"nowhere"}, nil, new(bytes.Buffer)); err == nil {
		t.Error("a file that does not exist is no error")
	}
}
