package ewstest

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// refusals maps names to the ways to refuse a move under impersonation.
var refusals = map[string]Refusal{
	"": RefuseToFolder, "toFolder": RefuseToFolder, "item": RefuseItem, "crossMailbox": RefuseCrossMailbox, "fault": RefuseFault,
}

// check validates a scenario before anything is created from it.
func (s *Scenario) check() error {
	d := &s.data
	if err := d.checkServer(); err != nil {
		return err
	}
	addresses := make(map[string]bool)
	for i, l := range d.Lists {
		if err := checkList(l, addresses); err != nil {
			return fmt.Errorf("lists[%d]: %w", i, err)
		}
	}
	for i, c := range d.Contacts {
		if !strings.Contains(c.Address, "@") {
			return fmt.Errorf("contacts[%d]: address %q is not an SMTP address", i, c.Address)
		}
	}
	for i, m := range d.Mailboxes {
		if err := checkMailbox(m, addresses); err != nil {
			return fmt.Errorf("mailboxes[%d]: %w", i, err)
		}
	}
	for i, m := range d.Messages {
		if err := checkMessage(m, addresses); err != nil {
			return fmt.Errorf("messages[%d]: %w", i, err)
		}
	}
	if err := checkFaults(d.Faults); err != nil {
		return err
	}
	return d.checkPeople()
}

// checkServer validates a scenario's settings for the server as a whole.
func (d *scenarioData) checkServer() error {
	if d.Version != "" {
		if _, err := ParseVersion(d.Version); err != nil {
			return fmt.Errorf("version: %w", err)
		}
	}
	if _, ok := refusals[d.ImpersonatedMove]; !ok {
		return fmt.Errorf("impersonatedMove %q is not one of toFolder, item, crossMailbox, fault", d.ImpersonatedMove)
	}
	switch d.MoveLeftover {
	case "", "none", ews.FolderRecoverableItemsDeletions, ews.FolderRecoverableItemsPurges:
	default:
		return fmt.Errorf("moveLeftover %q is not one of recoverableitemsdeletions, recoverableitemspurges, none", d.MoveLeftover)
	}
	if err := errors.Join(
		notNegative([]string{"latency"}, d.Latency),
		notNegative([]string{"maxConcurrency", "requestsPerMinute", "maxSubscriptions", "maxStreams"}, d.MaxConcurrency, d.RequestsPerMinute, d.MaxSubscriptions, d.MaxStreams),
	); err != nil {
		return err
	}
	if err := d.checkThrottling(); err != nil {
		return err
	}
	if strings.ContainsAny(d.Domain, "@ \\/") {
		return fmt.Errorf("domain %q is not the name of a domain, such as example.test", d.Domain)
	}
	if _, err := d.oddities(); err != nil {
		return fmt.Errorf("odd: %w", err)
	}
	return d.checkSignIn()
}

func checkMailbox(m scenarioMailbox, addresses map[string]bool) error {
	if !strings.Contains(m.Address, "@") {
		return fmt.Errorf("address %q is not an SMTP address", m.Address)
	}
	for _, a := range append([]string{m.Address}, m.ProxyAddresses...) {
		a = strings.ToLower(a)
		if !strings.Contains(a, "@") {
			return fmt.Errorf("proxyAddresses: %q is not an SMTP address", a)
		}
		if addresses[a] {
			return fmt.Errorf("address %q is used twice", a)
		}
		addresses[a] = true
	}
	if err := notNegative([]string{"quotaBytes"}, m.QuotaBytes); err != nil {
		return err
	}
	if m.Language != "" && !slices.Contains(mailstore.Languages(), m.Language) {
		return fmt.Errorf("language %q is not one of %s", m.Language, strings.Join(mailstore.Languages(), ", "))
	}
	for _, f := range m.Folders {
		if !strings.Contains(f, "/") {
			return fmt.Errorf("folder %q must begin with /, or with a well-known name and /", f)
		}
	}
	return nil
}

func checkFaults(faults []scenarioFault) error {
	at := make(map[int]bool)
	for i, f := range faults {
		if _, err := f.read(); err != nil {
			return fmt.Errorf("faults[%d]: %w", i, err)
		}
		if f.At == nil {
			continue
		}
		if at[*f.At] {
			return fmt.Errorf("faults[%d]: at %d is used twice; one request has one fault", i, *f.At)
		}
		at[*f.At] = true
	}
	return nil
}

func checkList(l scenarioList, addresses map[string]bool) error {
	key := strings.ToLower(l.Address)
	switch _, err := path.Match(l.Dynamic, ""); {
	case !strings.Contains(key, "@"):
		return fmt.Errorf("address %q is not an SMTP address", l.Address)
	case addresses[key]:
		return fmt.Errorf("address %q is used twice", l.Address)
	case slices.ContainsFunc(l.Members, func(m string) bool { return !strings.Contains(m, "@") }):
		return errors.New("members must be SMTP addresses")
	case l.Dynamic != "" && len(l.Members) > 0:
		return errors.New("dynamic and members are both given; use one of them")
	case err != nil:
		return fmt.Errorf("dynamic %q is not a valid pattern: %w", l.Dynamic, err)
	}
	addresses[key] = true
	return nil
}

