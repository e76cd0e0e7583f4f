package quarantine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// exploredScene is where a history begins.
type exploredScene struct {
	access    int // in accesses
	direction driver.Direction
	copies    int  // of each message
	twins     int  // different messages with the same Message-ID
	folders   int  // additional folders in each mailbox
	journal   bool // there is one
	key       bool // stamps are sealed
	renames   bool // a change gives an item another id
	sparse    bool // mailboxes have only the default folders that mail needs
	moved     bool // what is restored was taken with FullAccess, whatever access is used now
	version   ewstest.Version
	odd       ewstest.Oddities
}

func (s exploredScene) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s copies=%d twins=%d folders=%d journal=%t", accesses[s.access].name, s.direction, s.copies, s.twins, s.folders, s.journal)
	if s.key {
		b.WriteString(" key")
	}
	if s.renames {
		b.WriteString(" renames")
	}
	if s.moved {
		b.WriteString(" moved")
	}
	if s.sparse {
		b.WriteString(" sparse")
	}
	if s.version != 0 {
		b.WriteString(" " + s.version.String())
	}
	if s.odd != 0 {
		b.WriteString(" odd=" + s.odd.String())
	}
	return b.String()
}

// keysIgnored reports whether the server accepts any change key.
func (s exploredScene) keysIgnored() bool { return s.odd.Has(ewstest.OddNoChangeKeys) }

var (
	ourKey   = []byte("the key of this installation")
	theirKey = []byte("the key of another installation")
)

// tagOf returns the tag in the subject and at the end of the text of a message,
// which shows which message it is and that it is whole.
func tagOf(i int) string { return fmt.Sprintf("tag-%d-", i) }

// begin sets the scene, and returns what is asked for in it.
func (x *exploration) begin(t testing.TB) {
	x.t = t
	x.options = accesses[x.scene.access].worldOptions
	x.options.full = !x.scene.sparse
	x.options.server.Version, x.options.server.Odd, x.options.server.FewFolders = x.scene.version, x.scene.odd, x.scene.sparse
	x.options.settings = func(s *quarantine.Options) {
		s.Wait, s.SearchLag, s.WriteDoubt = 2*time.Second, 0, 0
		if x.scene.key {
			s.StampKeys = [][]byte{ourKey}
		}
		if !x.scene.journal {
			s.Journal = nil
		}
	}
	x.world = newWorld(t, x.options)
	box, v := x.Mailbox(alice), x.Mailbox(vault)
	for i := range x.scene.folders {
		box.AddFolder(box.Folder(ews.FolderInbox), fmt.Sprintf("F%02d", i))
		v.AddFolder(nil, fmt.Sprintf("F%02d", i))
	}
	for i := range x.scene.twins {
		for range x.scene.copies {
			box.DeliverWith(append(eml(theID, "Invoice "+tagOf(i), "Disposition-Notification-To: mallory@evil.example"), tagOf(i)+"\r\n"...),
				ewstest.Delivery{Received: time.Date(2026, 11, 20, 8, 30, i, 0, time.UTC)})
		}
		x.tags = append(x.tags, tagOf(i))
	}
	x.neighbours(
		box.Deliver(eml("<neighbour@good.example>", "Invoice "+tagOf(0))),
		x.Mailbox(bob).Deliver(eml(theID, "Invoice "+tagOf(0))),
		v.DeliverWith(eml("<kept@good.example>", "Kept"), delivered(v.AddFolder(nil, "Quarantine"), true)),
	)
	time.Sleep(time.Hour)
	x.ask = func(s *quarantine.Service) (*quarantine.Receipt, error) { return s.Quarantine(t.Context(), theTarget) }
	if x.scene.direction == driver.ToQuarantine {
		return
	}
	before := x.service
	if x.scene.moved {
		o := x.options
		o.impersonation, o.ways = false, nil
		before = x.newService(t, o)
	}
	r, err := before.Quarantine(t.Context(), theTarget)
	require.NoError(t, err)
	x.unsettled = r.Err() != nil // some servers refuse this
	time.Sleep(time.Hour)
	x.ask = func(s *quarantine.Service) (*quarantine.Receipt, error) { return s.Restore(t.Context(), r) }
}

// neighbours adds messages that nobody may touch.
func (x *exploration) neighbours(all ...*ewstest.Message) { x.others = append(x.others, all...) }

// renaming is a strategy whose mailboxes give an item another id when it is
// changed, as the contract allows.
type renaming struct {
	driver.Strategy
	server *ewstest.Server
}

func (s renaming) Mailbox(address string) driver.Mailbox {
	return renamer{s.Strategy.Mailbox(address), s.server}
}

type renamer struct {
	driver.Mailbox
	server *ewstest.Server
}

func (r renamer) Unwrap() driver.Mailbox { return r.Mailbox }

func (r renamer) Mark(ctx context.Context, item driver.Item, change driver.Change) (driver.Item, error) {
	marked, err := r.Mailbox.Mark(ctx, item, change)
	if err != nil {
		return marked, err
	}
	box := r.server.Mailbox(r.Address())
	m := box.Message(ews.ItemID{ID: marked.ID})
	if m == nil {
		return marked, nil // its owner has moved it already
	}
	for _, f := range box.Folders() {
		if f.ID().ID == m.FolderID.ID {
			m = box.MoveMessage(m.ID, box.AddFolder(nil, "Zebra"))
			m = box.MoveMessage(m.ID, f)
			marked.ID, marked.Version = m.ID.ID, m.ID.ChangeKey
			break
		}
	}
	return marked, nil
}

// serviceOf returns a service of this installation, or of another one.
func (x *exploration) serviceOf(key []byte, journal quarantine.Journal) *quarantine.Service {
	settings := &quarantine.Options{}
	x.options.settings(settings)
	settings.Journal = journal
	if key != nil {
		settings.StampKeys = [][]byte{key}
	}
	s, err := quarantine.New(x.newStrategy(x.t, x.options), vault, settings)
	require.NoError(x.t, err)
	return s
}
