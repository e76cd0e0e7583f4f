package graphtest

import (
	"net/http"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// wellKnown are the language-independent names of folders, see
// https://learn.microsoft.com/en-us/graph/api/resources/mailfolder. The names archive
// (the folder of the Archive button), clutter and scheduled are known, but no mailbox has
// them.
var wellKnown = map[string]ews.FolderName{
	"archive": "", "clutter": "", "scheduled": "",
	"conflicts": "conflicts", "conversationhistory": ews.FolderConversationHistory, "deleteditems": ews.FolderDeletedItems,
	"drafts": ews.FolderDrafts, "inbox": ews.FolderInbox, "junkemail": ews.FolderJunkEmail, "localfailures": "localfailures",
	"msgfolderroot": ews.FolderMsgFolderRoot, "outbox": ews.FolderOutbox,
	"recoverableitemsdeletions": ews.FolderRecoverableItemsDeletions, "searchfolders": ews.FolderSearchFolders,
	"sentitems": ews.FolderSentItems, "serverfailures": "serverfailures", "syncissues": ews.FolderSyncIssues,
}

func folderNotFound() *refusal {
	return refuse(http.StatusNotFound, "ErrorItemNotFound", "The specified folder could not be found in the store.")
}

// folder finds a folder of the mailbox of the request by id or well-known name.
func (c *call) folder(id string) (*mailstore.Folder, *refusal) {
	if name, ok := wellKnown[strings.ToLower(id)]; ok {
		if f := c.box.Named(name); name != "" && f != nil {
			return f, nil
		}
		return nil, folderNotFound()
	}
	id, own := c.spelled(id)
	parsed, err := mailstore.ParseID(fromREST.Replace(id))
	if !own || err != nil || strings.ContainsAny(id, "/+") || parsed.Kind != mailstore.KindFolder {
		return nil, malformedID()
	}
	if f := c.box.Folder(parsed.Number); parsed.Mailbox == c.box.GUID() && f != nil && shown(f) && isMailFolder(f) {
		return f, nil
	}
	return nil, folderNotFound()
}

// shown reports whether the mail API shows a folder: one below the top of the information
// store or among the search folders, or Deletions.
func shown(f *mailstore.Folder) bool {
	if f.Distinguished == ews.FolderRecoverableItemsDeletions {
		return true
	}
	box := f.Mailbox
	finder := box.Named(ews.FolderSearchFolders)
	return f.Below(box.Named(ews.FolderMsgFolderRoot)) || finder != nil && f.Below(finder)
}

// isMailFolder reports whether a folder is one for mail.
func isMailFolder(f *mailstore.Folder) bool {
	for _, class := range []string{"IPF.Appointment", "IPF.Contact", "IPF.Task", "IPF.StickyNote", "IPF.Journal"} {
		if f.Class == class || strings.HasPrefix(f.Class, class+".") {
			return false
		}
	}
	return true
}

func isHidden(f *mailstore.Folder) bool {
	p, _ := f.Property(mailstore.TagHidden)
	return p.Value == "true"
}

// children returns the mail folders directly below a folder.
func children(f *mailstore.Folder, hidden bool) []*mailstore.Folder {
	var all []*mailstore.Folder
	for _, child := range f.Children {
		if isMailFolder(child) && (hidden || !isHidden(child)) {
			all = append(all, child)
		}
	}
	return all
}

var folderNames = []string{
	"id", "displayName", "parentFolderId", "childFolderCount", "unreadItemCount", "totalItemCount", "isHidden",
	"filterQuery", "includeNestedFolders", "isSupported", "sourceFolderIds",
}

func (c *call) mailFolder(f *mailstore.Folder, q *query) object {
	o := object{
		"id": restID(f.ID()), "displayName": f.Name, "childFolderCount": len(children(f, false)),
		"unreadItemCount": f.Unread(), "totalItemCount": f.Count(), "isHidden": isHidden(f),
	}
	if f.Parent != nil {
		o["parentFolderId"] = restID(f.Parent.ID())
	}
	if f.Search != nil {
		o["@odata.type"] = "#microsoft.graph.mailSearchFolder"
		o["isSupported"], o["includeNestedFolders"] = true, true
		o["sourceFolderIds"] = []string{restID(f.Mailbox.Named(ews.FolderMsgFolderRoot).ID())}
	}
	o = q.selected(o)
	if q == nil {
		return o
	}
	for _, e := range q.expand {
		switch e.name {
		case "singleValueExtendedProperties":
			if all := single(e.ids, false, f.Property); all != nil {
				o[e.name] = all
			}
		case "multiValueExtendedProperties":
			if all := multiple(e.ids, f.Property); all != nil {
				o[e.name] = all
			}
		}
	}
	return o
}

func (c *call) folderQuery() *refusal {
	for _, e := range c.query.expand {
		if e.name != "singleValueExtendedProperties" && e.name != "multiValueExtendedProperties" {
			return lacks("$expand of " + e.name)
		}
	}
	if c.query.orderBy != "" {
		return lacks("$orderby of folders")
	}
	return c.query.only("mailFolder", folderNames)
}

var folderTerms = &terms[*mailstore.Folder]{
	values: map[string]func(*mailstore.Folder) any{
		"displayName":      func(f *mailstore.Folder) any { return f.Name },
		"isHidden":         func(f *mailstore.Folder) any { return isHidden(f) },
		"totalItemCount":   func(f *mailstore.Folder) any { return float64(f.Count()) },
		"unreadItemCount":  func(f *mailstore.Folder) any { return float64(f.Unread()) },
		"childFolderCount": func(f *mailstore.Folder) any { return float64(len(children(f, false))) },
	},
	extended:   func(f *mailstore.Folder, key ews.ExtendedField) (ews.ExtendedProperty, bool) { return f.Property(key) },
	substrings: true,
}

// listFolders lists the folders below the root, one level
// (https://learn.microsoft.com/en-us/graph/api/user-list-mailfolders).
func listFolders(c *call) (*answer, *refusal) {
	return c.listBelow(c.box.Named(ews.FolderMsgFolderRoot))
}

// listChildFolders lists one level below a folder
// (https://learn.microsoft.com/en-us/graph/api/mailfolder-list-childfolders).
func listChildFolders(c *call) (*answer, *refusal) {
	f, refused := c.folder(c.arg("folder"))
	if refused != nil {
		return nil, refused
	}
	return c.listBelow(f)
}

func (c *call) listBelow(parent *mailstore.Folder) (*answer, *refusal) {
	if refused := c.folderQuery(); refused != nil {
		return nil, refused
	}
	rows, refused := c.filteredFolders(children(parent, strings.EqualFold(c.query.values.Get("includeHiddenFolders"), "true")))
	if refused != nil {
		return nil, refused
	}
	return paged(c, rows, len(rows), func(f *mailstore.Folder) object { return c.mailFolder(f, c.query) }), nil
}

func (c *call) filteredFolders(all []*mailstore.Folder) ([]*mailstore.Folder, *refusal) {
	if c.query.filter == nil || c.strikes(faultUnfiltered) {
		return all, nil
	}
	meets, refused := folderTerms.compile(c.query.filter)
	if refused != nil {
		return nil, refused
	}
	var rows []*mailstore.Folder
	for _, f := range all {
		if meets(f) {
			rows = append(rows, f)
		}
	}
	return rows, nil
}

func getFolder(c *call) (*answer, *refusal) {
	if refused := c.folderQuery(); refused != nil {
		return nil, refused
	}
	f, refused := c.folder(c.arg("folder"))
	if refused != nil {
		return nil, refused
	}
	return jsonAnswer(http.StatusOK, c.entity(c.mailFolder(f, c.query))), nil
}

func createFolder(c *call) (*answer, *refusal) {
	return c.newFolder(c.box.Named(ews.FolderMsgFolderRoot))
}

func createChildFolder(c *call) (*answer, *refusal) {
	parent, refused := c.folder(c.arg("folder"))
	if refused != nil {
		return nil, refused
	}
	return c.newFolder(parent)
}

// newFolder makes a folder, hidden if requested; that cannot be changed later
// (https://learn.microsoft.com/en-us/graph/api/mailfolder-post-childfolders).
func (c *call) newFolder(parent *mailstore.Folder) (*answer, *refusal) {
	o, refused := c.json(false, "displayName", "isHidden")
	if refused != nil {
		return nil, refused
	}
	name, isText := o["displayName"].(string)
	hidden, isBool := o["isHidden"].(bool)
	switch {
	case !isText || strings.TrimSpace(name) == "":
		return nil, bad("displayName must be a text that is not empty.")
	case o["isHidden"] != nil && !isBool:
		return nil, bad("isHidden must be true or false.")
	case parent.Search != nil || parent.Recoverable():
		return nil, accessDenied()
	case parent.Child(name) != nil:
		return nil, refuse(http.StatusConflict, "ErrorFolderExists", "A folder with the specified name already exists.")
	case !parent.Fits(mailstore.Extent{Levels: 1, Folders: 1}):
		return nil, refuse(http.StatusInsufficientStorage, "ErrorQuotaExceeded", "The mailbox has too many folders.")
	}
	if c.strikes(faultNothing) {
		return jsonAnswer(http.StatusOK, object{"displayName": name}), nil
	}
	f := parent.Add(name, "IPF.Note")
	f.Hidden = hidden
	c.acted = true
	return jsonAnswer(http.StatusCreated, c.entity(c.mailFolder(f, nil))), nil
}

// updateFolder renames a folder.
func updateFolder(c *call) (*answer, *refusal) {
	f, refused := c.folder(c.arg("folder"))
	if refused != nil {
		return nil, refused
	}
	o, refused := c.json(false, "displayName")
	if refused != nil {
		return nil, refused
	}
	name, isText := o["displayName"].(string)
	switch {
	case !isText || strings.TrimSpace(name) == "":
		return nil, bad("displayName must be a text that is not empty.")
	case f.Distinguished != "":
		return nil, accessDenied()
	case f.Parent.Child(name) != nil && f.Parent.Child(name) != f:
		return nil, refuse(http.StatusConflict, "ErrorFolderExists", "A folder with the specified name already exists.")
	}
	f.Name = name
	f.Touch()
	c.acted = true
	return jsonAnswer(http.StatusOK, c.entity(c.mailFolder(f, nil))), nil
}
