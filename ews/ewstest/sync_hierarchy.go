package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// syncFolderHierarchy reports what changed below a folder since a SyncState: which
// folders are new there, which were renamed, moved or given other properties, and which
// are gone. Parents come before their children. A change only to a folder's content does
// not count. The SyncState contains all folders with their change keys, so the server
// keeps nothing for a client. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/syncfolderhierarchy-operation
// and [MS-OXWSSYNC].
func syncFolderHierarchy(c *call) *refusal {
	shape, badShape := c.folderShape(c.op.Child("FolderShape"))
	c.out.extra = func() {
		c.out.Leaf("m:SyncState", "")
		c.out.Bool("m:IncludesLastFolderInRange", true)
	}
	c.batch([]*ewsschema.Node{c.op}, func(n *ewsschema.Node) (func(), *refusal) {
		if badShape != nil {
			return nil, badShape
		}
		root, number, refused := c.syncRoot(n)
		if refused != nil {
			return nil, refused
		}
		before, refused := readFolders(n.Value("SyncState"), root.Mailbox, number)
		if refused != nil {
			return nil, refused
		}
		all := c.below(root, "Deep", nil)
		for _, f := range all {
			if refused := shape.lacks(f); refused != nil {
				return nil, refused
			}
		}
		return func() {
			c.out.Leaf("m:SyncState", packFolders(all, root.Mailbox, number))
			c.out.Bool("m:IncludesLastFolderInRange", true)
			c.out.Open("m:Changes")
			c.out.folderChanges(all, before, root.Mailbox, shape)
			c.out.Close()
		}, nil
	})
	return nil
}

// syncRoot returns the folder below which to look, and its number for the SyncState. The
// number is 0 if the request names no folder, which is not the same as naming the root.
func (c *call) syncRoot(n *ewsschema.Node) (*mailstore.Folder, uint64, *refusal) {
	id := n.Child("SyncFolderId")
	if !id.Exists() {
		if !c.who.hasMailbox() {
			return nil, 0, refuse("ErrorMissingEmailAddress")
		}
		return c.who.box.Named(ews.FolderRoot), 0, nil
	}
	f, refused := c.folder(id.First())
	if refused != nil {
		return nil, 0, asTarget(refused, "ErrorSyncFolderNotFound")
	}
	return f, f.ID().Number, nil
}

// folderKnown is a folder that a client knows.
type folderKnown struct{ number, change uint64 }

func packFolders(all []*mailstore.Folder, box *mailstore.Mailbox, root uint64) string {
	var numbers []uint64
	for _, f := range all {
		numbers = append(numbers, f.ID().Number, f.Change())
	}
	return packState(syncHierarchy, box.GUID(), root, numbers)
}

// readFolders reads the SyncState of a hierarchy. It can be forged: every folder in it
// takes up space in the answer if it is gone, so no folder may appear twice or be one
// that never existed.
func readFolders(text string, box *mailstore.Mailbox, root uint64) ([]folderKnown, *refusal) {
	if text == "" {
		return nil, nil
	}
	numbers, ok := unpackState(text, syncHierarchy, box.GUID(), root, 2*box.Numbers())
	if !ok || len(numbers)%2 != 0 {
		return nil, invalidSyncState()
	}
	var all []folderKnown
	seen := make(map[uint64]bool, len(numbers)/2)
	for i := 0; i < len(numbers); i += 2 {
		k := folderKnown{numbers[i], numbers[i+1]}
		if seen[k.number] || !box.CanHaveHad(k.number, k.change) {
			return nil, invalidSyncState()
		}
		seen[k.number] = true
		all = append(all, k)
	}
	return all, nil
}

// folderChanges writes how the folders differ from those the client knows.
func (e *encoder) folderChanges(all []*mailstore.Folder, before []folderKnown, box *mailstore.Mailbox, shape *folderShape) {
	changes := make(map[uint64]uint64, len(before))
	for _, k := range before {
		changes[k.number] = k.change
	}
	there := make(map[uint64]bool, len(all))
	for _, f := range all {
		number := f.ID().Number
		there[number] = true
		change, known := changes[number]
		switch {
		case !known:
			e.Open("t:Create")
		case change != f.Change():
			e.Open("t:Update")
		default:
			continue
		}
		e.writeFolder(f, shape)
		e.Close()
	}
	for _, k := range before {
		if there[k.number] {
			continue
		}
		e.Open("t:Delete")
		e.Open("t:FolderId")
		e.Attr("Id", mailstore.ID{Mailbox: box.GUID(), Kind: mailstore.KindFolder, Number: k.number}.String())
		e.Close()
		e.Close()
	}
}
