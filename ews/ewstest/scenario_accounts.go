package ewstest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// checkUsers refuses users without a name, and duplicate names.
func (d *scenarioData) checkUsers(srv *Server) error {
	names := make(map[string]bool)
	for _, m := range d.Mailboxes {
		names[strings.ToLower(m.Address)] = true
	}
	for i, u := range d.Users {
		account := srv.directory.account(u.Name)
		switch {
		case u.Name == "":
			return fmt.Errorf("users[%d]: name is missing", i)
		case names[account]:
			return fmt.Errorf("users[%d]: %q is there already, as a user or a mailbox; a mailbox has its own password", i, u.Name)
		}
		names[account] = true
	}
	return nil
}

// checkAccounts refuses rights and budgets of accounts that cannot sign in, and rights to
// a mailbox that does not exist.
func (d *scenarioData) checkAccounts(srv *Server) error {
	for field, grants := range map[string][]scenarioGrant{
		"fullAccess": d.FullAccess, "impersonation": d.Impersonation, "sendAs": d.SendAs, "sendOnBehalf": d.SendOnBehalf,
	} {
		for i, g := range grants {
			if err := srv.known(g.User); err != nil {
				return fmt.Errorf("%s[%d]: %w", field, i, err)
			}
			address := srv.directory.account(g.Mailbox)
			sending := field == "sendAs" || field == "sendOnBehalf"
			switch {
			case g.Mailbox == everybody, srv.org.ByAddress(address) != nil, sending && d.hasList(address):
			case sending:
				return fmt.Errorf("%s[%d]: mailbox %q is neither a mailbox nor a list of the scenario; use * for all", field, i, g.Mailbox)
			default:
				return fmt.Errorf("%s[%d]: mailbox %q is not a mailbox of the scenario; use * for all", field, i, g.Mailbox)
			}
		}
	}
	for i, b := range d.Budgets {
		err := errors.Join(srv.known(b.User), notNegative([]string{"maxConcurrency", "requestsPerMinute", "maxSubscriptions", "maxStreams"}, b.MaxConcurrency, b.RequestsPerMinute, b.MaxSubscriptions, b.MaxStreams))
		if err != nil {
			return fmt.Errorf("budgets[%d]: %w", i, err)
		}
	}
	return nil
}

// hasList reports whether the scenario has a list with an address.
func (d *scenarioData) hasList(address string) bool {
	return slices.ContainsFunc(d.Lists, func(l scenarioList) bool { return strings.EqualFold(l.Address, address) })
}

// known refuses an account that is neither a user nor the owner of a mailbox.
func (s *Server) known(user string) error {
	if _, ok := s.directory.accounts[s.directory.account(user)]; !ok || user == "" {
		return fmt.Errorf("user %q is neither in users nor in mailboxes", user)
	}
	return nil
}

// checkMessageIDs refuses a messageId without angle brackets that no message has, because
// it is compared exactly.
func (d *scenarioData) checkMessageIDs(srv *Server) error {
	check := func(field string, i int, id string) error {
		if id == "" || strings.HasPrefix(id, "<") || srv.has(id) {
			return nil
		}
		return fmt.Errorf("%s[%d]: no message has the messageId %q; write it with its angle brackets", field, i, id)
	}
	for i, f := range d.Faults {
		if err := check("faults", i, f.MessageID); err != nil {
			return err
		}
	}
	for i, p := range d.Policies {
		if err := check("policies", i, p.MessageID); err != nil {
			return err
		}
	}
	for i, s := range d.Steps {
		if err := check("steps", i, s.MessageID); err != nil {
			return err
		}
	}
	return nil
}

// has reports whether a message has a Message-ID.
func (s *Server) has(messageID string) bool {
	for _, box := range s.org.Mailboxes() {
		for _, it := range box.Items() {
			if p, _ := it.Property(mailstore.TagMessageID); p.Value == messageID {
				return true
			}
		}
	}
	return false
}
