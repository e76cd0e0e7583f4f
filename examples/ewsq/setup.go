package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/setup"
)

func setupCommand() command {
	return command{
		name:     "setup",
		summary:  "print the steps that prepare Exchange for this configuration",
		synopsis: []string{"[-exchange VERSION] [-markdown]"},
		description: `
Prints the steps and the exact commands, with the names from this configuration, on
standard output: as text, as Markdown, or with -json as one line for each
configuration, with title, notes and steps. No server is contacted. Anything that the
configuration lacks is filled in with examples, which the notes point out.

Without -server, it prints the steps for every configuration in the file, including
disabled ones.
`,
		exit: map[int]string{exitDone: "The steps were printed."},
		examples: []example{
			{"What needs to be done on Exchange 2016?", "ewsq -config exchange.json setup -exchange 2016"},
			{"The same, as a document:", "ewsq -config exchange.json setup -markdown > setup.md"},
		},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var version string
			addText(flags, &version, "exchange", "", "`VERSION` of Exchange: 2010, 2013, 2016, 2019, SE or online; if not given, online or SE, depending on the configuration")
			markdown := flags.Bool("markdown", false, "print Markdown")
			return func(_ context.Context, s *session) error {
				if *markdown && s.json {
					return usagef("-markdown and -json are both given; choose one format")
				}
				if *markdown && s.output != "" {
					return usagef("-markdown and -output are both given; choose one format")
				}
				return s.setup(setup.Version(version), *markdown)
			}
		},
	}
}

// guideLine is the result line for one configuration.
type guideLine struct {
	Server string `json:"server,omitempty"`
	*setup.Guide
}

func (s *session) setup(version setup.Version, markdown bool) error {
	if err := s.place(); err != nil {
		return err
	}
	// The configuration may still be incomplete.
	all, err := exchange.LoadConfigs(s.config)
	if err != nil {
		return usageError{err}
	}
	if s.server != "" {
		one, err := named(all, s.server)
		if err != nil {
			return usagef("-server: %w", err)
		}
		all = []exchange.Config{*one}
	}
	var guides []guideLine
	for i := range all {
		guide, err := setup.New(&all[i], &setup.Options{ExchangeVersion: version})
		if err != nil {
			if version != "" {
				err = fmt.Errorf("-exchange %s: %w", version, err)
			}
			return usageError{err}
		}
		guides = append(guides, guideLine{all[i].Name, guide})
	}
	var out bytes.Buffer
	for i, g := range guides {
		if s.json || s.output == asJSON {
			if err := s.writeJSON(g); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			out.WriteString("\n")
		}
		if markdown {
			err = g.WriteMarkdown(&out)
		} else {
			err = g.WriteText(&out)
		}
		if err != nil {
			return err
		}
	}
	if _, err := s.stdout.Write(out.Bytes()); err != nil {
		return fmt.Errorf("writing the steps: %w", err)
	}
	return nil
}
