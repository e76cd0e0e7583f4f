package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/nearest"
)

// addText adds a string flag. It refuses an empty value, as from an unset variable in a
// script, and a second, different value: either would silently do something unintended.
func addText(flags *flag.FlagSet, dst *string, name, def, usage string) {
	addTextFunc(flags, name, usage, def, func(s string) error {
		*dst = s
		return nil
	})
	// Global flags exist twice, before and after the command.
	flags.Lookup(name).Value.(*textFlag).given = *dst
	if *dst == "" {
		*dst = def
	}
}

// addTextFunc is addText with a function that parses the value.
func addTextFunc(flags *flag.FlagSet, name, usage, def string, set func(string) error) {
	flags.Var(&textFlag{def: def, set: set}, name, usage)
}

type textFlag struct {
	def, given string
	values     []string // the permitted ones, if there are only a few
	set        func(string) error
}

func (t *textFlag) String() string { return t.def }

func (t *textFlag) Set(s string) error {
	switch {
	case strings.TrimSpace(s) == "":
		return errors.New("must not be empty; give a value, or leave the flag out")
	case t.given != "" && t.given != s:
		return fmt.Errorf("already given as %q; give it once", t.given)
	}
	t.given = s
	return t.set(s)
}

// addNumber adds a flag for a number between bounds.
func addNumber(flags *flag.FlagSet, dst *int, name string, def, least, most int, usage string) {
	*dst = def
	flags.Var(&numberFlag{dst: dst, def: def, least: least, most: most}, name, fmt.Sprintf("%s; from %d to %d", usage, least, most))
}

type numberFlag struct {
	dst              *int
	def, least, most int
	given            bool
}

func (n *numberFlag) String() string { return strconv.Itoa(n.def) }

func (n *numberFlag) Set(s string) error {
	i, err := strconv.Atoi(s)
	if err != nil || i < n.least || i > n.most {
		return fmt.Errorf("must be a number from %d to %d", n.least, n.most)
	}
	if n.given && i != *n.dst {
		return fmt.Errorf("already given as %d; give it once", *n.dst)
	}
	n.given = true
	*n.dst = i
	return nil
}

// addChoice adds a flag that takes one of the given values.
func addChoice(flags *flag.FlagSet, dst *string, name string, values []string, usage string) {
	addTextFunc(flags, name, usage, "", func(s string) error {
		if !slices.Contains(values, s) {
			return fmt.Errorf("must be one of %s%s", strings.Join(values, ", "), nearest.DidYouMean(s, values))
		}
		*dst = s
		return nil
	})
	f := flags.Lookup(name).Value.(*textFlag)
	f.given, f.values = *dst, values
}

// addFailNotFound adds the flag that makes it a failure if a message is not found.
func addFailNotFound(flags *flag.FlagSet, dst *bool) {
	flags.BoolVar(dst, "fail-not-found", false, "also exit with status 1 if a message was not found")
}

// addresses is a flag that may be repeated.
type addresses []string

// String returns the addresses, separated by commas.
func (a *addresses) String() string { return strings.Join(*a, ",") }

// Set adds an address.
func (a *addresses) Set(s string) error {
	if err := checkAddress(s); err != nil {
		return err
	}
	*a = append(*a, s)
	return nil
}

// given returns which of the named flags were given.
func given(flags *flag.FlagSet, names ...string) []string {
	var found []string
	for _, name := range names {
		flags.Visit(func(f *flag.Flag) {
			if f.Name == name {
				found = append(found, "-"+name)
			}
		})
	}
	return found
}

// onlyWith refuses flags that have no effect without another flag.
func onlyWith(flags *flag.FlagSet, needed string, has bool, names ...string) error {
	if found := given(flags, names...); len(found) > 0 && !has {
		return usagef("%s has no effect without %s; give both, or leave it out", found[0], needed)
	}
	return nil
}
