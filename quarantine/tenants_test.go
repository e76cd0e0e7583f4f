package quarantine_test

import (
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

const (
	overdue   = "<invoice.4711@evil.example>" // the phishing of testdata/scenarios
	passedOn  = "<fw.1@headoffice.test>"      // by Carla to Kenji, into the other organisation
	passedOn2 = "<fw.2@cloud.test>"           // by Kenji to Mia
	reply     = "<re.1@headoffice.test>"      // by David to whoever sent it
)

// withoutID describes the phishing, for the copies that have no Message-ID.
var withoutID = quarantine.Criteria{
	Sender: "accounts@evil.example", Subject: "Invoice 4711 is overdue", URL: "https://pay.evil.example/owa",
	ReceivedAfter: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), ReceivedBefore: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC),
}

// tenants is the two organisations of testdata/scenarios and a router over them.
type tenants struct {
	head, cloud *world
	router      *quarantine.Router
}

func newTenants(t testing.TB) *tenants {
	t.Helper()
	x := &tenants{head: scenarioWorld(t, "head-office", false), cloud: scenarioWorld(t, "cloud", true)}
	r, err := quarantine.NewRouter([]quarantine.Route{
		{Service: x.head.service, Domains: []string{"headoffice.test"}},
		{Service: x.cloud.service}, // asked about mailboxes that nobody claims
	}, nil)
	require.NoError(t, err)
	x.router = r
	return x
}

func scenarioWorld(t testing.TB, name string, impersonation bool) *world {
	t.Helper()
	s, err := ewstest.LoadScenarioFile(filepath.Join("..", "testdata", "scenarios", name+".json"))
	require.NoError(t, err)
	srv, err := s.NewServer(&ewstest.Options{Authentication: []ewstest.Scheme{ewstest.Basic}})
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	w := &world{Server: srv, journal: &quarantine.MemoryJournal{}}
	w.service = w.newService(t, worldOptions{
		impersonation: impersonation, strategy: ewsmail.Options{ScanRecoverableItems: true, ScanOnlineArchive: true},
		settings: func(s *quarantine.Options) {
			s.Name = name
			s.CriteriaSearch = true
			s.WriteDoubt = time.Minute // a busy machine takes a long time
		},
	})
	return w
}

// users yields all mailboxes except the quarantine mailboxes, each with its organisation.
func (x *tenants) users() iter.Seq2[*world, *ewstest.Mailbox] {
	return func(yield func(*world, *ewstest.Mailbox) bool) {
		for _, w := range []*world{x.head, x.cloud} {
			for _, box := range w.Mailboxes() {
				if !strings.HasPrefix(box.Address(), "quarantine@") && !yield(w, box) {
					return
				}
			}
		}
	}
}

// malicious reports whether a message is the phishing message.
func malicious(m *ewstest.Message) bool {
	return m.MessageID == overdue || m.MessageID == "" && m.Subject == withoutID.Subject
}

// remark describes everything about a message that its user can see.
func remark(m *ewstest.Message, folder string) string {
	return fmt.Sprintf("%s: %q %s read=%t received %s %s %v %s", folder, m.Subject, m.MessageID, m.Read,
		m.Received.Format(time.RFC3339), m.Importance, m.Categories, m.Flag.Status)
}

// inventory describes what is where, of what users can reach: the phishing
// messages, or everything else. What was in Recoverable Items belongs in
// Deleted Items when it is back.
func inventory(box *ewstest.Mailbox, back bool, want func(*ewstest.Message) bool) []string {
	var all []string
	for _, m := range box.Messages() {
		if isPurged(m) || !want(m) {
			continue
		}
		folder := m.Folder
		if trash, ok := recoveredTo[m.Distinguished]; ok && back {
			folder = box.Folder(trash).Path()
		}
		all = append(all, remark(m, folder))
	}
	slices.Sort(all)
	return all
}

var recoveredTo = map[ews.FolderName]ews.FolderName{
	ews.FolderRecoverableItemsDeletions:        ews.FolderDeletedItems,
	ews.FolderArchiveRecoverableItemsDeletions: ews.FolderArchiveDeletedItems,
}

func innocent(m *ewstest.Message) bool { return !malicious(m) }

