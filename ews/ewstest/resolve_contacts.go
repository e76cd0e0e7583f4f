package ewstest

import (
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// contactFolder returns the folder whose contacts ResolveNames searches: the one in
// ParentFolderIds, or else the caller's Contacts; nil if it is to search none.
func (c *call) contactFolder() (*mailstore.Folder, *refusal) {
	folders := c.op.Child("ParentFolderIds").Kids()
	switch {
	case len(folders) > 1:
		return nil, refuse("ErrorResolveNamesOnlyOneContactsFolderAllowed")
	case len(folders) == 1:
		f, refused := c.folderFor(folders[0], "FindItem")
		switch {
		case refused != nil:
			return nil, refused
		case folderKind(f) != "ContactsFolder":
			return nil, refuse("ErrorResolveNamesInvalidFolderType")
		}
		return f, nil
	}
	return c.who.box.Named("contacts"), nil
}

// contactCandidates looks up a name among the contacts of a folder. A contact with
// several addresses counts as that many candidates.
func (c *call) contactCandidates(f *mailstore.Folder, n *ewsschema.Node) []candidate {
	name := strings.ToLower(strings.TrimSpace(n.Content()))
	exact, smtp := strings.CutPrefix(name, "smtp:")
	var found []candidate
	for _, it := range f.Items() {
		if it.Associated || it.Kind() != "Contact" {
			continue
		}
		names := make([]string, 0, 4)
		names = append(names, it.Properties().Text(mailstore.TagDisplayName))
		for _, field := range []string{"FileAs", "GivenName", "Surname", "Nickname"} {
			names = append(names, it.Properties().Text(contactTexts[field]))
		}
		all, _ := emailsOf(it)
		for _, a := range all {
			if a.address == "" {
				continue
			}
			match := strings.EqualFold(a.address, exact)
			if !smtp {
				match = begins(name, append(slices.Clone(names), a.address)...)
			}
			if !match {
				continue
			}
			if names[0] != "" {
				a.name = names[0]
			}
			found = append(found, candidate{entry: a, contact: it})
		}
	}
	return found
}

// resolution writes a contact of a mailbox. Its id is always included, whatever the
// request asks for.
func (e *encoder) resolution(f candidate, shape *itemShape) {
	e.Open("t:Resolution")
	e.Open("t:Mailbox")
	e.entryFields(f.entry)
	e.itemID("t:ItemId", f.contact)
	e.Close()
	if shape != nil {
		e.writeItem(f.contact, shape)
	}
	e.Close()
}
