package ewstest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// maxCandidates is the maximum number of candidates that ResolveNames returns.
const maxCandidates = 100

func resolveNames(c *call) *refusal {
	full := c.op.AttrBool("ReturnFullContactData", false)
	shape := c.op.Get("ContactDataShape")
	c.batch([]*ewsschema.Node{c.op}, func(n *ewsschema.Node) (func(), *refusal) {
		if !c.who.hasMailbox() {
			return nil, refuse("ErrorNameResolutionNoMailbox")
		}
		if strings.Trim(n.Value("UnresolvedEntry"), " ,-") == "" {
			return nil, refuse("ErrorInvalidNameForNameResolution")
		}
		if shape == "PcxPeopleSearch" {
			return nil, lacks.refusal(c.opts.Version, "ContactDataShape "+shape, true)
		}
		f, refused := c.contactFolder()
		if refused != nil {
			return nil, refused
		}
		own, refused := c.contactShape(full, shape)
		if refused != nil {
			return nil, refused
		}
		var found, contacts []candidate
		scope := n.Get("SearchScope")
		if scope != "ActiveDirectory" && f != nil {
			contacts = c.contactCandidates(f, n.Child("UnresolvedEntry"))
		}
		if scope != "Contacts" {
			found = c.candidates(n.Child("UnresolvedEntry"))
		}
		if scope == "ContactsActiveDirectory" {
			found = slices.Concat(contacts, found)
		} else {
			found = slices.Concat(found, contacts)
		}
		write := func() { c.out.resolutions(found, full, shape, own) }
		switch len(found) {
		case 0:
			return nil, refuse("ErrorNameResolutionNoResults")
		case 1:
			return write, nil
		}
		return nil, &refusal{code: "ErrorNameResolutionMultipleResults", warning: write}
	})
	return nil
}

// resolutions writes the entries of the address book that a name may mean.
func (e *encoder) resolutions(found []candidate, full bool, shape string, own *itemShape) {
	shown := found[:min(len(found), maxCandidates)]
	e.Open("m:ResolutionSet")
	e.writePlace(len(shown), len(found), len(shown) == len(found), false)
	for _, f := range shown {
		if f.contact != nil {
			e.resolution(f, own)
			continue
		}
		e.Open("t:Resolution")
		e.writeEntry("t:Mailbox", f.entry)
		if full && shape == "IdOnly" {
			e.Leaf("t:Contact", "") // an entry of the address book has no id
		} else if full {
			e.writeContact(f)
		}
		e.Close()
	}
	e.Close()
}

// contactShape returns what is reported about contacts in a mailbox, or nil if nothing
// is.
func (c *call) contactShape(full bool, base string) (*itemShape, *refusal) {
	if !full {
		return nil, nil
	}
	if base == "" {
		base = "AllProperties"
	}
	return c.shapeOn(base, nil, true)
}

// candidate is a possible match for a name, with all its addresses.
type candidate struct {
	entry
	addresses []string
	contact   *mailstore.Item // nil if it is in the address book
}

// candidates looks up a name: the beginning of a display name, alias or primary
// address or, with the prefix smtp:, a complete address.
func (s *Server) candidates(n *ewsschema.Node) []candidate {
	name := strings.ToLower(strings.TrimSpace(n.Content()))
	exact, smtp := strings.CutPrefix(name, "smtp:")
	var found []candidate
	for _, box := range s.org.Mailboxes() {
		if box.Gone || box.Hidden {
			continue
		}
		match := box.Has(exact)
		if !smtp {
			match = begins(name, box.DisplayName, box.Address)
		}
		if match {
			found = append(found, candidate{entry: entry{box.DisplayName, box.Address, "Mailbox"}, addresses: proxies(box)})
		}
	}
	for _, key := range s.directory.order {
		e, shown := s.lookUp(key)
		if shown && (smtp && key == exact || !smtp && begins(name, e.name, e.address)) {
			found = append(found, candidate{entry: e, addresses: []string{"SMTP:" + e.address}})
		}
	}
	return found
}

func begins(name string, texts ...string) bool {
	if name == "" {
		return false
	}
	for _, t := range texts {
		for word := range strings.FieldsSeq(strings.ToLower(t)) {
			if strings.HasPrefix(word, name) {
				return true
			}
		}
		if strings.HasPrefix(strings.ToLower(t), name) {
			return true
		}
	}
	return false
}

// proxies lists addresses in the directory's form, with a capital SMTP: for the
// primary one.
func proxies(box *mailstore.Mailbox) []string {
	all := []string{"SMTP:" + box.Address}
	for _, p := range box.Proxies {
		all = append(all, "smtp:"+p)
	}
	return all
}

func (e *encoder) writeContact(c candidate) {
	e.Open("t:Contact")
	e.Leaf("t:DisplayName", c.name)
	e.Open("t:EmailAddresses")
	for i, a := range c.addresses[:min(len(c.addresses), 3)] {
		e.Open("t:Entry")
		e.Attr("Key", "EmailAddress"+strconv.Itoa(i+1))
		e.Text(a)
		e.Close()
	}
	e.Close()
	e.Leaf("t:ContactSource", "ActiveDirectory")
	e.Close()
}
