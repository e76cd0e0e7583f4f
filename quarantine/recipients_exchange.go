package quarantine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// codeNoMailbox is how Exchange refuses to look into the address book for a
// caller that has no mailbox.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode.
const codeNoMailbox ews.ResponseCode = "ErrorNameResolutionNoMailbox"

// members returns the members of a group. With FullAccess it is the service
// account that asks, and with impersonation the owner of the mailbox.
func (m *exchangeMailbox) members(ctx context.Context, address string) ([]Member, bool, error) {
	list, err := m.client.ExpandDL(ctx, ews.Mailbox{EmailAddress: address})
	if err != nil {
		return nil, false, m.directoryError(ctx, err)
	}
	members := make([]Member, 0, len(list.Members))
	for _, raw := range list.Members {
		member, err := m.member(ctx, raw)
		if err != nil {
			return nil, false, err
		}
		members = append(members, member)
	}
	return members, list.Complete, nil
}

// lookup returns whom an address stands for, whether it is the primary one or
// not.
func (m *exchangeMailbox) lookup(ctx context.Context, address string) (Member, error) {
	name := address
	if strings.Contains(address, "@") {
		name = "smtp:" + address
	}
	found, err := m.client.ResolveNames(ctx, ews.ResolveNamesRequest{Name: name})
	if err != nil {
		return Member{}, m.directoryError(ctx, err)
	}
	// More than one, and the address is a part of theirs.
	if len(found.Candidates) != 1 && strings.Contains(address, "@") {
		for _, c := range found.Candidates {
			if strings.EqualFold(c.Mailbox.EmailAddress, address) {
				return memberOf(c.Mailbox), nil
			}
		}
	}
	if len(found.Candidates) != 1 {
		return Member{}, fmt.Errorf("%w: the address book has %d entries for %q", ErrGone, len(found.Candidates), address)
	}
	return memberOf(found.Candidates[0].Mailbox), nil
}

// member makes sure of an SMTP address, as far as the address book has it.
func (m *exchangeMailbox) member(ctx context.Context, raw ews.Mailbox) (Member, error) {
	member := memberOf(raw)
	if member.Address != "" || raw.EmailAddress == "" {
		return member, nil
	}
	found, err := m.lookup(ctx, raw.EmailAddress)
	switch {
	case errors.Is(err, ErrGone):
		return member, nil
	case err != nil:
		return Member{}, err
	}
	return found, nil
}

// memberOf describes an entry; without address, unless that is one of SMTP.
func memberOf(raw ews.Mailbox) Member {
	member := Member{Name: raw.Name, Kind: memberKind(raw.MailboxType)}
	if strings.Contains(raw.EmailAddress, "@") && !strings.EqualFold(raw.RoutingType, "EX") {
		member.Address = raw.EmailAddress
	}
	return member
}

// memberKind reads a MailboxType.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/mailboxtype.
func memberKind(mailboxType string) MemberKind {
	switch mailboxType {
	case "Mailbox", "User":
		return MemberMailbox
	case "PublicDL", "PrivateDL":
		return MemberGroup
	case "GroupMailbox":
		return MemberGroupMailbox
	case "Contact", "OneOff", "ImplicitContact":
		return MemberContact
	}
	return MemberOther
}

// directoryError explains why the address book says nothing.
func (m *exchangeMailbox) directoryError(ctx context.Context, err error) error {
	refusal, ok := errors.AsType[*ews.ResponseError](err)
	switch {
	case !ok:
		return err
	case refusal.Code == "ErrorNameResolutionNoResults":
		return fmt.Errorf("%w: %w", ErrGone, err)
	case refusal.Code == codeNoMailbox && m.x.delegate:
		return fmt.Errorf("%w: the service account has no mailbox, and Exchange expands groups only for a caller that has one: "+
			"give it one (Enable-Mailbox -Identity ACCOUNT), or use impersonation: %w", ErrNoDirectory, err)
	case refusal.Code == codeNoMailbox:
		return fmt.Errorf("%w: groups are expanded as the owner of %s, who has no mailbox: check the setting quarantineMailbox: %w", ErrNoDirectory, m.address, err)
	case errors.Is(err, ews.ErrNoMailbox) || errors.Is(err, ews.ErrAccessDenied):
		return fmt.Errorf("%w: groups are expanded as the owner of %s: %w", ErrNoDirectory, m.address, m.unreachable(ctx, err))
	}
	return err
}
