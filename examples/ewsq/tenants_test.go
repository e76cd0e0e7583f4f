package main

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// The phishing in testdata/scenarios; some copies of it have no Message-ID.
const (
	overdue        = "<invoice.4711@evil.example>"
	overdueSubject = "Invoice 4711 is overdue"
	overdueSender  = "accounts@evil.example"
)

// tenants is the two organisations of testdata/scenarios, as servers, and a
// configuration for both.
type tenants struct {
	*bundle
	head, cloud *ewstest.Server
}

func setupTenants(t *testing.T) *tenants {
	t.Helper()
	x := &tenants{bundle: &bundle{dir: t.TempDir(), env: map[string]string{
		"EWSQ_PASSWORD": "svc-password", "EWSQ_PFX_PASSWORD": "pfx-password",
	}}}
	x.head = serveScenario(t, "head-office", ewstest.Options{TLS: true})
	x.cloud = serveScenario(t, "cloud", ewstest.Options{TLS: true, Azure: x.azure(t)})
	text, err := json.Marshal([]map[string]any{
		x.settings(t, x.head, "Head office", map[string]any{
			"access": "fullAccess", "domains": []string{"headoffice.test"},
			"authentication": map[string]any{"type": "ntlm", "username": `HEADOFFICE\svc`},
		}),
		x.settings(t, x.cloud, "Cloud", map[string]any{"authentication": map[string]any{
			"type": "azureAD", "applicationId": applicationID, "tenantId": "cloud.test",
			"authenticationEndpoint": x.cloud.AuthorityURL(), "privateKeyFile": filepath.Join(x.dir, "quarantine.pfx"),
		}}),
	})
	require.NoError(t, err)
	x.config = x.write(t, "tenants.json", string(text))
	return x
}

func serveScenario(t *testing.T, name string, opts ewstest.Options) *ewstest.Server {
	t.Helper()
	s, err := ewstest.LoadScenarioFile(filepath.Join(checkout(t), "testdata", "scenarios", name+".json"))
	require.NoError(t, err)
	srv, err := s.NewServer(&opts)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	return srv
}

// shared is a certificate made by ewsq cert, as files. Creating one takes long, so all tests
// share it.
var shared struct {
	sync.Mutex
	pfx, cer []byte
}

// azure returns the tenant of the scenario, with an application whose certificate was
// created by ewsq.
func (x *tenants) azure(t *testing.T) *ewstest.Azure {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	pfxFile := filepath.Join(x.dir, "quarantine.pfx")
	if shared.pfx == nil {
		r := x.bare(t, "cert", "-subject", "CN=quarantine", "-out-dir", x.dir)
		require.Equal(t, exitDone, r.status, r.stderr)
		var err error
		shared.cer, err = os.ReadFile(r.lines[0]["cer"].(string))
		require.NoError(t, err)
		shared.pfx, err = os.ReadFile(pfxFile)
		require.NoError(t, err)
	} else {
		require.NoError(t, os.WriteFile(pfxFile, shared.pfx, 0o600))
	}
	cert, err := x509.ParseCertificate(shared.cer)
	require.NoError(t, err)
	return &ewstest.Azure{
		TenantID: "bbbbcccc-1111-dddd-2222-eeee3333ffff", TenantNames: []string{"cloud.test"},
		Applications: []ewstest.Application{{ID: applicationID, Certificates: []*x509.Certificate{cert}}},
	}
}

// settings returns a configuration.
func (x *tenants) settings(t *testing.T, srv *ewstest.Server, name string, own map[string]any) map[string]any {
	t.Helper()
	all := map[string]any{
		"name": name, "ewsUrl": srv.URL(), "searchLag": "1ms", "quarantineMailbox": "quarantine@" + srv.Domain(),
		"rootCAFile":      x.write(t, srv.Domain()+".pem", string(srv.CAPEM())),
		"messageIdSearch": true, "scanRecoverableItems": true, "scanOnlineArchive": true, "sweepRecoverableItems": true,
		"journalFile": filepath.Join(x.dir, srv.Domain()+".journal"),
	}
	maps.Copy(all, own)
	return all
}

