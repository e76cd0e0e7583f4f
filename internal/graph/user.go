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

// Has reports whether the address is one of the user's.
func (u User) Has(address string) bool {
	for _, a := range u.Addresses {
		kind, one, _ := strings.Cut(a, ":")
		if strings.EqualFold(kind, "smtp") && strings.EqualFold(one, address) {
			return true
		}
	}
	return strings.EqualFold(u.Mail, address)
}

// DirectoryPayer is the payer of requests to the directory.
const DirectoryPayer = "directory"

var (
	errNobody  = fmt.Errorf("%w: nobody has the address", ErrNoMailbox)
	errSeveral = errors.New("several have the address")
)

// isNobody reports whether an error means that nobody has an address.
func isNobody(err error) bool { return errors.Is(err, errNobody) }

// UserOf returns the user with an address, primary or not. The error matches
// [ErrNoMailbox] if nobody has it. It needs User.Read.All.
func (c *Client) UserOf(ctx context.Context, address string) (User, error) {
	e, err := c.entryOf(ctx, address, TypeUser)
	return e.User, err
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
