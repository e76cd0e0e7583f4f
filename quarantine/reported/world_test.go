package reported_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

var whole = flag.Bool("whole", false, "play the whole of the long matrices")

const abuse = "abuse@example.test"

// world is an Exchange server with a mailbox for reports.
type world struct {
	*ewstest.Server
	t     testing.TB
	box   *ewstest.Mailbox
	graph *graphtest.Server // nil: the mailbox is reached over EWS
}

func newWorld(t testing.TB, opts ewstest.Options) *world {
	opts.FewFolders = true
	w := &world{Server: ewstest.NewServer(&opts), t: t}
	t.Cleanup(w.Close)
	w.box = w.AddMailbox(abuse, nil)
	return w
}

// report delivers a report.
func (w *world) report(n int) {
	w.box.Deliver(fmt.Appendf(nil, "From: Bob <bob@example.test>\r\nTo: abuse@example.test\r\nSubject: report %d\r\nMessage-ID: <r%d@example.test>\r\nDate: Mon, 30 Nov 2026 01:00:00 +0000\r\n\r\nplease look, %d\r\n", n, n, n))
}

// process is a program that talks to the world, and can be killed.
type process struct {
	w    *world
	next http.RoundTripper

	mu     sync.Mutex
	left   int // requests until it is killed; negative: never
	after  bool
	dead   bool
	away   bool // it cannot reach the server
	killed func()
	cuts   []context.CancelFunc // of each request
}

var errKilled = errors.New("the process was killed")

func (w *world) process() *process {
	p := &process{w: w, left: -1, killed: func() {}}
	if w.graph != nil {
		p.next = w.graph.As(w.graph.Direct(), "app")
	} else {
		p.next = w.As(w.Direct(), "svc")
	}
	return p
}

// RoundTrip sends a request, unless the process is dead.
func (p *process) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	if p.dead || p.away {
		p.mu.Unlock()
		return nil, errKilled
	}
	now := p.left == 0
	p.left--
	after := p.after
	if now {
		p.dead = true
		p.killed()
	}
	p.mu.Unlock()
	if now && !after {
		return nil, errKilled
	}
	ctx, cut := context.WithCancel(r.Context())
	p.mu.Lock()
	p.cuts = append(p.cuts, cut)
	p.mu.Unlock()
	resp, err := p.next.RoundTrip(r.WithContext(ctx))
	if now && err == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
		resp.Body.Close()
		return nil, errKilled
	}
	return resp, err
}

// kill ends the process.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
	p.killed()
}

// disconnect cuts the process off from the server, or reconnects it.
func (p *process) disconnect(away bool) {
	p.mu.Lock()
	p.away = away
	p.mu.Unlock()
	p.cut()
}

// cut breaks the connections that are open.
func (p *process) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, cut := range p.cuts {
		cut()
	}
	p.cuts = nil
}

// mailbox returns the mailbox for reports as the process sees it.
func (p *process) mailbox(delegate bool) driver.Mailbox {
	if p.w.graph != nil {
		return p.graphMailbox()
	}
	client, err := ews.NewClient(p.w.DirectURL(), &ews.Options{Transport: p, ReadAttempts: 2})
	require.NoError(p.w.t, err)
	if delegate {
		s, err := ewsmail.NewFullAccess(client, nil)
		require.NoError(p.w.t, err)
		return s.Mailbox(abuse)
	}
	s, err := ewsmail.NewImpersonation(client, nil)
	require.NoError(p.w.t, err)
	return s.Mailbox(abuse)
}

func (p *process) watcher(opts *reported.Options) *reported.Watcher {
	w, err := reported.New(p.mailbox(false), opts)
	require.NoError(p.w.t, err)
	return w
}

// inbox and done return the subjects in a folder.
func (w *world) inbox() []string { return subjects(w.box.Folder(ews.FolderInbox)) }

func (w *world) done() []string {
	var all []string
	for _, m := range w.kept() {
		all = append(all, m.Subject)
	}
	return all
}

// kept returns the messages in the folder for acknowledged reports.
func (w *world) kept() []*ewstest.Message {
	for _, f := range w.box.Folders() {
		if strings.HasSuffix(f.Path(), "Reported/Done") {
			return f.Messages()
		}
	}
	return nil
}

// noteField is the property that holds the note of a report.
var noteField = ews.ExtendedField{GUID: driver.NoteSet, Name: driver.NoteName, Type: ews.TypeString}

func (w *world) folder(name string) *ewstest.Folder {
	for _, f := range w.box.Folders() {
		if f.Name() == name {
			return f
		}
	}
	w.t.Fatalf("no folder %s", name)
	return nil
}

func subjects(f *ewstest.Folder) []string {
	var all []string
	for _, m := range f.Messages() {
		all = append(all, m.Subject)
	}
	return all
}

func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, f)
}

// collect watches for a time, acknowledges what comes, and returns the subjects and the
// errors.
func collect(ctx context.Context, w *reported.Watcher, d time.Duration) (got []string, errs []error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for report, err := range w.Watch(ctx) {
		if err == nil {
			got = append(got, report.Subject)
			err = report.Acknowledge(ctx)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return got, errs
}
