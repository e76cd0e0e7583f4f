package ewstest

import (
	"path"
	"strings"
)

// AddList creates or replaces a distribution list.
func (s *Server) AddList(address string, members ...string) {
	s.AddListWith(address, &ListOptions{Members: members})
}

// AddHiddenList creates a distribution list that is hidden from address lists:
// it cannot be expanded, and expanding another list omits it.
func (s *Server) AddHiddenList(address string, members ...string) {
	s.AddListWith(address, &ListOptions{Members: members, Hidden: true})
}

// ListOptions describe a distribution list.
type ListOptions struct {
	DisplayName string // default: local part

	// Members are addresses of mailboxes and other lists; any other address counts as a
	// contact. Lists can contain one another.
	Members []string

	// Dynamic makes it a dynamic distribution group: at any time, its members are the
	// mailboxes whose primary address matches this [path.Match] pattern, such as
	// *@sales.example.test, regardless of case. Default: not dynamic; the list has
	// Members.
	Dynamic string

	Hidden bool // see [Server.AddHiddenList]
}

// AddListWith is AddList with options. It panics if Dynamic is not a valid
// pattern.
func (s *Server) AddListWith(address string, opts *ListOptions) {
	var o ListOptions
	if opts != nil {
		o = *opts
	}
	if o.DisplayName == "" {
		o.DisplayName = localPart(address)
	}
	if _, err := path.Match(o.Dynamic, ""); err != nil {
		panic("ewstest: list " + address + ": Dynamic: " + err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.directory.addList(&list{
		address: address, name: o.DisplayName, hidden: o.Hidden,
		members: append([]string(nil), o.Members...), pattern: strings.ToLower(o.Dynamic),
	})
}

// ContactOptions are the optional settings of a mail contact.
type ContactOptions struct {
	DisplayName string // default: the address
	Hidden      bool   // hidden from address lists
}

// AddContact creates a mail contact: an address book entry for somebody outside
// the organisation. Nil options mean the defaults.
func (s *Server) AddContact(address string, opts *ContactOptions) {
	var o ContactOptions
	if opts != nil {
		o = *opts
	}
	if o.DisplayName == "" {
		o.DisplayName = address
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.directory.addContact(&contact{address, o.DisplayName, o.Hidden})
}

// membersOf returns the addresses of the members of a list.
func (s *Server) membersOf(l *list) []string {
	if l.pattern == "" {
		return l.members
	}
	var all []string
	for _, box := range s.org.Mailboxes() {
		if ok, _ := path.Match(l.pattern, strings.ToLower(box.Address)); ok && !box.Gone {
			all = append(all, box.Address)
		}
	}
	return all
}

// Recipients returns the mailboxes that get mail sent to an address: the mailbox with
// that address, or those of a list's members, hidden ones included, and of the lists
// among them. ok is false if the address is neither a mailbox nor a list.
func (s *Server) Recipients(address string) (boxes []*Mailbox, ok bool) {
	boxes = s.mailboxesBehind(address)
	s.mu.Lock()
	defer s.mu.Unlock()
	return boxes, len(boxes) > 0 || s.directory.lists[strings.ToLower(address)] != nil
}

// mailboxesBehind returns the mailboxes that receive mail sent to an address: the mailbox
// with that address, or those of a list's members, hidden ones included.
func (s *Server) mailboxesBehind(address string) []*Mailbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	var boxes []*Mailbox
	seen := make(map[string]bool)
	for queue := []string{address}; len(queue) > 0; queue = queue[1:] {
		key := strings.ToLower(queue[0])
		l, box := s.directory.lists[key], s.org.ByAddress(key)
		if l == nil && box != nil {
			key = strings.ToLower(box.Address) // whichever of its addresses was used
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		if l != nil {
			queue = append(queue, s.membersOf(l)...)
		} else if box != nil {
			boxes = append(boxes, s.wrappers[box])
		}
	}
	return boxes
}
