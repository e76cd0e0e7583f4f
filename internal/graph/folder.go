package graph

import (
	"context"
	"iter"
	"net/http"
	"strings"
)

// Folder is a mail folder.
type Folder struct {
	Type     string `json:"@odata.type"`
	ID       string `json:"id"`
	Name     string `json:"displayName"`
	ParentID string `json:"parentFolderId"`
	Children int    `json:"childFolderCount"`
	Items    int    `json:"totalItemCount"`
	Hidden   bool   `json:"isHidden"`
}

// IsSearch reports whether it is a search folder, which has no items of its own.
func (f Folder) IsSearch() bool {
	return strings.EqualFold(f.Type, "#microsoft.graph.mailSearchFolder")
}

var folderFields = Param{"$select", "id,displayName,parentFolderId,childFolderCount,totalItemCount,isHidden"}

// Folder reads a folder by its id or well-known name.
func (m Mailbox) Folder(ctx context.Context, id string) (Folder, error) {
	var got Folder
	k := m.folderCall(id)
	err := m.client.document(ctx, k, &got)
	if err == nil {
		err = got.named(k, id)
	}
	return got, err
}

// named returns an error for a folder without an id, which Graph always returns, and for
// a folder other than the one requested by id.
func (f Folder) named(k call, id string) error {
	switch {
	case f.ID == "":
		return &Error{Operation: k.op, Status: http.StatusOK, Err: errJSON, read: true}
	case !isWellKnown(id) && !sameID(f.ID, id):
		return misfit(k, http.StatusOK)
	}
	return nil
}

func (m Mailbox) folderCall(id string) call {
	return get("GET folder", m.payer, to("/users", m.user, "mailFolders", id), folderFields)
}

// Children reads the folders directly below another, including hidden ones, page by page.
// A name limits them to those with that name, as Graph compares names.
func (m Mailbox) Children(ctx context.Context, parent, name string) iter.Seq2[[]Folder, error] {
	k := m.childrenCall(parent, name)
	return childOf(pages[Folder](ctx, m.client, k), parent, k)
}

func (m Mailbox) childrenCall(parent, name string) call {
	params := []Param{{"includeHiddenFolders", "true"}, {"$top", "100"}, folderFields}
	if name != "" {
		params = append(params, Param{"$filter", "displayName eq " + Quote(name)})
	}
	return get("list folders", m.payer, to("/users", m.user, "mailFolders", parent, "childFolders"), params...)
}

// CreateFolder creates a folder. If an error reports that the answer is about another
// folder, it is unknown whether this one was created.
func (m Mailbox) CreateFolder(ctx context.Context, parent, name string, hidden bool) (Folder, error) {
	body := map[string]any{"displayName": name}
	if hidden {
		body["isHidden"] = true
	}
	k := write("create folder", m.payer, http.MethodPost, to("/users", m.user, "mailFolders", parent, "childFolders"), body, http.StatusCreated, http.StatusOK)
	var got Folder
	err := m.client.document(ctx, k, &got)
	elsewhere := !isWellKnown(parent) && got.ParentID != "" && !sameID(got.ParentID, parent)
	if err == nil && (elsewhere || got.Name != "" && !strings.EqualFold(got.Name, name)) {
		err = misfit(k, http.StatusCreated)
	}
	return got, err
}
