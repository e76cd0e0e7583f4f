package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/nearest"
)

// misspelt adds to the error for an unknown flag the flag that may be meant.
func misspelt(err error, flags *flag.FlagSet) error {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return err
	}
	var names []string
	flags.VisitAll(func(f *flag.Flag) { names = append(names, "-"+f.Name) })
	slices.Sort(names)
	return fmt.Errorf("%w%s", err, nearest.DidYouMean("-"+strings.TrimLeft(name, "-"), names))
}
