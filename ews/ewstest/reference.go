package ewstest

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// folder finds the folder that a FolderId or DistinguishedFolderId names. As with an
// item, the answer for a deleted one is ErrorItemNotFound.
func (c *call) folder(n *ewsschema.Node) (*mailstore.Folder, *refusal) {
	return c.folderFor(n, c.request.Name)
}

// folderFor is folder for a folder in which the caller must be allowed to do what another
// operation does.
func (c *call) folderFor(n *ewsschema.Node, operation string) (*mailstore.Folder, *refusal) {
	switch {
	case !n.Exists():
		return nil, refuse("ErrorFolderNotFound")
	case n.Local == "AddressListId":
		return nil, lacks.refusal(c.opts.Version, n.Local, true)
	}
	if _, _, refused := changeKey(n, mailstore.KindFolder); refused != nil {
		return nil, refused
	}
	if n.Local == "DistinguishedFolderId" {
		return c.distinguished(n, operation)
	}
	id, refused := c.parseID(n)
	if refused != nil {
		return nil, refused
	}
	if id.Kind != mailstore.KindFolder {
		return nil, refuseText("ErrorCannotUseItemIdForFolderId", "An item id was given where a folder id was wanted.")
	}
	box, refused := c.mailbox(id.Mailbox, "ErrorFolderNotFound")
	if refused != nil {
		return nil, refused
	}
	f := box.Folder(id.Number)
	switch {
	case !c.who.opens(box) && (f == nil || !c.sees(f)):
		return nil, c.unseen("ErrorFolderNotFound")
	case f == nil:
		return nil, refuse("ErrorItemNotFound")
	}
	return f, c.mayUse(f, operation)
}

// still refuses a folder that a request read earlier, if a test removed it between two
// members (see [Server.OnMember]). A nil folder passes.
func (c *call) still(f *mailstore.Folder, gone ews.ResponseCode) *refusal {
	switch {
	case f == nil:
		return nil
	case f.Gone():
		return refuse(gone)
	}
	return c.reachable(f.Mailbox)
}

func (c *call) distinguished(n *ewsschema.Node, operation string) (*mailstore.Folder, *refusal) {
	box := c.who.box
	address := strings.TrimSpace(n.Path("Mailbox", "EmailAddress").Content())
	if box := n.Child("Mailbox"); box.Exists() {
		switch kind := box.Value("RoutingType"); {
		case kind != "" && !strings.EqualFold(kind, "SMTP"):
			return nil, lacks.refusal(c.opts.Version, "RoutingType "+kind, true)
		case address == "":
			return nil, refuseText("ErrorMissingInformationEmailAddress", "ewstest knows mailboxes by their address only.")
		}
	}
	if address != "" {
		box = c.mailboxAt(address)
		if refused := c.reachable(box); refused != nil {
			return nil, refused
		}
		if !strings.EqualFold(box.Address, address) {
			return nil, notPrimary(box)
		}
	} else if box == nil {
		return nil, refuse("ErrorMissingEmailAddress")
	}
	if refused := c.reachable(box); refused != nil {
		return nil, refused
	}
	name := ews.FolderName(n.Get("Id"))
	f := box.Named(name)
	switch {
	case !c.who.opens(box) && (f == nil || !c.sees(f)):
		return nil, refuse("ErrorFolderNotFound")
	case f != nil:
		return f, c.mayUse(f, operation)
	}
	if strings.HasPrefix(string(name), "archive") && !box.Archive {
		return nil, refuseText("ErrorFolderNotFound", "The mailbox has no archive.")
	}
	return nil, refuse("ErrorFolderNotFound")
}

// item finds the item that an ItemId names.
func (c *call) item(n *ewsschema.Node) (*mailstore.Item, *refusal) {
	text := n.Get("Id")
	series := partsOfSeries[n.Local]
	if series.attr != "" {
		text = n.Get(series.attr)
	}
	id, refused := c.parsedID(text)
	if refused != nil {
		return nil, refused
	}
	if id.Kind != mailstore.KindItem {
		return nil, refuseText("ErrorCannotUseFolderIdForItemId", "A folder id was given where an item id was wanted.")
	}
	it, refused := c.stored(id)
	if refused == nil && series.attr != "" {
		return nil, refuse(series.code) // no item here is a series or a part of one
	}
	return it, refused
}

// partsOfSeries are the ids of parts of series: the attribute with the id of an item, and
// the code if that item is of the wrong kind.
var partsOfSeries = map[string]struct {
	attr string
	code ews.ResponseCode
}{
	"OccurrenceItemId":            {"RecurringMasterId", "ErrorCalendarCannotUseIdForRecurringMasterId"},
	"RecurringMasterItemId":       {"OccurrenceId", "ErrorCalendarCannotUseIdForOccurrenceId"},
	"RecurringMasterItemIdRanges": {"Id", "ErrorCalendarCannotUseIdForRecurringMasterId"},
}

// stored finds the item with an id.
func (c *call) stored(id mailstore.ID) (*mailstore.Item, *refusal) {
	box, refused := c.mailbox(id.Mailbox, "ErrorItemNotFound")
	if refused != nil {
		return nil, refused
	}
	it := box.Item(id.Number)
	switch {
	case !c.who.opens(box) && (it == nil || !c.reads(it)):
		return nil, c.unseen("ErrorItemNotFound")
	case it == nil:
		return nil, refuse("ErrorItemNotFound")
	}
	return it, c.mayTouch(it)
}

func (c *call) parseID(n *ewsschema.Node) (mailstore.ID, *refusal) { return c.parsedID(n.Get("Id")) }

func (c *call) parsedID(text string) (mailstore.ID, *refusal) {
	switch {
	case text == "":
		return mailstore.ID{}, refuse("ErrorInvalidIdEmpty")
	case len(text) > 2048:
		return mailstore.ID{}, refuseText("ErrorInvalidIdMonikerTooLong", "The id is too long.")
	}
	return decodeID("EwsId", text)
}

// mailbox finds the mailbox an id belongs to. The caller need not have access to it.
func (c *call) mailbox(guid mailstore.GUID, unseen ews.ResponseCode) (*mailstore.Mailbox, *refusal) {
	box := c.org.ByGUID(guid)
	switch {
	case box == nil:
		return nil, c.noMailbox("No mailbox with such guid.")
	case c.who.opens(box):
		return box, c.reachable(box)
	case box.Gone:
		return nil, c.unseen(unseen)
	}
	return box, nil
}

// changeKey returns the change number of an id, and whether it has one.
func changeKey(n *ewsschema.Node, kind mailstore.Kind) (change uint64, given bool, refused *refusal) {
	text, given := n.Attr("ChangeKey")
	if !given || text == mailstore.NoChange(kind) {
		return 0, false, nil
	}
	change, err := mailstore.ParseChange(kind, text)
	if err != nil {
		return 0, true, refuse("ErrorInvalidChangeKey")
	}
	return change, true, nil
}

// sound refuses the id of an item with a change key that no item can have. As on real
// servers, reading, moving and deleting accept an old one.
func sound(n *ewsschema.Node) *refusal {
	_, _, refused := changeKey(n, mailstore.KindItem)
	return refused
}

// current refuses a change key that is given but is not the item's, as ExportItems and
// UploadItems do.
func current(n *ewsschema.Node, it *mailstore.Item) *refusal {
	change, given, refused := changeKey(n, mailstore.KindItem)
	if refused != nil || given && change != it.Change() {
		return refuse("ErrorInvalidChangeKey")
	}
	return nil
}
