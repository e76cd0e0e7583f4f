package main

import (
	"bytes"
	"context"
	"flag"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func setupCommand() command {
	return command{
		name:      "setup",
		arguments: "[-exchange VERSION] [-markdown]",
		summary:   "print the steps that prepare Exchange for this configuration",
		help: `
Prints the steps and the exact commands, with the names of this configuration, on
standard output: for people, not as JSON. Nothing is asked of any server.
`,
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			version := flags.String("exchange", "", "`VERSION` of Exchange: 2010, 2013, 2016, 2019, SE or Online (default: as configured)")
			markdown := flags.Bool("markdown", false, "print Markdown")
			return func(_ context.Context, s *session) error {
				return s.setup(quarantine.ExchangeVersion(*version), *markdown)
			}
		},
	}
}

func (s *session) setup(version quarantine.ExchangeVersion, markdown bool) error {
	if s.config == "" {
		return usagef("-config FILE is missing")
	}
	// What is missing in the configuration is no mistake yet.
	all, err := quarantine.LoadConfigs(s.config)
	if err != nil {
		return usageError{err}
	}
	s.configs = all
	c, err := s.choose("")
	if err != nil {
		return err
	}
	guide, err := quarantine.Setup(c, &quarantine.SetupOptions{ExchangeVersion: version})
	if err != nil {
		return usageError{err}
	}
	var out bytes.Buffer
	if markdown {
		err = guide.WriteMarkdown(&out)
	} else {
		err = guide.WriteText(&out)
	}
	if err != nil {
		return err
	}
	_, err = s.stdout.Write(out.Bytes())
	return err
}
