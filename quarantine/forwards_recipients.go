package quarantine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// mailboxesOf returns the mailboxes of a recipient: its own, or those of the
// members of a group. External addresses, and groups that cannot be expanded,
// are added to the trail.
func (f *follower) mailboxesOf(ctx context.Context, r driver.Member, messageID string) ([]driver.Member, error) {
	if !strings.Contains(r.Address, "@") {
		f.unfollowed(r.Name, messageID, "the server returns no SMTP address for this recipient")
		return nil, nil
	}
	key := strings.ToLower(r.Address)
	if mailboxes, ok := f.resolved[key]; ok {
		return mailboxes, nil
	}
	who, err := f.lookUp(ctx, r)
	if err != nil {
		return nil, err
	}
	var mailboxes []driver.Member
	switch who.Kind {
	case driver.MemberGroup, driver.MemberGroupMailbox:
		mailboxes, err = f.group(ctx, who.Address, messageID)
	case driver.MemberMailbox:
		mailboxes = []driver.Member{who}
	default:
		f.outside(who.Address)
	}
	if err == nil {
		f.resolved[key] = mailboxes
	}
	return mailboxes, err
}

// lookUp asks the address book who a recipient is. If it cannot be asked, or
// does not show the recipient, an address in the same domain as the first
// mailbox is treated as a mailbox: opening it will show whether it exists.
func (f *follower) lookUp(ctx context.Context, r driver.Member) (driver.Member, error) {
	if f.directory != nil {
		who, err := f.directory.Lookup(ctx, r.Address)
		switch {
		case err == nil && who.Address != "":
			return who, nil
		case ctx.Err() != nil:
			return driver.Member{}, context.Cause(ctx)
		case errors.Is(err, ErrNoDirectory):
			f.directory = nil
			f.unfollowed(r.Address, "", "groups cannot be distinguished from mailboxes: "+err.Error())
		case err != nil && !errors.Is(err, ErrGone):
			f.unfollowed(r.Address, "", "looking up this address failed: "+err.Error())
		}
	}
	if strings.EqualFold(domainOf(r.Address), domainOf(f.trail.Target.Mailbox)) || f.ground.has(ctx, r.Address) {
		return driver.Member{Name: r.Name, Address: r.Address, Kind: driver.MemberMailbox}, nil
	}
	return driver.Member{Name: r.Name, Address: r.Address, Kind: driver.MemberContact}, nil
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

func (f *follower) outside(address string) {
	if key := strings.ToLower(address); !f.external[key] {
		f.external[key] = true
		f.trail.External = append(f.trail.External, address)
	}
}

// group returns the mailboxes of a group.
func (f *follower) group(ctx context.Context, address, messageID string) ([]driver.Member, error) {
	members, err := f.ground.Expand(ctx, address, &ExpandOptions{MaxMembers: f.opts.MaxCopies})
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, ErrTooManyMembers) && limitOf(err) != "MaxMembers":
		return nil, fmt.Errorf("%w: %w", ErrTooManyHits, err) // nested too deeply, or too many groups
	case errors.Is(err, ErrTooManyMembers):
		return nil, &LimitError{Setting: "MaxCopies", Limit: f.opts.MaxCopies, What: "members of " + address + ", a group it was sent to", kind: ErrTooManyHits}
	case err != nil:
		f.unfollowed(address, messageID, err.Error())
		return nil, nil
	}
	for _, c := range members.Contacts {
		f.outside(c.Address)
	}
	for _, u := range members.Unexpanded {
		f.unfollowed(u.Address, messageID, u.Reason)
	}
	return members.Mailboxes, nil
}

// limitOf returns the setting that a limit belongs to.
func limitOf(err error) string {
	if e, ok := errors.AsType[*LimitError](err); ok {
		return e.Setting
	}
	return ""
}