// mailboxes returns the users' mailboxes of both, by address.
func (x *tenants) mailboxes() map[string]*ewstest.Mailbox {
	all := make(map[string]*ewstest.Mailbox)
	for _, srv := range []*ewstest.Server{x.head, x.cloud} {
		for _, box := range srv.Mailboxes() {
			if !strings.HasPrefix(box.Address(), "quarantine@") {
				all[box.Address()] = box
			}
		}
	}
	return all
}

// holdings describes what the user of a mailbox can see or recover. Recoverable messages come
// back to Deleted Items.
func holdings(box *ewstest.Mailbox) []string {
	homes := map[ews.FolderName]ews.FolderName{
		ews.FolderRecoverableItemsDeletions:        ews.FolderDeletedItems,
		ews.FolderArchiveRecoverableItemsDeletions: ews.FolderArchiveDeletedItems,
	}
	all := []string{}
	for _, m := range box.Messages() {
		if kept(m) {
			continue
		}
		folder := m.Folder
		if home, ok := homes[m.Distinguished]; ok {
			folder = box.Folder(home).Path()
		}
		all = append(all, fmt.Sprintf("%s: %q %s of %s read=%t %s %v %s", folder, m.Subject, m.MessageID,
			m.Received.Format(time.RFC3339), m.Read, m.Importance, m.Categories, m.Flag.Status))
	}
	slices.Sort(all)
	return all
}

// kept reports whether a message is where retention hides it from everybody.
func kept(m *ewstest.Message) bool {
	return strings.HasSuffix(m.Folder, "/Purges") || strings.HasSuffix(m.Folder, "/Versions")
}

// remaining returns the messages of a mailbox that match and are not kept by
// retention.
func remaining(box *ewstest.Mailbox, meant func(*ewstest.Message) bool) []*ewstest.Message {
	return slices.DeleteFunc(box.Messages(), func(m *ewstest.Message) bool { return kept(m) || !meant(m) })
}

func isOverdue(m *ewstest.Message) bool {
	return m.MessageID == overdue || m.MessageID == "" && m.Subject == overdueSubject
}

// inQuarantine returns how many messages are in the quarantine of a server, by the
// mailbox they came from.
func inQuarantine(srv *ewstest.Server) map[string]int {
	from := make(map[string]int)
	for _, m := range srv.Mailbox("quarantine@" + srv.Domain()).Messages() {
		if !recoverable(m) {
			from[m.Properties[ews.ExtendedField{GUID: driver.StampSet, Name: driver.StampMailbox, Type: ews.TypeString}].Value]++
		}
	}
	return from
}

// folders returns how many folders of a mailbox can contain mail that its user can
// reach, including the archive and Recoverable Items.
func folders(box *ewstest.Mailbox) int {
	n := 0
	for _, f := range box.Folders() {
		for at := f; at != nil && !f.IsSearch(); at = at.Parent() {
			if slices.Contains([]ews.FolderName{
				ews.FolderMsgFolderRoot, ews.FolderArchiveMsgFolderRoot, ews.FolderRecoverableItemsDeletions, ews.FolderRecoverableItemsPurges,
				ews.FolderArchiveRecoverableItemsDeletions, ews.FolderArchiveRecoverableItemsPurges,
			}, at.Distinguished()) {
				n++
				break
			}
		}
	}
	return n
}

