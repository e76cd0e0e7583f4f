package mailstore

// Bounds of what clients can create in a mailbox. The first two are those of Exchange
// Online. Without bounds, copying folders that contain copies would never end.
// See https://learn.microsoft.com/en-us/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits.
const (
	maxLevels  = 300    // of folders below the root
	maxFolders = 10_000 // of a mailbox
	maxItems   = 1_000_000
)

// Extent is the size of a tree of folders.
type Extent struct{ Levels, Folders, Items int }

// Extent returns the size of the folder with everything below it.
func (f *Folder) Extent() Extent {
	e := Extent{Folders: 1, Items: f.items.count}
	for _, c := range f.Children {
		below := c.Extent()
		e.Levels, e.Folders, e.Items = max(e.Levels, below.Levels), e.Folders+below.Folders, e.Items+below.Items
	}
	e.Levels++
	return e
}

// Fits reports whether a tree of the given extent can be added below the folder. For a tree
// that is in the mailbox already, set only Levels.
func (f *Folder) Fits(e Extent) bool {
	level := 0
	for g := f; g.Parent != nil; g = g.Parent {
		level++
	}
	m := f.Mailbox
	return level+e.Levels <= maxLevels && (e.Folders == 0 || len(m.folders)+e.Folders <= maxFolders) && (e.Items == 0 || len(m.items)+e.Items <= maxItems)
}
