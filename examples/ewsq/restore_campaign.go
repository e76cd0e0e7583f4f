package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// campaignFlags select messages in quarantine, whichever mailboxes they are from.
type campaignFlags struct {
	flags            *flag.FlagSet
	group, reference string
	yes              bool
}

func (c *campaignFlags) add(flags *flag.FlagSet) {
	c.flags = flags
	addText(flags, &c.group, "group", "", "only messages taken from members of the group `ADDRESS`")
	addText(flags, &c.reference, "reference", "", "messages taken with this `KEY` of the case")
	flags.BoolVar(&c.yes, "yes", false, "put back everything that -reference, -group, or -message-id without -mailbox selects")
}

// meant reports whether the flags select a campaign rather than messages of one mailbox.
func (c *campaignFlags) meant(t *targetFlags) bool {
	return c.group != "" || c.reference != "" || t.messageID != "" && t.mailbox == "" && t.file == ""
}

// check refuses flags that contradict each other.
func (c *campaignFlags) check(t *targetFlags) error {
	if c.group != "" && t.mailbox != "" {
		return usagef("-mailbox and -group are both given; choose one")
	}
	if others := given(c.flags, append([]string{"receipt", "targets"}, criteriaNames()...)...); len(others) > 0 {
		return usagef("%s does not go with %s; choose one way to name messages", others[0], given(c.flags, "group", "reference", "message-id")[0])
	}
	for name, address := range map[string]string{"-mailbox": t.mailbox, "-group": c.group} {
		if address == "" {
			continue
		}
		if err := checkAddress(address); err != nil {
			return usagef("%s: %w", name, err)
		}
	}
	return nil
}

// restoreCampaign puts back the messages in quarantine that the flags select, if -yes is
// given, and otherwise says how many there are.
func (s *session) restoreCampaign(ctx context.Context, c *campaignFlags, t *targetFlags, pace *paceFlags) error {
	if err := c.check(t); err != nil {
		return err
	}
	if err := s.choose(); err != nil {
		return err
	}
	r, err := s.open(pace)
	if err != nil {
		return err
	}
	of, err := s.membersOf(ctx, r, c.group)
	if err != nil {
		return err
	}
	receipts, unlisted := s.inCampaign(ctx, r, c, t, of)
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted while listing; nothing was changed: %w", context.Cause(ctx))
	}
	if len(receipts) == 0 && unlisted == nil {
		s.say("none of that is in quarantine")
		if t.failNotFound {
			return errSome
		}
		return nil
	}
	text := counted(receipts)
	if !c.yes {
		return errors.Join(usagef("nothing was put back: %s would be; add -yes to do it, or use list to look first", text), unlisted)
	}
	s.say("%s will be put back", text)
	err = s.restoreEach(ctx, r, receipts, t, pace)
	if unlisted != nil && (err == nil || errors.Is(err, errSome)) {
		return fmt.Errorf("there may be more in quarantine: %w", unlisted)
	}
	return err
}

// membersOf returns the mailboxes of a group in lower case, or nil for no group. A group that
// is not fully known is refused: leaving out members silently would be wrong.
func (s *session) membersOf(ctx context.Context, r *quarantine.Router, group string) (map[string]bool, error) {
	if group == "" {
		return nil, nil
	}
	all, err := s.ask(ctx, r, groupFlags{address: group})
	if err != nil {
		return nil, err
	}
	if !all.Complete {
		return nil, fmt.Errorf("not all members of %s are known, so nothing was put back: %s; expand lists them", group, all.Unexpanded[0].Reason)
	}
	of := make(map[string]bool)
	for _, m := range all.Mailboxes {
		of[strings.ToLower(m.Address)] = true
	}
	return of, nil
}

// inCampaign lists the selected messages. An error means that there may be more.
func (s *session) inCampaign(ctx context.Context, r *quarantine.Router, c *campaignFlags, t *targetFlags, of map[string]bool) ([]*quarantine.Receipt, error) {
	shown := s.follow("listing", -1, 1)
	defer shown.ended()
	var receipts []*quarantine.Receipt
	var errs []error
	for it, err := range r.List(ctx, quarantine.ListRequest{Mailbox: t.mailbox, MessageID: t.messageID}) {
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("listing the quarantine: %w", withFlag(err, "-mailbox ADDRESS")))
		case c.reference != "" && it.Reference != c.reference, of != nil && !of[strings.ToLower(it.Mailbox)]:
		default:
			receipts = append(receipts, it.Receipt())
			shown.finish(true)
		}
	}
	return receipts, errors.Join(errs...)
}

// counted returns the number of messages and of mailboxes, in words.
func counted(receipts []*quarantine.Receipt) string {
	mailboxes, servers := make(map[string]bool), make(map[string]bool)
	for _, r := range receipts {
		mailboxes[strings.ToLower(r.Target.Mailbox)], servers[r.Server] = true, true
	}
	text := fmt.Sprintf("%s of %s", count(len(receipts), "message"), count(len(mailboxes), "mailbox"))
	if len(servers) > 1 {
		text += fmt.Sprintf(" on %s", count(len(servers), "server"))
	}
	return text
}
