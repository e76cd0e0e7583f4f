package graphtest

import (
	"net/http"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// mailboxFolderOf finds a folder of any kind below the top of the information store.
func (c *call) mailboxFolderOf(id string) (*mailstore.Folder, *refusal) {
	if id == "delta" {
		return nil, lacks("deltas in the API of mailboxes")
	}
	if f, refused := c.folder(id); refused == nil || refused.code == malformedID().code {
		return f, refused
	}
	plain, _ := c.spelled(id) // it has been parsed before
	parsed, _ := mailstore.ParseID(fromREST.Replace(plain))
	if f := c.box.Folder(parsed.Number); parsed.Mailbox == c.box.GUID() && f != nil && shown(f) {
		return f, nil
	}
	return nil, folderNotFound()
}

func (c *call) mailboxFolder(f *mailstore.Folder) object {
	o := object{
		"id": c.folderID(f), "displayName": f.Name, "type": f.Class,
		"childFolderCount": len(f.Children), "totalItemCount": f.Count(),
	}
	if f.Parent != nil {
		o["parentFolderId"] = c.folderID(f.Parent)
	}
	o = c.query.selected(o)
	for _, e := range c.query.expand {
		if all := single(e.ids, false, f.Property); e.name == "singleValueExtendedProperties" && all != nil {
			o[e.name] = all
		}
	}
	return o
}

func (c *call) mailboxQuery(kind string, names ...string) *refusal {
	for _, e := range c.query.expand {
		if e.name != "singleValueExtendedProperties" {
			return lacks("$expand of " + e.name)
		}
	}
	if c.query.filter != nil || c.query.orderBy != "" {
		return lacks("$filter and $orderby of a " + kind)
	}
	return c.query.only(kind, names)
}

func (c *call) mailboxFolderQuery() *refusal {
	return c.mailboxQuery("mailboxFolder", "id", "displayName", "type", "childFolderCount", "totalItemCount", "parentFolderId")
}

func (c *call) mailboxFolders(all []*mailstore.Folder) *answer {
	var rows []*mailstore.Folder
	for _, f := range all {
		if !isHidden(f) || strings.EqualFold(c.query.values.Get("includeHiddenFolders"), "true") {
			rows = append(rows, f)
		}
	}
	return paged(c, rows, len(rows), c.mailboxFolder)
}

// listMailboxFolders lists all folders of the mailbox, including search folders
// (https://learn.microsoft.com/en-us/graph/api/mailbox-list-folders).
func listMailboxFolders(c *call) (*answer, *refusal) {
	if refused := c.mailboxFolderQuery(); refused != nil {
		return nil, refused
	}
	var all []*mailstore.Folder
	top := c.box.Named(ews.FolderMsgFolderRoot)
	top.Walk(func(f *mailstore.Folder) {
		if f != top {
			all = append(all, f)
		}
	})
	return c.mailboxFolders(all), nil
}

func getMailboxFolder(c *call) (*answer, *refusal) {
	if refused := c.mailboxFolderQuery(); refused != nil {
		return nil, refused
	}
	f, refused := c.mailboxFolderOf(c.arg("folder"))
	if refused != nil {
		return nil, refused
	}
	return jsonAnswer(http.StatusOK, c.entity(c.mailboxFolder(f))), nil
}

func listMailboxChildren(c *call) (*answer, *refusal) {
	if refused := c.mailboxFolderQuery(); refused != nil {
		return nil, refused
	}
	f, refused := c.mailboxFolderOf(c.arg("folder"))
	if refused != nil {
		return nil, refused
	}
	return c.mailboxFolders(f.Children), nil
}

func (c *call) mailboxItem(it *mailstore.Item) object {
	o := object{
		"@odata.etag": `W/"` + it.ChangeKey() + `"`, "id": c.idOf(it), "type": it.Class(), "size": it.Size(), "changeKey": it.ChangeKey(),
		"createdDateTime":      timeOf(mailstore.TagCreated)(c, it),
		"lastModifiedDateTime": timeOf(mailstore.TagModified)(c, it),
		"categories":           append([]string{}, it.Properties()[mailstore.PropKeywords].Values...),
	}
	o = c.query.selected(o)
	for _, e := range c.query.expand {
		if all := single(e.ids, false, it.Property); all != nil {
			o[e.name] = all
		}
	}
	return o
}

func (c *call) mailboxItemQuery() *refusal {
	return c.mailboxQuery("mailboxItem", "id", "type", "size", "changeKey", "createdDateTime", "lastModifiedDateTime", "categories")
}

// listMailboxItems lists the items of a folder, whatever their kind
// (https://learn.microsoft.com/en-us/graph/api/mailboxfolder-list-items).
func listMailboxItems(c *call) (*answer, *refusal) {
	if refused := c.mailboxItemQuery(); refused != nil {
		return nil, refused
	}
	f, refused := c.mailboxFolderOf(c.arg("folder"))
	if refused != nil {
		return nil, refused
	}
	var rows []*mailstore.Item
	for _, it := range f.Items() {
		if !it.Associated {
			rows = append(rows, it)
		}
	}
	return paged(c, rows, len(rows), c.mailboxItem), nil
}

func getMailboxItem(c *call) (*answer, *refusal) {
	if refused := c.mailboxItemQuery(); refused != nil {
		return nil, refused
	}
	f, refused := c.mailboxFolderOf(c.arg("folder"))
	if refused != nil {
		return nil, refused
	}
	if c.arg("item") == "delta" {
		return nil, lacks("deltas in the API of mailboxes")
	}
	it, refused := c.anyItem(c.arg("item"))
	if refused == nil && (it.Folder != f || it.Associated) {
		refused = itemNotFound()
	}
	if refused != nil {
		return nil, refused
	}
	return jsonAnswer(http.StatusOK, c.entity(c.mailboxItem(it))), nil
}
