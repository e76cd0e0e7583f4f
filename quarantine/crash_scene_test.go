//go:build unix

package quarantine_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// crashAccess is how the mailboxes are reached and the messages are carried.
type crashAccess struct {
	name          string
	impersonation bool
	way           quarantine.Way
	version       ewstest.Version
	criteria      bool // describe the messages rather than name them
}

// scene is an Exchange with messages, and the journal of the processes that work on it.
type scene struct {
	crashAccess
	*ewstest.Server
	action   action
	journal  string
	targets  []quarantine.Target
	receipts []*quarantine.Receipt // of the quarantine before a restore
	before   map[string]*ewstest.Message
	doubt    time.Duration // WriteDoubt of processes that are killed

	socket *httptest.Server
	front  atomic.Pointer[front]
}

const home = "/Inbox/Projects"

// newScene delivers n messages; they are in quarantine if they are to be restored.
// The journal goes into dir. Doubt is the WriteDoubt of processes that are killed.
func newScene(ctx context.Context, dir string, a crashAccess, do action, n int, doubt time.Duration) (*scene, error) {
	s := &scene{
		crashAccess: a, Server: ewstest.NewServer(&ewstest.Options{Version: a.version}), action: do,
		doubt: doubt, journal: filepath.Join(dir, "journal"), before: make(map[string]*ewstest.Message, n),
	}
	s.socket = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.front.Load().ServeHTTP(w, r)
	}))
	box := s.Mailbox(alice)
	projects := box.AddFolder(box.Folder(ews.FolderInbox), "Projects")
	for i := range n {
		id := fmt.Sprintf("<%d@evil.example>", i)
		d := ewstest.Delivery{
			Folder: projects, Received: time.Date(2026, 11, 24, 10, 0, i%60, 0, time.UTC),
			Categories: []string{"Red", "Blue"}, Importance: "High",
			Extended: []ews.ExtendedProperty{{Field: ews.ExtendedField{GUID: "11111111-2222-3333-4444-555555555555", Name: "Ticket", Type: ews.TypeString}, Value: "4711"}},
		}
		if a.version != ewstest.Exchange2010SP3 {
			d.Flag = ews.Flag{Status: "Flagged"}
		}
		s.before[id] = box.DeliverWith(withAttachment(id), d)
		target := quarantine.Target{Mailbox: alice, MessageID: id, Reason: "phishing"}
		if a.criteria {
			target.MessageID = ""
			target.Criteria = quarantine.Criteria{Sender: "mallory@evil.example", Subject: "Invoice " + strings.Trim(id, "<>")}
		}
		s.targets = append(s.targets, target)
	}
	if do != restoring {
		return s, nil
	}
	e := s.errand()
	e.Action = quarantining
	r, err := s.runInProcess(ctx, e)
	if err != nil {
		s.close()
		return nil, fmt.Errorf("the quarantine before: %w", err)
	}
	s.receipts = r.Done
	return s, nil
}

func (s *scene) close() {
	s.socket.Close()
	s.Close()
}

// errand returns what a process must know; what to do has to be added.
func (s *scene) errand() errand {
	return errand{URL: s.socket.URL + "/EWS/Exchange.asmx", Impersonation: s.impersonation, Ways: []quarantine.Way{s.way}, Journal: s.journal, Targets: s.targets, Workers: 4, Gather: *gathering, Doubt: longDoubt}
}

// ask returns the errand that the scene is about, using receipts if that is
// wanted and there are any.
func (s *scene) ask(receipts bool) errand {
	e := s.errand()
	e.Action = s.action
	if receipts {
		e.Receipts = s.receipts
	}
	return e
}

// withAttachment makes a message that asks for a read receipt.
func withAttachment(id string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: Mallory <mallory@evil.example>\r\nTo: alice@example.test\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n")
	fmt.Fprintf(&b, "Subject: Invoice %s\r\nMessage-ID: %s\r\nDisposition-Notification-To: mallory@evil.example\r\n", strings.Trim(id, "<>"), id)
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"part\"\r\n\r\n")
	b.WriteString("--part\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nClick here.\r\n")
	b.WriteString("--part\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"invoice.exe\"\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	content := bytes.Repeat([]byte("not a program "), 1<<10)
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(content)), 76) {
		b.Write(line)
		b.WriteString("\r\n")
	}
	b.WriteString("--part--\r\n")
	return b.Bytes()
}

// runInProcess runs an errand in this process, bypassing the socket.
func (s *scene) runInProcess(ctx context.Context, e errand) (*report, error) {
	e.URL = s.DirectURL()
	return e.run(ctx, s.As(s.Direct(), "svc"))
}

// death is how a process ended.
type death struct {
	report *report // nil if it was killed
	killed bool    // by SIGKILL
	struck bool    // by the strike
	steps  []step
}

// runChild runs an errand in a separate process, which is killed at the strike,
// if there is one.
func (s *scene) runChild(ctx context.Context, e errand, at *strike) (*death, error) {
	ctx, cancel := context.WithTimeout(ctx, longDoubt)
	defer cancel()
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	in, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), childVariable+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &complaint

	dead := make(chan struct{})
	var once sync.Once
	f := &front{exchange: s.Server, at: at, seen: make(map[ews.Operation]int), kill: func() {
		once.Do(func() { _ = cmd.Process.Kill() })
		<-dead
	}}
	s.front.Store(f)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	err = cmd.Wait()
	close(dead)
	f.busy.Wait() // the server may still be acting
	if ctx.Err() != nil {
		return nil, fmt.Errorf("the process hangs: %s", complaint.Bytes())
	}
	f.mu.Lock()
	d := &death{struck: f.struck, steps: f.steps}
	f.mu.Unlock()
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		d.killed = true
		return d, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the process failed: %w: %s", err, complaint.Bytes())
	}
	return d, json.Unmarshal(out.Bytes(), &d.report)
}

