package main

import (
	"context"
	"flag"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func findCommand() command {
	return command{
		name:    "find",
		csv:     true,
		summary: "find every copy of a message without changing anything",
		synopsis: []string{
			"-mailbox ADDRESS|-group ADDRESS -message-id ID [-follow-forwards]",
			"-mailbox ADDRESS|-group ADDRESS CRITERIA... [-follow-forwards]",
			"-targets FILE [-follow-forwards]",
		},
		description: `
Searches all folders that the owner of the mailbox can see and, if configured,
Recoverable Items and the archive. The receipt lists each copy with its folder and
read state, the folders that were searched with the number of pages read, and those
that could not be searched with the cause: notFound, noPermission, unreachable,
refused (the server answered with another error), or undecided if criteria could not
be checked against a message.
` + describeTargets,
		files: targetsFormat,
		exit: map[int]string{
			exitDone: "Everything was searched. It is not an error if a message is not found.",
			exitSome: "A mailbox or folder was not searched, a search was refused, or not all forwards or members are known.",
		},
		examples: []example{
			{"Which copies are in Alice's mailbox?", "ewsq -config exchange.json find \\\n    -mailbox alice@example.test \\\n    -message-id '<20261124.1@evil.example>'"},
			{"Who in the group has a message with this subject, and who was it forwarded to?",
				"ewsq -config exchange.json find -group all-staff@example.test \\\n    -subject 'Your mailbox is full' -subject-match prefix \\\n    -follow-forwards"},
		},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var f takeFlags
			f.add(flags)
			f.readOnly = true
			return func(ctx context.Context, s *session) error {
				return s.take(ctx, flags, &f, "", (*quarantine.Campaign).Find)
			}
		},
	}
}
