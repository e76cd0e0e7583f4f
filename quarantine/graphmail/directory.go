package graphmail

import (
	"context"
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Members returns the direct members of a group. Dynamic distribution groups are not in
// Graph, so they count as nonexistent; groups whose membership is defined by a rule in
// the directory are like any other. The list is incomplete if the application may not
// read a member.
func (m *mailbox) Members(ctx context.Context, address string) ([]driver.Member, bool, error) {
	members, complete, err := m.members(ctx, address)
	return members, complete, translate(err)
}

// Lookup returns the owner of an address, primary or secondary.
func (m *mailbox) Lookup(ctx context.Context, address string) (driver.Member, error) {
	if ctx.Err() != nil {
		return driver.Member{}, translate(readOnly{context.Cause(ctx)})
	}
	e, err := m.s.client.EntryOf(ctx, address, graph.TypeUser, graph.TypeGroup, graph.TypeContact)
	if err != nil {
		return driver.Member{}, translate(directoryError(err))
	}
	return memberOf(e), nil
}

func (m *mailbox) members(ctx context.Context, address string) ([]driver.Member, bool, error) {
	if ctx.Err() != nil {
		return nil, false, readOnly{context.Cause(ctx)}
	}
	group, err := m.s.client.EntryOf(ctx, address, graph.TypeGroup)
	if err != nil {
		return nil, false, directoryError(err)
	}
	entries, err := m.s.client.MembersOf(ctx, group.ID)
	if err != nil {
		return nil, false, directoryError(err)
	}
	complete := true
	var members []driver.Member
	for _, e := range entries {
		if e.Kind() == "device" || e.Kind() == "serviceprincipal" {
			continue // receives no mail
		}
		member := memberOf(e)
		complete = complete && (member.Address != "" || member.Name != "")
		members = append(members, member)
	}
	return members, complete, nil
}

// memberOf describes an entry.
func memberOf(e graph.Entry) driver.Member {
	m := driver.Member{Name: e.Name, Address: e.Primary(), Kind: driver.MemberOther}
	switch {
	case e.Is(graph.TypeUser):
		m.Kind = driver.MemberMailbox
	case e.Is(graph.TypeGroup) && e.HasMailbox():
		m.Kind = driver.MemberGroupMailbox
	case e.Is(graph.TypeGroup):
		m.Kind = driver.MemberGroup
	case e.Is(graph.TypeContact):
		m.Kind = driver.MemberContact
	}
	return m
}

// directoryError explains why a query of the directory failed.
func directoryError(err error) error {
	switch {
	case errors.Is(err, graph.ErrNoMailbox):
		return fmt.Errorf("%w: %w", driver.ErrGone, err)
	case errors.Is(err, graph.ErrDenied):
		return fmt.Errorf("%w: give the application User.Read.All and GroupMember.Read.All, with admin consent: %w", driver.ErrNoDirectory, err)
	}
	return err
}
