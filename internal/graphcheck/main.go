// Command graphcheck checks requests and answers of Microsoft Graph, as package graphtest
// captures them with GRAPHTEST_CAPTURE, against an OpenAPI description.
//
//	graphcheck -openapi FILE DIR...
//
// It prints what is invalid and how many exchanges it has checked; exchanges with paths
// that the description lacks are counted separately. The exit status is 1 if something is
// invalid, or if there is nothing to check. It is a separate module so that the SDK does
// not depend on a validator.
package main

import (
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("graphcheck", flag.ContinueOnError)
	flags.SetOutput(stderr)
	description := flags.String("openapi", "", "`FILE` with the OpenAPI description")
	if flags.Parse(args) != nil || *description == "" || flags.NArg() == 0 {
		fmt.Fprintln(stderr, "graphcheck: usage: graphcheck -openapi FILE DIR...")
		return 2
	}
	c, err := NewChecker(*description)
	if err != nil {
		fmt.Fprintln(stderr, "graphcheck:", err)
		return 2
	}
	for _, dir := range flags.Args() {
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".json") {
				return err
			}
			return c.File(name)
		})
		if err != nil {
			fmt.Fprintln(stderr, "graphcheck:", err)
			return 2
		}
	}
	for _, line := range c.Invalid {
		fmt.Fprintln(stdout, line)
	}
	fmt.Fprintf(stdout, "%d exchanges valid, %d invalid, %d not described\n", c.Valid, len(c.Invalid), c.Unknown)
	if len(c.Invalid) > 0 || c.Valid == 0 {
		return 1
	}
	return 0
}
