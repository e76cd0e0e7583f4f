package ewstest

import (
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// letter is a message on its way.
type letter struct {
	raw        []byte
	class      string
	properties []ews.ExtendedProperty // besides those in the MIME
	attached   []*mailstore.Item      // see [mailstore.New]
	back       eml.Address            // who gets reports about it
	to         []eml.Address
	reports    bool // about the delivery, not only its failure
}

// transport delivers a message to its recipients' mailboxes on this server, and reports
// to its sender what could not be delivered.
func (s *Server) transport(l letter) {
	boxes, fates := s.route(l.to)
	raw := append([]byte(s.trace(l.back)), l.raw...)
	for _, box := range boxes {
		switch {
		case box.Full(int64(len(raw))):
			fates = append(fates, fate{box.Address, tooFull})
		default:
			s.deliverTo(box, mailstore.New{MIME: raw, Class: l.class, Properties: l.properties, Attached: l.attached})
			fates = append(fates, fate{box.Address, delivered})
		}
	}
	s.report(l, fates)
}

// deliverTo puts a message into the Inbox of a mailbox, or into Junk Email if its sender
// is blocked.
func (s *Server) deliverTo(box *mailstore.Mailbox, n mailstore.New) {
	name := ews.FolderInbox
	if box.Blocks(n.MIME) {
		name = ews.FolderJunkEmail
	}
	n.Delivered = true
	box.Named(name).Create(n)
}

// trace returns the header fields that transport adds in front of a message.
func (s *Server) trace(back eml.Address) string {
	host, b := "mail."+s.opts.Domain, s.opts.Version.Build()
	return fmt.Sprintf("Return-Path: <%s>\r\nReceived: from %s by %s with mapi id %d.%d.%d.%d; %s\r\n",
		back.Email, host, host, b.Major, b.Minor, b.Build, b.Revision, s.opts.Now().UTC().Format(time.RFC1123Z))
}

// outcome is what became of a message for one recipient.
type outcome int

const (
	delivered outcome = iota // into a mailbox of this server
	relayed                  // to another server
	expanded                 // to the members of a list
	nobody                   // there is no such recipient
	tooFull                  // the mailbox is full
)

// fate is the outcome for an address.
type fate struct {
	address string
	outcome outcome
}

// route finds the mailboxes that a message goes to, each once, and the fates of the
// recipients that have none. Lists are expanded, including hidden ones and hidden
// members. An address in a domain of this server must exist; members of lists can be
// anybody.
func (s *Server) route(to []eml.Address) (boxes []*mailstore.Mailbox, fates []fate) {
	seen := make(map[string]bool)
	var visit func(address string, member bool)
	visit = func(address string, member bool) {
		key := strings.ToLower(address)
		l, box := s.directory.lists[key], s.org.ByAddress(key)
		if l == nil && box != nil {
			key = strings.ToLower(box.Address)
		}
		if seen[key] {
			return
		}
		seen[key] = true
		switch {
		case l != nil:
			fates = append(fates, fate{l.address, expanded})
			for _, m := range s.membersOf(l) {
				visit(m, true)
			}
		case box != nil && (!box.Gone || box.Moving):
			boxes = append(boxes, box)
		case box == nil && (member || s.directory.contacts[key] != nil || !s.accepts(key)):
			fates = append(fates, fate{address, relayed})
		default:
			fates = append(fates, fate{address, nobody})
		}
	}
	for _, a := range to {
		visit(a.Email, false)
	}
	return boxes, fates
}

// accepts reports whether an address is in a domain of this server.
func (s *Server) accepts(address string) bool {
	domain := domainOf(address)
	if strings.EqualFold(domain, s.opts.Domain) {
		return true
	}
	for _, box := range s.org.Mailboxes() {
		if strings.EqualFold(domain, domainOf(box.Address)) {
			return true
		}
	}
	return false
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
