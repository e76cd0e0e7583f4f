package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// Folder is a folder of a mailbox.
type Folder struct {
	server *Server
	folder *mailstore.Folder
}

// ID returns the folder's id and change key in EWS.
func (f *Folder) ID() ews.FolderID {
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	return ews.FolderID{ID: f.folder.ID().String(), ChangeKey: f.folder.ChangeKey()}
}

// Name returns the display name.
func (f *Folder) Name() string {
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	return f.folder.Name
}

// Path returns the display names from the top of the information store, such as
// "/Inbox/Sub"; paths elsewhere begin with the tree they are in:
// "/Recoverable Items/Purges", "/Archive/Inbox".
func (f *Folder) Path() string {
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	return f.folder.Path()
}

// Distinguished returns the well-known name of the folder, or an empty string if it has
// none.
func (f *Folder) Distinguished() ews.FolderName { return f.folder.Distinguished }

// Parent returns the folder that contains this one, or nil for the root of a mailbox or
// archive.
func (f *Folder) Parent() *Folder {
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	if f.folder.Parent == nil {
		return nil
	}
	return &Folder{server: f.server, folder: f.folder.Parent}
}

// IsSearch reports whether the folder is a search folder, which shows items of other
// folders.
func (f *Folder) IsSearch() bool { return f.folder.Search != nil }

// Messages returns the items of the folder; for a search folder, those that it finds.
func (f *Folder) Messages() []*Message {
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	return snapshots(f.folder.Items())
}

// Count returns the number of messages in the folder, without making snapshots.
func (f *Folder) Count() int {
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	return f.folder.Count()
}

// Delete removes the folder and its content permanently, as a user's shift-delete does.
func (f *Folder) Delete() {
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	f.folder.Delete()
}

// Rename gives the folder another display name.
func (f *Folder) Rename(name string) {
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	f.folder.Name = name
	f.folder.Touch()
}

// MoveTo moves the folder below another folder of the same mailbox. It does nothing if
// the move is impossible, such as into itself or next to a folder of the same name.
func (f *Folder) MoveTo(parent *Folder) {
	f.server.mu.Lock()
	defer f.server.mu.Unlock()
	f.folder.MoveTo(parent.folder)
}