// sightings are the copies of one message, wherever users see it.
type sightings struct {
	home, vault, elsewhere []*ewstest.Message
	// deletions is how many its owner can recover.
	deletions int
}

func (c sightings) count() int { return len(c.home) + len(c.vault) + len(c.elsewhere) }

// look finds the copies of all messages.
func (s *scene) look() map[string]sightings {
	all := make(map[string]sightings, len(s.before))
	for id := range s.before {
		all[id] = sightings{}
	}
	for _, address := range []string{alice, vault, "svc@example.test"} {
		for _, m := range s.Mailbox(address).Messages() {
			c, ok := all[m.MessageID]
			switch {
			case !ok:
			case m.Distinguished == ews.FolderRecoverableItemsDeletions && address == alice:
				c.deletions++
			case strings.HasPrefix(string(m.Distinguished), "recoverableitems"):
			case address == alice && m.Folder == home:
				c.home = append(c.home, m)
			case address == vault && m.Folder == "/Quarantine":
				c.vault = append(c.vault, m)
			default:
				c.elsewhere = append(c.elsewhere, m)
			}
			all[m.MessageID] = c
		}
	}
	return all
}

// differences describes how a message differs from what it was, or from what it
// should be where it is.
func (s *scene) differences(m *ewstest.Message) []string {
	was := s.before[m.MessageID]
	var all []string
	differ := func(what string, want, got any) {
		w, g := fmt.Sprint(want), fmt.Sprint(got)
		if w == g {
			return
		}
		i := 0
		for i < min(len(w), len(g)) && w[i] == g[i] {
			i++
		}
		i = max(0, i-20)
		all = append(all, fmt.Sprintf("%s is (from byte %d) %.100q instead of %.100q", what, i, g[i:], w[i:]))
	}
	differ("MIME", comparableMIME(was.MIME), comparableMIME(m.MIME))
	differ("class", was.Class, m.Class)
	differ("read state", was.Read, m.Read)
	differ("draft", was.Draft, m.Draft)
	differ("received", was.Received, m.Received)
	differ("sent", was.Sent, m.Sent)
	differ("importance", was.Importance, m.Importance)
	differ("categories", was.Categories, m.Categories)
	differ("flag", was.Flag, m.Flag)
	differ("number of attachments", len(was.Attachments), len(m.Attachments))
	if s.way != quarantine.WayMIME {
		differ("pending receipt", was.ReceiptPending, m.ReceiptPending)
		was, is := comparable(was), comparable(m)
		for field := range maps.Keys(was) {
			differ(fmt.Sprintf("property %+v", field), was[field], is[field])
			delete(is, field)
		}
		for field := range is {
			all = append(all, fmt.Sprintf("property %+v is new", field))
		}
	}
	return all
}

// comparable returns the properties that neither differ from copy to copy nor
// are added on purpose.
func comparable(m *ewstest.Message) map[ews.ExtendedField]ews.ExtendedProperty {
	all := maps.Clone(m.Properties)
	maps.DeleteFunc(all, func(f ews.ExtendedField, _ ews.ExtendedProperty) bool {
		return f.Tag == 0x3007 || f.Tag == 0x3008 || f.GUID == driver.StampSet || isOurHeader(f, quarantineHeader) || isOurHeader(f, undoHeader)
	})
	return all
}

func isOurHeader(f ews.ExtendedField, h quarantine.Header) bool {
	return f.Set == ews.SetInternetHeaders && strings.EqualFold(f.Name, h.Name)
}

// hasHeader reports whether an item has a header that we set.
func hasHeader(m *ewstest.Message, h quarantine.Header) bool {
	for f, p := range m.Properties {
		if isOurHeader(f, h) && p.Value == h.Value {
			return true
		}
	}
	return false
}

// boundary matches what a server puts between MIME parts, which is different each time.
var boundary = regexp.MustCompile(`_000_[0-9A-F]{32}_`)

// comparableMIME returns MIME without what differs from copy to copy, and the
// headers we set.
func comparableMIME(mime []byte) string {
	mime = boundary.ReplaceAll(mime, []byte("boundary"))
	var b strings.Builder
	for line := range strings.Lines(string(mime)) {
		lower := strings.ToLower(line)
		if !strings.HasPrefix(lower, strings.ToLower(quarantineHeader.Name)+":") && !strings.HasPrefix(lower, strings.ToLower(undoHeader.Name)+":") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// stampOf returns the stamp of an item, or nil if it has none. Half a stamp is an error.
func stampOf(m *ewstest.Message) (*driver.Stamp, error) {
	values := make(map[string]string)
	for f, p := range m.Properties {
		if f.GUID == driver.StampSet {
			values[f.Name] = p.Value
		}
	}
	if len(values) == 0 {
		return nil, nil
	}
	st := driver.ParseStamp(values)
	if st == nil || len(values) != len(driver.StampNames()) {
		return nil, fmt.Errorf("the stamp is damaged: %v", values)
	}
	return st, nil
}
