package ewstest

import (
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// Trigger is what a [Policy] acts on.
type Trigger int

// Triggers.
const (
	// Deliveries are messages that transport delivers, and nothing else: on a server,
	// what clients create, upload, copy, move or restore does not run Inbox rules.
	Deliveries Trigger = iota
	// Arrivals are all items that come into the folder from now on, whatever brings them,
	// as for a rule or add-in of a client.
	Arrivals
	// Contents are arrivals and also what is already there, as for retention and archive
	// policies.
	Contents
)

// Action is what a [Policy] does to an item. Most have the names used in the retention
// tags of Exchange. See
// https://learn.microsoft.com/en-us/exchange/security-and-compliance/messaging-records-management/retention-tags-and-policies.
type Action int

// Actions. Nobody is notified about them.
const (
	MoveToFolder           Action = iota // to Policy.To
	MoveToDeletedItems                   // unless the item is there already
	DeleteAndAllowRecovery               // to the Deletions of Recoverable Items
	PermanentlyDelete                    // to Purges; with Options.RetentionOff, gone permanently
	MoveToArchive                        // to the folder at the same path in the online archive, created if missing; leaves behind what Options.MoveLeftover defines
)

// Policy is a rule, retention policy or archive policy of a mailbox.
type Policy struct {
	Name    string  // in [Server.Story]; default: "policy"
	Trigger Trigger // default: Deliveries, which do not include what a client moves or uploads
	Action  Action

	// Folder is where it acts, excluding the folders below. Default: the Inbox for
	// Deliveries; otherwise all folders below the top of the information store, including
	// Deleted Items but not the archive or Recoverable Items.
	Folder *Folder

	// To is where MoveToFolder moves: a folder of the same mailbox, or of its
	// archive.
	To *Folder

	// Match selects the items; nil selects all. Associated items are never selected. It
	// is called when the policy acts, with the server locked, so it must not call methods
	// of the server.
	Match func(*Message) bool

	// Age is how long ago an item must have been received; a younger one is acted on when
	// it reaches that age. Delay is the minimum time between an item's arrival and the
	// action; the item must stay in the same folder all that time. Age is measured by
	// Options.Now; the remaining time passes virtually inside a synctest bubble, and in
	// real time elsewhere. Default: 0: immediately, after the server has acted on a
	// request and before it sends the answer, so an id in the answer may already be
	// invalid.
	Age, Delay time.Duration
}

// policy is a policy in effect.
type policy struct {
	Policy
	box       *mailstore.Mailbox
	removed   bool
	postponed []uint64 // the stays of items that it acts on when the mailbox is back
}

// AddPolicy puts a policy into effect on the mailbox until remove is called or the server
// is closed. What it does is recorded in [Server.Story]. While the mailbox is removed or
// moving it waits. Policies act in the order in which they were added, each on what the
// previous one left; without Delay, each acts once on an item for each change by a caller
// or person, so two policies that move an item back and forth do not loop forever.
//
// It panics if the policy cannot work: Folder or To is not in the mailbox, Folder is a
// search folder or in Recoverable Items, nothing can be moved into To, To is the folder
// in which it acts, To is missing with MoveToFolder or given without it, the mailbox has
// no archive for MoveToArchive, a time is negative, or Trigger or Action is unknown.
func (m *Mailbox) AddPolicy(p Policy) (remove func()) {
	s := m.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if problem := p.problem(m.box); problem != "" {
		panic("ewstest: policy: " + problem)
	}
	if p.Name == "" {
		p.Name = "policy"
	}
	if p.Folder == nil && p.Trigger == Deliveries {
		p.Folder = m.wrap(m.box.Named(ews.FolderInbox))
	}
	own := &policy{Policy: p, box: m.box}
	s.people.policies = append(s.people.policies, own)
	if p.Trigger == Contents {
		run := run{}
		for _, it := range m.box.Items() {
			s.await(own, it, run, "")
		}
		s.settleIn(run, "")
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		own.removed = true
		s.people.policies = slices.DeleteFunc(s.people.policies, func(q *policy) bool { return q == own })
	}
}

// problem describes what is wrong with a policy; it is empty if the policy can work.
func (p *Policy) problem(box *mailstore.Mailbox) string {
	switch {
	case p.Trigger < Deliveries || p.Trigger > Contents || p.Action < MoveToFolder || p.Action > MoveToArchive:
		return "there is no action or trigger like that"
	case p.Age < 0 || p.Delay < 0:
		return "Age and Delay must not be negative"
	case p.Folder != nil && p.Folder.folder.Mailbox != box:
		return "Folder is not a folder of the mailbox"
	case p.Folder != nil && (p.Folder.folder.Search != nil || p.Folder.folder.Recoverable()):
		return "Folder is a search folder or in Recoverable Items"
	case p.Action == MoveToFolder && p.To == nil:
		return "MoveToFolder needs To"
	case p.Action != MoveToFolder && p.To != nil:
		return "To is only for MoveToFolder"
	case p.To != nil && p.To.folder.Mailbox != box:
		return "To is not a folder of the mailbox"
	case p.To != nil && (p.To.folder.Search != nil || p.To.folder.Recoverable() || p.To.folder.IsRoot()):
		return "nothing can be moved into To"
	case p.To != nil && (p.Folder != nil && p.To.folder == p.Folder.folder ||
		p.Folder == nil && p.Trigger == Deliveries && p.To.folder == box.Named(ews.FolderInbox)):
		return "To is the folder in which it acts"
	case p.Action == MoveToArchive && !box.Archive:
		return "MoveToArchive needs an online archive"
	}
	return ""
}