func checkMessage(m scenarioMessage, addresses map[string]bool) error {
	switch {
	case !addresses[strings.ToLower(m.Mailbox)]:
		return fmt.Errorf("mailbox %q is neither a mailbox nor a list of the scenario", m.Mailbox)
	case (m.EML == "") == (m.File == ""):
		return fmt.Errorf("exactly one of eml and file must be given")
	}
	if _, ok := mailstore.Importance(m.Importance); !ok && m.Importance != "" {
		return fmt.Errorf("importance %q is not one of Low, Normal, High", m.Importance)
	}
	switch m.Flag {
	case "", "NotFlagged", "Flagged", "Complete":
		return nil
	}
	return fmt.Errorf("flag %q is not one of NotFlagged, Flagged, Complete", m.Flag)
}

// contents returns the bytes of all messages.
func (s *Scenario) contents() ([][]byte, error) {
	all := make([][]byte, len(s.data.Messages))
	for i, m := range s.data.Messages {
		if m.File == "" {
			all[i] = []byte(m.EML)
			continue
		}
		b, err := os.ReadFile(s.path(m.File))
		if err != nil {
			return nil, fmt.Errorf("messages[%d]: %w", i, err)
		}
		all[i] = b
	}
	return all, nil
}

// apply sets up the organisation.
func (s *Scenario) apply(srv *Server, contents [][]byte) error {
	d := &s.data
	if err := d.checkUsers(srv); err != nil {
		return err
	}
	for _, u := range d.Users {
		if u.Password == "" {
			u.Password = localPart(srv.directory.account(u.Name)) + "-password"
		}
		srv.AddUser(u.Name, u.Password)
	}
	for _, m := range d.Mailboxes {
		box := srv.AddMailbox(m.Address, &MailboxOptions{
			DisplayName: m.DisplayName, Password: m.Password, ProxyAddresses: m.ProxyAddresses,
			Archive: m.Archive, Language: m.Language, QuotaBytes: m.QuotaBytes, Hidden: m.Hidden,
		})
		for _, f := range m.Folders {
			if box.folderAt(f) == nil {
				return fmt.Errorf("mailbox %q: folder %q does not begin with / or the well-known name of a folder of this mailbox, or has an empty name in it", m.Address, f)
			}
		}
		box.AddFolders(nil, m.MoreFolders)
		for _, f := range m.SearchFolders {
			box.AddSearchFolder(f)
		}
	}
	if err := d.checkAccounts(srv); err != nil {
		return err
	}
	for _, g := range d.FullAccess {
		srv.GrantFullAccess(g.User, g.Mailbox)
	}
	for _, g := range d.Impersonation {
		srv.GrantImpersonation(g.User, g.Mailbox)
	}
	for _, g := range d.SendAs {
		srv.GrantSendAs(g.User, g.Mailbox)
	}
	for _, g := range d.SendOnBehalf {
		srv.GrantSendOnBehalf(g.User, g.Mailbox)
	}
	for _, c := range d.Contacts {
		srv.AddContact(c.Address, &ContactOptions{DisplayName: c.DisplayName, Hidden: c.Hidden})
	}
	for _, l := range d.Lists {
		srv.AddListWith(l.Address, &ListOptions{DisplayName: l.DisplayName, Members: l.Members, Dynamic: l.Dynamic, Hidden: l.Hidden})
	}
	for i, m := range d.Messages {
		if err := m.deliver(srv, contents[i]); err != nil {
			return fmt.Errorf("messages[%d]: %w", i, err)
		}
	}
	for _, b := range d.Budgets {
		p := srv.opts.Throttling
		if b.Throttling != "" {
			p, _ = d.throttling(b.Throttling, srv.opts.Version) // checked before
		}
		srv.SetBudget(b.User, Budget{MaxConcurrency: b.MaxConcurrency, RequestsPerMinute: b.RequestsPerMinute, MaxSubscriptions: b.MaxSubscriptions, MaxStreams: b.MaxStreams, Throttling: p})
	}
	if err := d.checkMessageIDs(srv); err != nil {
		return err
	}
	s.applyFaults(srv)
	return d.applyPeople(srv)
}

// deliver puts the message into its mailbox, or into all mailboxes of its list.
func (m *scenarioMessage) deliver(srv *Server, content []byte) error {
	boxes := srv.mailboxesBehind(m.Mailbox)
	if len(boxes) == 0 {
		return fmt.Errorf("mailbox %q is a list with no mailboxes", m.Mailbox)
	}
	for _, box := range boxes {
		folder := box.folderAt(m.Folder)
		if folder == nil {
			return fmt.Errorf("folder %q is neither a path of names beginning with / nor a well-known folder of mailbox %s", m.Folder, box.Address())
		}
		if folder.folder.Search != nil {
			return fmt.Errorf("folder %q is a search folder of mailbox %s; nothing can lie in it", m.Folder, box.Address())
		}
		box.DeliverWith(content, Delivery{
			Folder: folder, Received: time.Time(m.Received), Read: m.Read, Class: m.Class,
			Categories: m.Categories, Importance: m.Importance, Flag: ews.Flag{Status: m.Flag},
		})
	}
	return nil
}

// folderAt finds a folder by well-known name or path, creating the path; an empty
// name means the Inbox, and / the top of the information store. It returns nil if the
// well-known folder does not exist, or a name in the path is empty.
func (m *Mailbox) folderAt(name string) *Folder {
	if name == "" {
		name = string(ews.FolderInbox)
	}
	known, below, deeper := strings.Cut(name, "/")
	if name == "/" {
		return m.AddFolder(nil)
	}
	if deeper && slices.Contains(strings.Split(below, "/"), "") {
		return nil
	}
	if known == "" {
		return m.AddFolder(nil, strings.Split(below, "/")...)
	}
	f := m.Folder(ews.FolderName(known))
	if f == nil || !deeper {
		return f
	}
	return m.AddFolder(f, strings.Split(below, "/")...)
}
