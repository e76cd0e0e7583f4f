package ewsmail

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// codeNoMailbox is how Exchange refuses address book queries of a caller that has
// no mailbox.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode.
const codeNoMailbox ews.ResponseCode = "ErrorNameResolutionNoMailbox"

// members returns the members of a group. With FullAccess the service account
// makes the query, with impersonation the owner of the mailbox.
func (m *mailbox) members(ctx context.Context, address string) ([]driver.Member, bool, error) {
	list, err := m.client.ExpandDL(ctx, ews.Mailbox{EmailAddress: address})
	if err != nil {
		return nil, false, m.directoryError(ctx, err)
	}
	members := make([]driver.Member, 0, len(list.Members))
	for _, raw := range list.Members {
		member, err := m.member(ctx, raw)
		if err != nil {
			return nil, false, err
		}
		members = append(members, member)
	}
	return members, list.Complete, nil
}

// lookup returns the owner of an address, primary or secondary.
func (m *mailbox) lookup(ctx context.Context, address string) (driver.Member, error) {
	name := address
	if strings.Contains(address, "@") {
		name = "smtp:" + address
	}
	found, err := m.client.ResolveNames(ctx, ews.ResolveNamesRequest{Name: name})
	if err != nil {
		return driver.Member{}, m.directoryError(ctx, err)
	}
	// There may be several, since partial addresses match, too.
	if len(found.Candidates) != 1 && strings.Contains(address, "@") {
		for _, c := range found.Candidates {
			if strings.EqualFold(c.Mailbox.EmailAddress, address) {
				return memberOf(c.Mailbox), nil
			}
		}
	}
	if len(found.Candidates) != 1 {
		return driver.Member{}, fmt.Errorf("%w: the address book has %d entries for %q", driver.ErrGone, len(found.Candidates), address)
	}
	return memberOf(found.Candidates[0].Mailbox), nil
}

// member adds the SMTP address from the address book, if it is missing.
func (m *mailbox) member(ctx context.Context, raw ews.Mailbox) (driver.Member, error) {
	member := memberOf(raw)
	if member.Address != "" || raw.EmailAddress == "" {
		return member, nil
	}
	found, err := m.lookup(ctx, raw.EmailAddress)
	switch {
	case errors.Is(err, driver.ErrGone):
		return member, nil
	case err != nil:
		return driver.Member{}, err
	}
	return found, nil
}

// memberOf describes an entry, with its address only if that is an SMTP address.
func memberOf(raw ews.Mailbox) driver.Member {
	member := driver.Member{Name: raw.Name, Kind: memberKind(raw.MailboxType)}
	if strings.Contains(raw.EmailAddress, "@") && !strings.EqualFold(raw.RoutingType, "EX") {
		member.Address = raw.EmailAddress
	}
	return member
}

// memberKind converts a MailboxType.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/mailboxtype.
func memberKind(mailboxType string) driver.MemberKind {
	switch mailboxType {
	case "Mailbox", "User":
		return driver.MemberMailbox
	case "PublicDL", "PrivateDL":
		return driver.MemberGroup
	case "GroupMailbox":
		return driver.MemberGroupMailbox
	case "Contact", "OneOff", "ImplicitContact":
		return driver.MemberContact
	}
	return driver.MemberOther
}

// directoryError explains why a query of the address book failed.
func (m *mailbox) directoryError(ctx context.Context, err error) error {
	refusal, ok := errors.AsType[*ews.ResponseError](err)
	switch {
	case !ok:
		return err
	case refusal.Code == "ErrorNameResolutionNoResults":
		return fmt.Errorf("%w: %w", driver.ErrGone, err)
	case refusal.Code == codeNoMailbox && m.x.delegate:
		return fmt.Errorf("%w: the service account has no mailbox, which Exchange requires to expand groups: "+
			"give it one (Enable-Mailbox -Identity ACCOUNT), or use impersonation: %w", driver.ErrNoDirectory, err)
	case refusal.Code == codeNoMailbox:
		return fmt.Errorf("%w: groups are expanded as the owner of %s, who has no mailbox: check the setting quarantineMailbox: %w", driver.ErrNoDirectory, m.address, err)
	case errors.Is(err, ews.ErrNoMailbox) || errors.Is(err, ews.ErrAccessDenied):
		return fmt.Errorf("%w: groups are expanded as the owner of %s: %w", driver.ErrNoDirectory, m.address, m.unreachable(ctx, err))
	}
	return err
}