// searchable returns the paths of the folders of a mailbox that can hold mail.
func searchable(box *ewstest.Mailbox) []string {
	var paths []string
	for _, f := range box.Folders() {
		within := false
		for at := f; at != nil; at = at.Parent() {
			switch at.Distinguished() {
			case ews.FolderMsgFolderRoot, ews.FolderArchiveMsgFolderRoot,
				ews.FolderRecoverableItemsDeletions, ews.FolderRecoverableItemsPurges,
				ews.FolderArchiveRecoverableItemsDeletions, ews.FolderArchiveRecoverableItemsPurges:
				within = true
			}
		}
		if within && !f.IsSearch() {
			paths = append(paths, f.ID().ID)
		}
	}
	slices.Sort(paths)
	return paths
}

// One call takes all copies, in both organisations, and only those; and the
// receipts undo it.
func TestTenantsThereAndBack(t *testing.T) {
	t.Parallel()
	x := newTenants(t)
	var targets []quarantine.Target
	before, was, rest := map[string]int{}, map[string][]string{}, map[string][]string{}
	for _, box := range x.users() {
		address := box.Address()
		targets = append(targets,
			quarantine.Target{Mailbox: address, MessageID: overdue, Reason: "phishing"},
			quarantine.Target{Mailbox: address, Criteria: withoutID, Reason: "phishing"})
		before[address] = len(inventory(box, false, malicious))
		was[address], rest[address] = inventory(box, true, malicious), inventory(box, false, innocent)
	}

	var receipts []*quarantine.Receipt
	operations := map[string]map[string]bool{} // by mailbox: each copy, whatever target it was found by
	for receipt, err := range x.router.QuarantineAll(t.Context(), slices.Values(targets)) {
		require.NoError(t, err)
		require.NoError(t, receipt.Err())
		receipts = append(receipts, receipt)
		address := receipt.Target.Mailbox
		if operations[address] == nil {
			operations[address] = map[string]bool{}
		}
		for _, it := range receipt.Items {
			assert.Contains(t, []quarantine.Outcome{quarantine.Quarantined, quarantine.AlreadyQuarantined}, it.Outcome)
			operations[address][it.Operation] = true
		}
	}
	require.Len(t, receipts, len(targets))

	for w, box := range x.users() {
		address := box.Address()
		assert.Empty(t, inventory(box, false, malicious), "nothing is left in %s", address)
		assert.Equal(t, rest[address], inventory(box, false, innocent), "of %s nothing else was touched", address)
		assert.Len(t, operations[address], before[address], address)
		taken := 0
		for _, m := range w.Mailbox("quarantine@" + w.Domain()).Messages() {
			if !isPurged(m) && malicious(m) && m.Properties[stampProperty(driver.StampMailbox)].Value == address {
				taken++
			}
		}
		assert.Equal(t, before[address], taken, "each copy of %s is in quarantine once", address)
	}
	for _, w := range []*world{x.head, x.cloud} {
		assert.Empty(t, w.Notices())
	}
	for _, receipt := range receipts {
		box := x.organisation(receipt.Server).Mailbox(receipt.Target.Mailbox)
		var searched []string
		hits := 0
		for _, s := range receipt.Searched {
			assert.Positive(t, s.Pages)
			searched = append(searched, s.Folder.ID)
			hits += s.Hits
		}
		slices.Sort(searched)
		assert.Equal(t, searchable(box), searched, "every folder of %s, once", box.Address())
		// Another target that means the same message may have taken it in the meantime.
		assert.GreaterOrEqual(t, hits, count(receipt, quarantine.Quarantined), "of %s", box.Address())
	}

	for _, receipt := range receipts {
		back, err := x.router.Restore(t.Context(), receipt)
		require.NoError(t, err)
		require.NoError(t, back.Err())
	}
	for _, box := range x.users() {
		address := box.Address()
		assert.Equal(t, was[address], inventory(box, true, malicious), "all is back in %s", address)
		for _, m := range box.Messages() {
			assert.True(t, isPurged(m) || !stamped(m), "%s of %s has a stamp", m.Folder, address)
		}
		assert.Equal(t, rest[address], inventory(box, false, innocent), address)
	}
	for _, w := range []*world{x.head, x.cloud} {
		for _, m := range w.Mailbox("quarantine@" + w.Domain()).Messages() {
			assert.True(t, recoverable(m), "%s is left in quarantine", m.Folder)
		}
		assert.Empty(t, w.Notices())
	}
}

