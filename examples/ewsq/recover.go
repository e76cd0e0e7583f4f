package main

import (
	"context"
	"flag"
)

func recoverCommand() command {
	return command{
		name:    "recover",
		summary: "settle what an interrupted run left",
		help: `
The journal (journalFile in the configuration) says what was begun and not
finished. Each is looked for at both ends and finished; a line says what became
of it. Where nothing was left nothing is done, so it may be run at every start.

Without a journal the same is reached by running the same targets again.
`,
		prepare: func(*flag.FlagSet) func(context.Context, *session) error {
			return func(ctx context.Context, s *session) error { return s.recoverAll(ctx) }
		},
	}
}

func (s *session) recoverAll(ctx context.Context) error {
	configs, err := s.selected()
	if err != nil {
		return err
	}
	journals, settled, failed := 0, 0, false
	for i := range configs {
		c := &configs[i]
		if c.JournalFile == "" {
			continue
		}
		journals++
		q, err := s.open(c)
		if err != nil {
			return err
		}
		for receipt, err := range q.Recover(ctx) {
			if err != nil {
				s.say("ewsq: recovering from %s: %v", c.JournalFile, err)
				failed = true
				break
			}
			r := resultOf(c, receipt.Target, receipt, nil)
			if err := s.write(r, r.text()); err != nil {
				return err
			}
			settled++
			failed = failed || !r.ok()
		}
	}
	if journals == 0 {
		return usagef("the configuration has no journalFile, so nothing is known of earlier runs; run the same targets again")
	}
	s.say("%d were open", settled)
	if failed {
		return errSome
	}
	return nil
}
