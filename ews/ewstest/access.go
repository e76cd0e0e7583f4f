package ewstest

import (
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// rightsIn returns the caller's rights in a folder: all rights if the caller may open the
// mailbox, otherwise what the folder's permissions grant.
func (c *call) rightsIn(f *mailstore.Folder) mailstore.Rights {
	if c.who.opens(f.Mailbox) {
		return levels["Owner"]
	}
	rights, listed := levels["None"], false
	for _, p := range f.Permissions {
		switch {
		case c.who.box == nil:
		case c.who.box.Has(p.User):
			return p.Rights
		case c.directory.lists[strings.ToLower(p.User)] != nil && c.isMember(p.User):
			if !listed {
				rights, listed = levels["None"], true
			}
			rights = union(rights, p.Rights)
		}
		if p.User == "Default" && !listed {
			rights = p.Rights
		}
	}
	return rights
}

// isMember reports whether mail to a list reaches the caller.
func (c *call) isMember(list string) bool {
	boxes, _ := c.route([]eml.Address{{Email: list}})
	return slices.Contains(boxes, c.who.box)
}

// union returns what at least one of two permissions allows: a member of several lists
// has the rights of all of them.
func union(a, b mailstore.Rights) mailstore.Rights {
	most := func(x, y string) string {
		order := []string{"None", "TimeOnly", "TimeAndSubjectAndLocation", "Owned", "FullDetails", "All"}
		return order[max(slices.Index(order, x), slices.Index(order, y))]
	}
	return mailstore.Rights{
		CreateItems: a.CreateItems || b.CreateItems, CreateSubFolders: a.CreateSubFolders || b.CreateSubFolders,
		Owner: a.Owner || b.Owner, Visible: a.Visible || b.Visible, Contact: a.Contact || b.Contact,
		ReadOwned: a.ReadOwned || b.ReadOwned,
		Edit:      most(a.Edit, b.Edit), Delete: most(a.Delete, b.Delete), Read: most(a.Read, b.Read),
	}
}

// sees reports whether the caller knows that a folder exists.
func (c *call) sees(f *mailstore.Folder) bool {
	r := c.rightsIn(f)
	return r.Visible || r.Owner || r.Read == "FullDetails"
}

// unseen refuses an object whose existence the caller must not learn of.
func (c *call) unseen(code ews.ResponseCode) *refusal {
	if c.who.impersonated {
		return c.noMailbox("No mailbox with such guid.")
	}
	return refuse(code)
}

// mayUse refuses a folder in which the caller lacks the rights for an operation.
func (c *call) mayUse(f *mailstore.Folder, operation string) *refusal {
	r := c.rightsIn(f)
	allowed, code := r.Owner, ews.ResponseCode("ErrorAccessDenied")
	switch operation {
	case "GetFolder", "FindFolder", "SyncFolderHierarchy", "Subscribe":
		allowed = true
	case "FindItem", "CopyFolder", "ArchiveItem", "SyncFolderItems", "FindConversation", "GetConversationItems":
		allowed = r.Read == "FullDetails"
	case "EmptyFolder":
		allowed = r.Delete == "All"
	case "MarkAllItemsAsRead":
		allowed = r.Edit == "All"
	case "CreateItem", "UpdateItem", "UploadItems", "MoveItem", "CopyItem", "SendItem":
		allowed, code = r.CreateItems, "ErrorCreateItemAccessDenied"
	case "CreateFolder", "CreateFolderPath":
		allowed, code = r.CreateSubFolders, "ErrorCreateSubfolderAccessDenied"
	}
	if !allowed {
		return refuse(code)
	}
	return nil
}

// mayTouch refuses an item if the caller lacks the rights for the operation. The rights
// to edit and to delete may be limited to items that the caller created.
func (c *call) mayTouch(it *mailstore.Item) *refusal {
	r := c.rightsIn(it.Folder)
	right := r.Edit
	switch c.request.Name {
	case "GetItem", "ExportItems", "CopyItem", "GetAttachment":
		return nil
	case "DeleteItem", "MoveItem", "ArchiveItem", "MarkAsJunk":
		right = r.Delete
	}
	if right == "All" || right == "Owned" && c.made(it) {
		return nil
	}
	return refuse("ErrorAccessDenied")
}

// reads reports whether the caller may read an item.
func (c *call) reads(it *mailstore.Item) bool {
	r := c.rightsIn(it.Folder)
	return r.Read == "FullDetails" || r.ReadOwned && c.made(it)
}

// made reports whether the caller created an item.
func (c *call) made(it *mailstore.Item) bool {
	return it.Creator != "" && strings.EqualFold(it.Creator, c.who.account)
}

// rights writes the caller's EffectiveRights in a folder, or for an item in it that an
// account created.
func (e *encoder) rights(f *mailstore.Folder, owned bool) {
	r := e.rightsIn(f)
	has := func(right string) bool { return right == "All" || right == "Owned" && owned }
	e.Open("t:EffectiveRights")
	e.Bool("t:CreateAssociated", r.Owner)
	e.Bool("t:CreateContents", r.CreateItems)
	e.Bool("t:CreateHierarchy", r.CreateSubFolders)
	e.Bool("t:Delete", has(r.Delete))
	e.Bool("t:Modify", has(r.Edit))
	e.Bool("t:Read", r.Read == "FullDetails" || r.ReadOwned && owned)
	e.Close()
}