// Lists that contain one another, in one organisation and across both, are
// expanded to everybody once. No server shows what is hidden.
func TestTenantsExpand(t *testing.T) {
	t.Parallel()
	x := newTenants(t)
	for _, group := range []string{"all-staff@headoffice.test", "everyone@cloud.test"} {
		got, err := x.router.Expand(t.Context(), group, nil)
		require.NoError(t, err)
		assert.True(t, got.Complete, "%v", got.Unexpanded)
		assert.ElementsMatch(t, []string{
			"anna@headoffice.test", "bernd@headoffice.test", "carla@headoffice.test", "david@headoffice.test", "emil@headoffice.test",
			"frida@headoffice.test", "hr@headoffice.test", "shop-1@headoffice.test", "shop-2@headoffice.test",
			"aiko@cloud.test", "kenji@cloud.test", "lars@cloud.test", "mia@cloud.test",
		}, addresses(got.Mailboxes), group)
		assert.Equal(t, []string{"dispatch@supplier.test"}, addresses(got.Contacts), group)
		var groups []string
		for _, g := range got.Groups {
			groups = append(groups, g.Address)
		}
		assert.ElementsMatch(t, []string{
			"all-staff@headoffice.test", "management@headoffice.test", "sales@headoffice.test", "shops@headoffice.test",
			"everyone@cloud.test", "tokyo@cloud.test",
		}, groups, group)
	}
	for _, w := range []*world{x.head, x.cloud} {
		asked := map[string]int{}
		for _, r := range w.Requests() {
			if r.Operation == ews.OpExpandDL {
				asked[string(r.Body)]++
			}
		}
		assert.NotEmpty(t, asked)
		for body, n := range asked {
			assert.LessOrEqual(t, n, 2, "once for each group of the two that were expanded: %s", body)
		}
	}
}

// What was passed on is followed from one organisation into the other.
func TestTenantsForwards(t *testing.T) {
	t.Parallel()
	x := newTenants(t)
	trail, err := x.router.FollowForwards(t.Context(), quarantine.Target{Mailbox: "carla@headoffice.test", MessageID: overdue}, nil)
	require.NoError(t, err)
	assert.True(t, trail.Complete, "%v", trail.Unfollowed)
	var copies []string
	for _, c := range trail.Copies {
		copies = append(copies, fmt.Sprintf("%d %s %s sent=%t", c.Depth, c.Mailbox, c.MessageID, c.Sent))
	}
	assert.Equal(t, []string{
		"1 carla@headoffice.test " + passedOn + " sent=true", "1 kenji@cloud.test " + passedOn + " sent=false",
		"2 kenji@cloud.test " + passedOn2 + " sent=true", "2 mia@cloud.test " + passedOn2 + " sent=false",
	}, copies)
	assert.Equal(t, []string{"dispatch@supplier.test"}, trail.External)

	trail, err = x.router.FollowForwards(t.Context(), quarantine.Target{Mailbox: "david@headoffice.test", MessageID: overdue}, nil)
	require.NoError(t, err)
	require.Len(t, trail.Copies, 1)
	assert.Equal(t, reply, trail.Copies[0].MessageID)
	assert.Equal(t, []string{"accounts@evil.example"}, trail.External, "he who sent it got the answer")

	var targets []quarantine.Target
	for _, c := range trail.Copies {
		targets = append(targets, c.Target)
	}
	for receipt, err := range x.router.QuarantineAll(t.Context(), slices.Values(targets)) {
		require.NoError(t, err)
		require.NoError(t, receipt.Err())
		assert.Equal(t, quarantine.Quarantined, receipt.Outcome())
	}
	assert.Empty(t, x.head.in("david@headoffice.test", reply))
}

func (x *tenants) organisation(name string) *world {
	if name == "cloud" {
		return x.cloud
	}
	return x.head
}

func stampProperty(name string) ews.ExtendedField {
	return ews.ExtendedField{GUID: driver.StampSet, Name: name, Type: ews.TypeString}
}

func count(r *quarantine.Receipt, o quarantine.Outcome) (n int) {
	for _, it := range r.Items {
		if it.Outcome == o {
			n++
		}
	}
	return n
}
