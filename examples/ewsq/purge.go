package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func purgeCommand() command {
	return command{
		name:     "purge",
		summary:  "permanently remove old messages from quarantine",
		synopsis: []string{"-older-than AGE [-mailbox ADDRESS | -mailboxes FILE] [-keep FILE] [-yes]"},
		description: `
Removes messages that were taken longer ago than an age such as 90d or 720h, which
must be at least 24h. Nothing can put them back. It first looks through everything
without removing anything; on a terminal, it then asks you to type the number of
messages. Without a terminal, and without -yes, that is all it does. With -yes it
does not ask.

A message is kept if its reference is in the -keep file, if it is being restored, if
a run may still be working on it, if the journal has not settled it, or if there are
two copies of it. So is anything else in the quarantine mailbox.

With quarantineInPlace it needs -mailbox or -mailboxes, and in a sovereign cloud it
removes nothing, because Graph cannot do that there.
`,
		files: "\nThe -keep file has one reference per line, as given with -reference; case is\nignored, and so are empty lines. A line that begins with # is a comment, but it\nalso keeps messages that have it as their reference, such as #4711.\n",
		exit: map[int]string{
			exitDone: "Everything that could be removed was removed, if anything; messages that are kept are listed.",
			exitSome: "A message was refused, or it is undecided whether it was removed; its line says why.",
		},
		examples: []example{
			{"What would be removed?", "ewsq -config exchange.json purge -older-than 90d"},
			{"Every night, except for what a case still needs:", "ewsq -config exchange.json purge \\\n    -older-than 90d -keep cases.txt -yes"},
		},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var age time.Duration
			addTextFunc(flags, "older-than", "remove messages of this `AGE` and older: in days, such as 90d, or hours, such as 720h; at least 24h", "", func(s string) (err error) {
				age, err = parseAge(s)
				return err
			})
			var from mailboxFlags
			from.add(flags)
			var keep string
			addText(flags, &keep, "keep", "", "`FILE` with the references whose messages are kept")
			yes := flags.Bool("yes", false, "remove without asking")
			return func(ctx context.Context, s *session) error {
				if age == 0 {
					return usagef("-older-than AGE is missing")
				}
				return s.purge(ctx, age, from, keep, *yes)
			}
		},
	}
}

// parseAge reads an age in days or hours.
func parseAge(s string) (time.Duration, error) {
	unit := map[byte]time.Duration{'d': 24 * time.Hour, 'h': time.Hour}[s[len(s)-1]]
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || unit == 0 || n <= 0 || n > 100*366*24 {
		return 0, errors.New("must be a number of days or hours, as 90d or 720h")
	}
	age := time.Duration(n) * unit
	if age < quarantine.MinPurgeAge {
		return 0, fmt.Errorf("must be at least %d hours", int(quarantine.MinPurgeAge.Hours()))
	}
	return age, nil
}

// purgeLine is the result line for a message.
type purgeLine struct {
	quarantine.Purged
	Error string `json:"error,omitempty"`
}

func (s *session) purge(ctx context.Context, age time.Duration, from mailboxFlags, keep string, yes bool) error {
	req := quarantine.PurgeRequest{Before: time.Now().Add(-age), DryRun: true}
	mailboxes, err := s.mailboxes(from)
	if err != nil {
		return err
	}
	if req.Keep, err = s.references(keep); err != nil {
		return err
	}
	if err := s.choose(); err != nil {
		return err
	}
	r, err := s.open(nil)
	if err != nil {
		return err
	}
	purge := func() iter.Seq2[quarantine.Purged, error] {
		return each(mailboxes, func(mailbox string) iter.Seq2[quarantine.Purged, error] {
			req.Mailbox = mailbox
			return r.Purge(ctx, req)
		})
	}
	n := 0
	looked := s.purging(purge(), func(p quarantine.Purged) bool {
		if p.Outcome == quarantine.Purgeable {
			n++
		}
		return !yes
	})
	if looked != nil && !errors.Is(looked, errSome) {
		return looked // nothing is removed without full knowledge
	}
	s.say("%s would be permanently removed", count(n, "message"))
	switch {
	case yes:
	case n == 0:
		return looked
	case s.columns == nil:
		s.say("nothing was removed; to remove them, add -yes")
		return looked
	default:
		if err := s.sure(n); err != nil {
			return err
		}
	}
	req.DryRun = false
	n = 0
	err = s.purging(purge(), func(p quarantine.Purged) bool {
		if p.Outcome == quarantine.PurgeDone {
			n++
		}
		return true
	})
	s.say("%s permanently removed", count(n, "message"))
	return err
}

// purging writes the lines for which show returns true. The error is errSome if a message
// was not dealt with.
func (s *session) purging(all func(func(quarantine.Purged, error) bool), show func(quarantine.Purged) bool) error {
	var failed []error
	some := false
	for p, err := range all {
		if err != nil {
			failed = append(failed, withFlag(err, "-mailbox ADDRESS or -mailboxes FILE"))
			continue
		}
		line := purgeLine{Purged: p}
		text := fmt.Sprintf("%s  %s  %s  %s", p.Outcome, clock(p.Quarantined), p.Mailbox, p.MessageID)
		if p.Err != nil {
			some = true
			line.Error = p.Err.Error()
			text += ": " + line.Error
		}
		if show(p) {
			if err := s.write(line, text); err != nil {
				return err
			}
		}
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	if some {
		return errSome
	}
	return nil
}

// sure asks for the number of messages.
func (s *session) sure(n int) error {
	fmt.Fprintf(s.stderr, "Nothing can put them back. Type %d to remove them: ", n)
	answer, err := bufio.NewReader(io.LimitReader(s.stdin, 100)).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	if strings.TrimSpace(answer) != strconv.Itoa(n) {
		return errors.New("nothing was removed")
	}
	return nil
}

// references reads the file of -keep.
func (s *session) references(name string) (all []string, err error) {
	if name == "" {
		return nil, nil
	}
	in, err := s.input(name)
	if err != nil {
		return nil, usagef("-keep: %w", err)
	}
	defer in.Close()
	named := false
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		switch {
		case line == "":
			continue
		case line[0] == '#':
			// It may be a reference such as #4711; a comment that is kept as one does no harm.
			named = named || len(line) > 1 && line[1] != ' '
		case !driver.ValidReference(line):
			return nil, usagef("-keep %s: line %d is not a reference, so nothing would be kept for it; the file must be UTF-8 with one reference per line", name, n)
		default:
			named = true
		}
		all = append(all, line)
	}
	if err := lines.Err(); err != nil {
		return nil, usagef("-keep %s: %w", name, err)
	}
	if !named {
		return nil, usagef("-keep %s: has no reference; leave -keep out if nothing is to be kept", name)
	}
	return all, nil
}
