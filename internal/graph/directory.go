package graph

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Entry is an object of the directory: a user, a group, a contact or something else.
type Entry struct {
	Type string `json:"@odata.type"`
	User
	GroupTypes []string `json:"groupTypes"`
}

// Kinds of directory entries.
const (
	TypeUser    = "user"
	TypeGroup   = "group"
	TypeContact = "orgContact"
)

// Kind returns the kind of the entry.
func (e Entry) Kind() string { return strings.TrimPrefix(strings.ToLower(e.Type), "#microsoft.graph.") }

// Is reports whether it is of a kind.
func (e Entry) Is(kind string) bool { return strings.EqualFold(e.Kind(), kind) }

// HasMailbox reports whether a group is a Microsoft 365 group, which has a mailbox.
func (e Entry) HasMailbox() bool {
	return slices.ContainsFunc(e.GroupTypes, func(t string) bool { return strings.EqualFold(t, "Unified") })
}

// EntryOf returns the user, group or contact with an address. The error matches
// [ErrNoMailbox] if nobody has it. It needs User.Read.All, GroupMember.Read.All or
// Group.Read.All, and OrgContact.Read.All. Kinds that the application may not read are
// skipped, unless it may read none of them.
func (c *Client) EntryOf(ctx context.Context, address string, kinds ...string) (Entry, error) {
	var denied error
	none := 0
	for _, kind := range kinds {
		e, err := c.entryOf(ctx, address, kind)
		switch {
		case err == nil:
			return e, nil
		case Has(err, "Authorization_RequestDenied", CodeAccessDenied):
			denied = err
		case isNobody(err):
			none++
		default:
			return Entry{}, err
		}
	}
	if none == 0 && denied != nil {
		return Entry{}, denied
	}
	return Entry{}, errNobody
}

var paths = map[string]string{TypeUser: "/users", TypeGroup: "/groups", TypeContact: "/contacts"}

func (c *Client) entryOf(ctx context.Context, address, kind string) (Entry, error) {
	fields := "id,mail,displayName,proxyAddresses"
	switch kind {
	case TypeUser:
		fields += ",userPrincipalName"
	case TypeGroup:
		fields += ",groupTypes"
	}
	k := get("list "+kind+"s", DirectoryPayer, to(paths[kind]),
		Param{"$filter", "proxyAddresses/any(p:p eq " + Quote("smtp:"+address) + ")"}, Param{"$select", fields})
	var found []Entry
	for entries, err := range pages[Entry](ctx, c, k) {
		if err != nil {
			return Entry{}, err
		}
		for _, e := range entries {
			if e.Has(address) && e.ID != "" {
				e.Type = kind
				found = append(found, e)
			}
		}
	}
	switch len(found) {
	case 0:
		return Entry{}, errNobody
	case 1:
		return found[0], nil
	}
	return Entry{}, &Error{Operation: k.op, read: true, final: true, Err: errSeveral}
}

// maxMembers is the maximum number of members of a group held in memory.
const maxMembers = 500_000

// MembersOf returns the direct members of a group. Members that the application may not
// read have only a type and an id.
// See https://learn.microsoft.com/en-us/graph/api/group-list-members.
func (c *Client) MembersOf(ctx context.Context, group string) (all []Entry, err error) {
	k := get("list members", DirectoryPayer, to("/groups", group, "members"))
	for entries, err := range pages[Entry](ctx, c, k) {
		if err != nil {
			return nil, err
		}
		if all = append(all, entries...); len(all) > maxMembers {
			return nil, &Error{Operation: k.op, Status: http.StatusOK, read: true, final: true, Err: fmt.Errorf("the group has more than %d direct members", maxMembers)}
		}
	}
	return all, nil
}