// TestTenants takes all copies out of both organisations with one command, by
// Message-ID or, for those that have none, by criteria, and puts them back.
func TestTenants(t *testing.T) {
	t.Parallel()
	x := setupTenants(t)
	var targets strings.Builder
	before, copies := map[string][]string{}, map[string]int{}
	wantFolders := map[string]int{}
	for address, box := range x.mailboxes() {
		fmt.Fprintf(&targets, `{"mailbox":%q,"message_id":%q}`+"\n", address, overdue)
		fmt.Fprintf(&targets, `{"mailbox":%q,"criteria":{"sender":%q,"subject":%q,"receivedAfter":"2026-11-24T00:00:00Z"}}`+"\n", address, overdueSender, overdueSubject)
		before[address], wantFolders[address] = holdings(box), folders(box)
		if n := len(remaining(box, isOverdue)); n > 0 {
			copies[address] = n
		}
	}
	file := x.write(t, "targets.jsonl", targets.String())

	dry := x.run(t, "quarantine", "-targets", file, "-dry-run")
	require.Equal(t, exitDone, dry.status, dry.stderr)
	for address, box := range x.mailboxes() {
		assert.Equal(t, before[address], holdings(box), "nothing was changed in %s", address)
	}

	taken := x.run(t, "quarantine", "-targets", file, "-reason", "phishing")
	require.Equal(t, exitDone, taken.status, taken.stderr)
	found := map[string]int{}
	for address, box := range x.mailboxes() {
		assert.Empty(t, remaining(box, isOverdue), "left in %s", address)
		want := slices.DeleteFunc(slices.Clone(before[address]), func(s string) bool {
			return strings.Contains(s, fmt.Sprintf("%q %s of", overdueSubject, overdue)) || strings.Contains(s, fmt.Sprintf("%q  of", overdueSubject))
		})
		assert.Equal(t, want, holdings(box), "nothing else was touched in %s", address)
	}
	for _, srv := range []*ewstest.Server{x.head, x.cloud} {
		for address, n := range inQuarantine(srv) {
			assert.True(t, strings.HasSuffix(address, "@"+srv.Domain()), "%s is in the wrong quarantine", address)
			found[address] = n
		}
		assert.Empty(t, srv.Notices())
	}
	assert.Equal(t, copies, found, "each copy is in quarantine once")

	// The report adds up, for each target and in all.
	hits, moved := 0, 0
	for _, line := range taken.lines {
		var receipt quarantine.Receipt
		text, err := json.Marshal(line["receipt"])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &receipt))
		address := receipt.Target.Mailbox
		assert.Len(t, receipt.Searched, wantFolders[address], address)
		assert.Empty(t, receipt.Unsearched, address)
		for _, s := range receipt.Searched {
			assert.Positive(t, s.Pages)
			hits += s.Hits
		}
		for _, it := range receipt.Items {
			if it.Outcome == quarantine.Quarantined {
				moved++
			}
		}
	}
	total := 0
	for _, n := range copies {
		total += n
	}
	assert.Equal(t, total, moved)
	assert.GreaterOrEqual(t, hits, total)
	assert.Contains(t, taken.stderr, fmt.Sprintf("Head office: searched %d of %d mailboxes completely", len(x.head.Mailboxes())-1, len(x.head.Mailboxes())-1))
	assert.Contains(t, taken.stderr, fmt.Sprintf("Cloud: searched %d of %d mailboxes completely", len(x.cloud.Mailboxes())-1, len(x.cloud.Mailboxes())-1))
	assert.Len(t, x.run(t, "list").lines, total)

	for range 2 { // the second time there is nothing to do
		back := x.run(t, "restore", "-receipt", x.write(t, "receipts.jsonl", taken.stdout))
		require.Equal(t, exitDone, back.status, back.stderr)
		for address, box := range x.mailboxes() {
			assert.Equal(t, before[address], holdings(box), "all is back in %s", address)
		}
	}
	assert.Empty(t, x.run(t, "list").lines)
	for _, srv := range []*ewstest.Server{x.head, x.cloud} {
		assert.Empty(t, inQuarantine(srv))
		assert.Empty(t, srv.Notices())
	}
	assert.Contains(t, x.run(t, "recover").stderr, "0 items were open")
}

