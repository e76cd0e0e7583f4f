package quarantine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// ForwardOptions bounds [Service.FollowForwards]. nil or the zero value means
// the defaults.
type ForwardOptions struct {
	// MaxDepth is how many times a message is followed from one mailbox to the
	// next: 1 finds only those to whom the owner of the first mailbox sent it.
	// Default: 3.
	MaxDepth int
	// MaxCopies is how many copies may be found. If there are more, the call fails
	// rather than return only some of them. Default: 500.
	MaxCopies int
}

func (opts *ForwardOptions) withDefaults() (ForwardOptions, error) {
	var o ForwardOptions
	if opts != nil {
		o = *opts
	}
	if o.MaxDepth < 0 || o.MaxCopies < 0 {
		return o, driver.Invalid("forward options", "MaxDepth or MaxCopies", "is negative; leave it out for the default")
	}
	if o.MaxDepth == 0 {
		o.MaxDepth = 3
	}
	if o.MaxCopies == 0 {
		o.MaxCopies = 500
	}
	return o, nil
}

// ForwardTrail describes where a message went from a mailbox.
type ForwardTrail struct {
	Target Target `json:"target"`
	// Copies are further targets, each listed once, those nearest to the first
	// mailbox first. It is likely, not certain, that each exists.
	Copies []ForwardedCopy `json:"copies"`
	// External lists the addresses outside the organisation to which it was sent,
	// each once. It cannot be followed there.
	External []string `json:"external"`
	// Unfollowed lists mailboxes and groups where the trail may continue unseen.
	Unfollowed []Unfollowed `json:"unfollowed"`
	// Complete means that Unfollowed is empty.
	Complete bool `json:"complete"`
}

// ForwardedCopy is a message that passes another on, in the mailbox of its
// sender or of a recipient.
type ForwardedCopy struct {
	Target
	Sent   bool                `json:"sent"`   // the sender's own copy
	From   string              `json:"from"`   // sender's mailbox
	Parent string              `json:"parent"` // Message-ID of the message that was passed on
	By     driver.ForwardTrace `json:"by"`
	SentAt time.Time           `json:"sentAt,omitzero"`
	Depth  int                 `json:"depth"` // 1: sent from the first mailbox
}

// Unfollowed is a mailbox, group or address beyond which the trail is not
// known.
type Unfollowed struct {
	Address   string `json:"address"`
	MessageID string `json:"messageId,omitempty"`
	Reason    string `json:"reason"`
}

// FollowForwards follows a message from a mailbox to the people to whom its owner
// forwarded it or replied, and on from there in the same way, including through groups.
// It changes nothing; the copies that it returns can be quarantined as targets.
//
// Sent messages are recognised in the sender's Sent Items, and the folders
// below, by the headers In-Reply-To and References and, while the message
// itself is in the mailbox, by their place in the conversation. So it is best
// called before the message is taken. Server rules that forward or redirect
// leave nothing in Sent Items, and users may delete what is there.
//
// The error matches [ErrTooManyHits] if there are more copies than the options
// allow, and [errors.ErrUnsupported] if the strategy does not support this. A
// failure in any mailbox but the first is reported in the trail instead.
func (s *Service) FollowForwards(ctx context.Context, t Target, opts *ForwardOptions) (*ForwardTrail, error) {
	if err := s.check(t); err != nil {
		return nil, err
	}
	return followForwards(ctx, s, t, opts)
}

// followForwards is [Service.FollowForwards] for one server or several.
func followForwards(ctx context.Context, ground trailGround, t Target, opts *ForwardOptions) (*ForwardTrail, error) {
	if t.byCriteria() {
		return nil, driver.Invalid("target", "criteria", "cannot be used to follow forwards; find the message first and give its messageId")
	}
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	f := &follower{
		ground: ground, directory: ground.book(), opts: o,
		seen: make(map[string]bool), external: make(map[string]bool), resolved: make(map[string][]driver.Member),
		trail: &ForwardTrail{Target: t, Copies: []ForwardedCopy{}, External: []string{}, Unfollowed: []Unfollowed{}},
	}
	if err := f.run(ctx); err != nil {
		return nil, fmt.Errorf("following %s from %s: %w", t.MessageID, t.Mailbox, err)
	}
	return f.trail, nil
}

