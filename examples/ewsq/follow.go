package main

import (
	"flag"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// followFlags say whether to follow forwards, and how far.
type followFlags struct {
	follow bool
	bounds quarantine.ForwardOptions
}

func (f *followFlags) add(flags *flag.FlagSet) {
	flags.BoolVar(&f.follow, "follow-forwards", false, "include forwards and replies sent from these mailboxes, wherever they went")
	addNumber(flags, &f.bounds.MaxDepth, "forward-depth", 3, 1, 100, "maximum `NUMBER` of times a message is followed from one mailbox to the next")
	addNumber(flags, &f.bounds.MaxCopies, "forward-max", 500, 1, 1_000_000, "maximum `NUMBER` of copies to find for each message and starting mailbox")
}
