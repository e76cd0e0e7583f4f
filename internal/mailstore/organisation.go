package mailstore

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// Organisation holds all mailboxes of a server.
type Organisation struct {
	settings  Settings
	random    *rand.Rand
	changes   uint64
	objects   map[uint64]*Item
	exported  exportMarks
	byGUID    map[GUID]*Mailbox
	byAddress map[string]*Mailbox
	mailboxes []*Mailbox

	objectsMade uint64
}

// Settings of an [Organisation]. All but MaxExports, Undated, Anew, Arrived, Happened and
// Leave are required.
type Settings struct {
	Now  func() time.Time
	Seed uint64
	// Retention keeps deleted items in Recoverable Items.
	Retention bool
	// Leftover is the folder of Recoverable Items that keeps the original of an item moved
	// into another mailbox, if Retention is on. If it is empty, no folder does.
	Leftover ews.FolderName
	// Since2013 and Since2013SP1 give mailboxes the folders of those versions.
	Since2013, Since2013SP1 bool

	// FewFolders leaves out the default folders that mail does not need.
	FewFolders bool
	// LastParent makes items in Deleted Items and Recoverable Items show where they were
	// before, as in Exchange 2016.
	LastParent bool
	// MaxExports is how many exports the organisation remembers at most, for
	// [Item.Origin]; 0 means all.
	MaxExports int
	// Undated hides the delivery time of all items from [Item.Property].
	Undated bool
	// Anew is what else changes in the MIME of items when it is generated.
	Anew eml.Changes
	// Notify is called for each notice that reaches other people.
	Notify func(Notice)
	// Arrived, if set, is called for every item that has come into a folder. It must not
	// change anything.
	Arrived func(*Item, Arrival)
	// Happened, if set, is called for every event of a watched mailbox. It must not change
	// anything.
	Happened func(*Mailbox)
	// Leave, if set, is called with every item that is about to leave its folder.
	Leave func(*Item)
}

// Arrival is how an item came into a folder.
type Arrival int

// Arrivals.
const (
	ByTransport Arrival = iota // delivered
	ByClient                   // created, uploaded or copied
	ByMove                     // from another folder
	ByStore                    // kept in Recoverable Items
)

// Notice is something that reached another person.
type Notice struct {
	Kind     string
	From, To string
	Subject  string
	Item     *Item
}

// NewOrganisation returns an organisation without mailboxes.
func NewOrganisation(s Settings) *Organisation {
	return &Organisation{
		settings:  s,
		random:    rand.New(rand.NewPCG(s.Seed, 0x65777374657374)),
		byGUID:    make(map[GUID]*Mailbox),
		byAddress: make(map[string]*Mailbox),
		objects:   make(map[uint64]*Item),
		exported:  exportMarks{of: make(map[exportMark]uint64), most: s.MaxExports},
	}
}

// Mailboxes returns all mailboxes in the order in which they were created.
func (o *Organisation) Mailboxes() []*Mailbox { return o.mailboxes }

// ByAddress returns the mailbox with a primary or proxy address, or nil if it does not
// exist.
func (o *Organisation) ByAddress(address string) *Mailbox {
	return o.byAddress[strings.ToLower(address)]
}

// ByGUID returns the mailbox with a GUID, or nil if it does not exist.
func (o *Organisation) ByGUID(g GUID) *Mailbox { return o.byGUID[g] }

// Random returns n random bytes.
func (o *Organisation) Random(n int) []byte {
	b := make([]byte, 0, n+8)
	for len(b) < n {
		b = binary.LittleEndian.AppendUint64(b, o.random.Uint64())
	}
	return b[:n]
}

// Now returns the time to the millisecond, the precision of the protocol.
func (o *Organisation) Now() time.Time { return o.settings.Now().UTC().Truncate(time.Millisecond) }

func (o *Organisation) nextChange() uint64 {
	o.changes++
	return o.changes
}