type follower struct {
	ground    trailGround
	directory driver.Directory // nil if no address book can be asked
	opts      ForwardOptions
	trail     *ForwardTrail
	seen      map[string]bool            // mailbox and Message-ID
	external  map[string]bool            // addresses in lower case
	resolved  map[string][]driver.Member // mailboxes behind an address in lower case
	queue     []trailStep
}

// trailStep is a message in a mailbox from which the trail continues.
type trailStep struct {
	Target
	depth int // of messages sent from it
}

// isNew reports whether a message in a mailbox is seen for the first time.
func (f *follower) isNew(mailbox, messageID string) bool {
	key := strings.ToLower(mailbox) + "\x00" + driver.BareMessageID(messageID)
	if f.seen[key] {
		return false
	}
	f.seen[key] = true
	return true
}

func (f *follower) run(ctx context.Context) error {
	first := f.trail.Target
	f.isNew(first.Mailbox, first.MessageID)
	f.queue = []trailStep{{first, 1}}
	for len(f.queue) > 0 {
		at := f.queue[0]
		f.queue = f.queue[1:]
		if at.depth > f.opts.MaxDepth {
			f.unfollowed(at.Mailbox, at.MessageID, fmt.Sprintf("not followed further: the limit is %d steps", f.opts.MaxDepth))
			continue
		}
		sent, err := f.ground.forwarded(ctx, at.Mailbox, at.MessageID, f.opts.MaxCopies)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && (at.depth == 1 || errors.Is(err, ErrTooManyHits)):
			return err
		case err != nil:
			f.unfollowed(at.Mailbox, at.MessageID, err.Error())
			continue
		}
		for _, message := range sent {
			if err := f.pass(ctx, at, message); err != nil {
				return err
			}
		}
	}
	f.trail.Complete = len(f.trail.Unfollowed) == 0
	return nil
}

func (f *follower) unfollowed(address, messageID, reason string) {
	f.trail.Unfollowed = append(f.trail.Unfollowed, Unfollowed{Address: address, MessageID: messageID, Reason: reason})
}

// pass records a message that passes another on, along with its recipients.
func (f *follower) pass(ctx context.Context, at trailStep, message driver.Forwarded) error {
	if err := checkMessageID(message.MessageID); err != nil {
		f.unfollowed(at.Mailbox, at.MessageID, fmt.Sprintf("the message that passes it on has a Message-ID that %v", err))
		return nil
	}
	c := ForwardedCopy{
		Target: Target{Mailbox: at.Mailbox, MessageID: message.MessageID, Reason: at.Reason, Reference: at.Reference}, Sent: true,
		From: at.Mailbox, Parent: at.MessageID, By: message.By, SentAt: message.Sent, Depth: at.depth,
	}
	if err := f.add(c); err != nil {
		return err
	}
	for _, r := range message.Recipients {
		mailboxes, err := f.mailboxesOf(ctx, r, message.MessageID)
		if err != nil {
			return err
		}
		for _, p := range mailboxes {
			c.Target.Mailbox, c.Sent = p.Address, false
			if err := f.add(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// add records a copy, from which the trail may continue.
func (f *follower) add(c ForwardedCopy) error {
	if f.ground.isQuarantine(c.Mailbox) || !f.isNew(c.Mailbox, c.MessageID) {
		return nil
	}
	if len(f.trail.Copies) >= f.opts.MaxCopies {
		return &LimitError{Setting: "MaxCopies", Limit: f.opts.MaxCopies, What: "copies", kind: ErrTooManyHits}
	}
	f.trail.Copies = append(f.trail.Copies, c)
	if !c.Sent {
		f.queue = append(f.queue, trailStep{c.Target, c.Depth + 1})
	}
	return nil
}
