package main

import (
	"context"
	"flag"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func findCommand() command {
	return command{
		name:      "find",
		arguments: "-mailbox ADDRESS -message-id ID\n-targets FILE",
		summary:   "look for every copy of a message, and change nothing",
		help: `
All folders that the owner of the mailbox sees are searched. The receipt names
each copy with its folder and read state, and the folders that could not be
searched.
`,
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var targets targetFlags
			targets.add(flags)
			workers := workersFlag(flags)
			return func(ctx context.Context, s *session) error {
				return s.eachTarget(ctx, targets, "", *workers, (*quarantine.Service).Find)
			}
		},
	}
}

// workersFlag adds the number of targets worked on at once. Whether the server
// likes so many is the limiter's concern.
func workersFlag(flags *flag.FlagSet) *int {
	return flags.Int("workers", 8, "targets worked on at once, a `NUMBER` from 1 to 64")
}

// eachTarget does the same to each target that the flags name.
func (s *session) eachTarget(
	ctx context.Context, flags targetFlags, reason string, workers int,
	do func(*quarantine.Service, context.Context, quarantine.Target) (*quarantine.Receipt, error),
) error {
	if workers < 1 || workers > 64 {
		return usagef("-workers must be a number from 1 to 64")
	}
	if err := s.load(); err != nil {
		return err
	}
	config, err := s.choose("")
	if err != nil {
		return err
	}
	targets, err := flags.read(s, reason)
	if err != nil {
		return err
	}
	q, err := s.open(config)
	if err != nil {
		return err
	}
	jobs := make([]job, 0, len(targets))
	for _, t := range targets {
		jobs = append(jobs, job{config, t, func(ctx context.Context) (*quarantine.Receipt, error) { return do(q, ctx, t) }})
	}
	return s.runAll(ctx, jobs, workers)
}
