package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// User is an entry of the directory.
type User struct {
	ID        string   `json:"id"`
	Principal string   `json:"userPrincipalName"`
	Mail      string   `json:"mail"`
	Name      string   `json:"displayName"`
	Addresses []string `json:"proxyAddresses"`
}

// Primary returns the primary SMTP address.
func (u User) Primary() string {
	for _, a := range u.Addresses {
		if address, ok := strings.CutPrefix(a, "SMTP:"); ok {
			return address
		}
	}
	return u.Mail
}

// Has reports whether one of its addresses is that one.
func (u User) Has(address string) bool {
	for _, a := range u.Addresses {
		kind, one, _ := strings.Cut(a, ":")
		if strings.EqualFold(kind, "smtp") && strings.EqualFold(one, address) {
			return true
		}
	}
	return strings.EqualFold(u.Mail, address)
}

// DirectoryPayer is who pays for requests to the directory.
const DirectoryPayer = "directory"

// UserOf returns the user with an address, primary or not. The error matches
// [ErrNoMailbox] if nobody has it. It needs User.Read.All.
func (c *Client) UserOf(ctx context.Context, address string) (User, error) {
	k := get("list users", DirectoryPayer, to("/users"),
		Param{"$filter", "proxyAddresses/any(p:p eq " + Quote("smtp:"+address) + ")"},
		Param{"$select", "id,userPrincipalName,mail,displayName,proxyAddresses"})
	var found []User
	for users, err := range pages[User](ctx, c, k) {
		if err != nil {
			return User{}, err
		}
		for _, u := range users {
			if u.Has(address) {
				found = append(found, u)
			}
		}
	}
	switch {
	case len(found) == 0:
		return User{}, fmt.Errorf("%w: nobody has the address", ErrNoMailbox)
	case len(found) > 1 || found[0].ID == "":
		return User{}, &Error{Operation: k.op, Status: http.StatusOK, read: true, Err: errors.New("several users have the address")}
	}
	return found[0], nil
}

// ExchangeID returns the id of the user's mailbox for export and import. It needs
// User.Read.All or MailboxSettings.Read.
// See https://learn.microsoft.com/en-us/graph/api/usersettings-list-exchange.
func (m Mailbox) ExchangeID(ctx context.Context) (string, error) {
	k := get("GET settings/exchange", m.payer, to("/users", m.user, "settings", "exchange"))
	var got struct {
		Primary string `json:"primaryMailboxId"`
	}
	err := m.client.document(ctx, k, &got)
	if err == nil && got.Primary == "" {
		err = &Error{Operation: k.op, Status: http.StatusOK, read: true, Err: errors.New("it has no mailbox for export and import")}
	}
	return got.Primary, err
}
