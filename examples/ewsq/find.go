package main

import (
	"context"
	"flag"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func findCommand() command {
	return command{
		name:    "find",
		summary: "look for every copy of a message, and change nothing",
		synopsis: []string{
			"-mailbox ADDRESS|-group ADDRESS -message-id ID [-follow-forwards]",
			"-mailbox ADDRESS|-group ADDRESS CRITERIA... [-follow-forwards]",
			"-targets FILE [-follow-forwards]",
		},
		description: `
All folders that the owner of the mailbox sees are searched, and where the
configuration wants it Recoverable Items and the archive. The receipt names each
copy with its folder and read state, the folders that were searched with the
number of their pages, and those that could not be searched, with the cause: no
permission, not there any more, or unreachable.
` + describeTargets,
		files: targetsFormat,
		exit: map[int]string{
			exitDone: "Everything was searched. A message that is not found is no failure.",
			exitSome: "Some mailbox or folder was not searched, something was refused, or forwards or members are not all known.",
		},
		examples: []example{
			{"Which copies does Alice have?", "ewsq -config exchange.json find \\\n    -mailbox alice@example.test -message-id '<20261124.1@evil.example>'"},
			{"Who in the group has a message with this subject, and to whom was it sent on?",
				"ewsq -config exchange.json find -group all-staff@example.test \\\n    -subject 'Your mailbox is full' -subject-match prefix -follow-forwards"},
		},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var f takeFlags
			f.add(flags)
			return func(ctx context.Context, s *session) error {
				return s.take(ctx, flags, &f, "", (*quarantine.Router).FindAll)
			}
		},
	}
}
