package driver

// Folder is a folder of a mailbox.
type Folder struct {
	ID string `json:"id,omitempty"`
	// Path is the path that people see: display names, each after a slash. A slash
	// in a name is written %2F, a percent sign %25.
	Path string `json:"path,omitempty"`
	// Base names the nearest folder, this one or one above it, whose name is the same
	// in every language; Below is the path from there. Both are the driver's own
	// names, with which it finds or re-creates the folder when the id is gone. The
	// Inbox should be called "inbox": what lies in it or below it is taken first.
	Base  string `json:"base,omitempty"`
	Below string `json:"below,omitempty"`
	// Recoverable means that it is one of the Recoverable Items folders, which
	// hold what the owner of the mailbox has deleted and may recover.
	Recoverable bool `json:"recoverable,omitempty"`
}

// FolderRequest describes the folder that is wanted.
type FolderRequest struct {
	// Names are the display names from the top of the mailbox down, unescaped: the
	// driver escapes what its paths cannot hold. With none, the error matches [ErrGone].
	Names []string
	// Create creates missing folders.
	Create bool
}