// TestTenantsByGroup takes a message, and forwards of it, from everybody on a list
// that spans both organisations. Hidden members are not shown by any server.
func TestTenantsByGroup(t *testing.T) {
	t.Parallel()
	x := setupTenants(t)
	before := map[string][]string{}
	for address, box := range x.mailboxes() {
		before[address] = holdings(box)
	}
	taken := x.run(t, "quarantine", "-group", "all-staff@headoffice.test", "-message-id", overdue, "-follow-forwards")
	require.Equal(t, exitDone, taken.status, taken.stderr)
	passedOn := func(m *ewstest.Message) bool {
		return slices.Contains([]string{overdue, "<fw.1@headoffice.test>", "<fw.2@cloud.test>", "<re.1@headoffice.test>"}, m.MessageID)
	}
	hidden := map[string]int{"ghost@headoffice.test": 1, "gustav@headoffice.test": 1}
	for address, box := range x.mailboxes() {
		assert.Len(t, remaining(box, passedOn), hidden[address], address)
	}
	var outsiders []any
	for _, line := range taken.lines {
		if line["outcome"] == "outside" {
			outsiders = append(outsiders, line["mailbox"])
		}
	}
	assert.Subset(t, outsiders, []any{"dispatch@supplier.test", overdueSender}, "they have it, too")

	back := x.run(t, "restore", "-receipt", x.write(t, "receipts.jsonl", taken.stdout))
	require.Equal(t, exitDone, back.status, back.stderr)
	for address, box := range x.mailboxes() {
		assert.Equal(t, before[address], holdings(box), "all is back in %s", address)
	}
}

func TestTenantsCheck(t *testing.T) {
	t.Parallel()
	x := setupTenants(t)
	for _, args := range [][]string{
		{"check"},
		{"check", "-server", "head office", "-mailbox", "anna@headoffice.test", "-mailbox", "bernd@headoffice.test", "-group", "all-staff@headoffice.test"},
		{"check", "-server", "cloud", "-mailbox", "aiko@cloud.test", "-mailbox", "mia@cloud.test", "-group", "everyone@cloud.test"},
	} {
		r := x.run(t, args...)
		require.Equal(t, exitDone, r.status, r.stderr)
		for _, line := range r.lines {
			for _, check := range line["checks"].([]any) {
				c := check.(map[string]any)
				assert.Contains(t, []any{"ok", "skipped"}, c["status"], "%v: %v", c["name"], c)
			}
		}
	}
	r := x.run(t, "check", "-mailbox", "anna@headoffice.test", "-mailbox", "aiko@cloud.test", "-group", "everyone@cloud.test")
	require.Equal(t, exitDone, r.status, "each is asked about where it is: %s", r.stderr)
	assert.Equal(t, map[string][]string{"Head office": {"anna@headoffice.test"}, "Cloud": {"aiko@cloud.test"}}, r.checkedOn())
	for _, srv := range []*ewstest.Server{x.head, x.cloud} {
		assert.Empty(t, inQuarantine(srv), "the test item is gone")
	}
}

func TestTenantsExpand(t *testing.T) {
	t.Parallel()
	x := setupTenants(t)
	r := x.run(t, "expand", "-group", "all-staff@headoffice.test")
	require.Equal(t, exitDone, r.status, r.stderr)
	kinds := map[any]any{}
	for _, line := range r.lines {
		kinds[line["address"]] = line["kind"]
	}
	want := map[any]any{"dispatch@supplier.test": "contact"}
	for address := range x.mailboxes() {
		if local, _, _ := strings.Cut(address, "@"); !slices.Contains([]string{"svc", "ghost", "gustav"}, local) {
			want[address] = "mailbox"
		}
	}
	assert.Equal(t, want, kinds, "nested and circular lists, one of the other organisation and a dynamic one; no hidden members")
	assert.Contains(t, r.stderr, "13 mailboxes, 1 other, 6 groups including the one given")
}
