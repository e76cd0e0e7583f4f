package ewstest

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// directory takes the place of Active Directory: accounts, rights, distribution
// lists and contacts. The server's lock guards it.
type directory struct {
	domain      string
	accounts    map[string]string // passwords by address in lower case
	fullAccess  map[string]map[string]bool
	impersonate map[string]map[string]bool
	sendAs      map[string]map[string]bool
	onBehalf    map[string]map[string]bool
	lists       map[string]*list
	contacts    map[string]*contact
	order       []string // of lists and contacts
}

type list struct {
	address string
	name    string
	hidden  bool
	members []string
	pattern string // of the members' addresses, if the list is dynamic
}

type contact struct {
	address string
	name    string
	hidden  bool
}

func newDirectory(domain string) *directory {
	return &directory{
		domain:      domain,
		accounts:    make(map[string]string),
		fullAccess:  make(map[string]map[string]bool),
		impersonate: make(map[string]map[string]bool),
		sendAs:      make(map[string]map[string]bool),
		onBehalf:    make(map[string]map[string]bool),
		lists:       make(map[string]*list),
		contacts:    make(map[string]*contact),
	}
}

// account returns the key of an account: user, user@domain and DOMAIN\user are
// the same.
func (d *directory) account(name string) string {
	name = strings.ToLower(name)
	if netbios, user, ok := strings.Cut(name, `\`); ok {
		if netbios == d.netBIOS() || netbios == d.domain {
			name = user
		}
	}
	if name != everybody && !strings.Contains(name, "@") {
		name += "@" + d.domain
	}
	return name
}

// everybody means all mailboxes in a grant.
const everybody = "*"

// netBIOS is the short name of the domain: example for example.test.
func (d *directory) netBIOS() string {
	short, _, _ := strings.Cut(d.domain, ".")
	return strings.ToLower(short)
}

// localPart returns the part of an address before the @.
func localPart(address string) string {
	local, _, _ := strings.Cut(address, "@")
	return local
}

func grant(rights map[string]map[string]bool, user, mailbox string) {
	if rights[user] == nil {
		rights[user] = make(map[string]bool)
	}
	rights[user][mailbox] = true
}

func granted(rights map[string]map[string]bool, user string, m *mailstore.Mailbox) bool {
	r := rights[user]
	return r[everybody] || r[strings.ToLower(m.Address)]
}

// signsIn reports whether a name and password are correct, and returns the
// account.
func (d *directory) signsIn(name, password string) (account string, ok bool) {
	account = d.account(name)
	want, known := d.accounts[account]
	return account, known && want == password
}

func (d *directory) addList(l *list) {
	key := strings.ToLower(l.address)
	if d.lists[key] == nil {
		d.order = append(d.order, key)
	}
	d.lists[key] = l
}

func (d *directory) addContact(c *contact) {
	key := strings.ToLower(c.address)
	if d.contacts[key] == nil {
		d.order = append(d.order, key)
	}
	d.contacts[key] = c
}

// list finds the lists that a name refers to: an address, an alias or a display
// name. An address takes precedence over the others, which need not be unique.
func (d *directory) list(name string) []*list {
	name = strings.ToLower(strings.TrimSpace(name))
	if l := d.lists[name]; l != nil {
		return []*list{l}
	}
	var found []*list
	for _, key := range d.order {
		if l := d.lists[key]; l != nil && (localPart(key) == name || strings.EqualFold(l.name, name)) {
			found = append(found, l)
		}
	}
	return found
}
