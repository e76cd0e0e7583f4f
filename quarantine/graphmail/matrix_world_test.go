package graphmail_test

import (
	"errors"
	"flag"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// whole runs the long matrices completely; without it, each runs a fixed part.
//
//	go test ./quarantine/graphmail -timeout 1h -whole
var whole = flag.Bool("whole", false, "do the long matrices whole, rather than a part of each")

// every determines at which requests TestMatrix lets something go wrong without -whole.
var every = flag.Int("matrix.every", 300, "without -whole, TestMatrix takes one of so many requests")

// process is the service of one process: when it dies, nothing more is sent.
type process struct {
	*quarantine.Service
	dead   atomic.Bool
	last   atomic.Bool // it dies before it sees the next answer
	sent   atomic.Int64
	stands func(sent int) // called before the request of that number, from 0
}

var errDead = errors.New("the process has died")

// through is a transport of the process.
type through struct {
	p    *process
	next http.RoundTripper
}

func (x through) RoundTrip(r *http.Request) (*http.Response, error) {
	if x.p.dead.Load() {
		return nil, errDead
	}
	if n := x.p.sent.Add(1) - 1; x.p.stands != nil {
		x.p.stands(int(n))
		if x.p.dead.Load() {
			return nil, errDead
		}
	}
	resp, err := x.next.RoundTrip(r)
	if x.p.last.Load() {
		x.p.dead.Store(true)
	}
	if x.p.dead.Load() { // died meanwhile
		if err == nil {
			resp.Body.Close()
		}
		return nil, errDead
	}
	return resp, err
}

// process returns another process that works on the tenant.
func (w *world) process(t *testing.T, journal quarantine.Journal, change ...func(*graphmail.Options)) *process {
	t.Helper()
	return w.processWith(t, &quarantine.Options{Journal: journal}, change...)
}

// Keys that seal stamps.
const ours, theirs = "the key of this installation", "the key of another installation"

func (w *world) processWith(t *testing.T, settings *quarantine.Options, change ...func(*graphmail.Options)) *process {
	t.Helper()
	p := new(process)
	limiter, err := throttle.New(&throttle.Options{PerPayer: graphmail.Concurrent})
	require.NoError(t, err)
	transport, o := through{p, w.As(w.reached(), "app")}, &graphmail.Options{Root: w.DirectURL(), ImportTransport: through{p, w.reached()}, Limiter: limiter}
	for _, c := range change {
		c(o)
	}
	settings.CriteriaSearch = true
	if settings.StampKeys == nil {
		settings.StampKeys = [][]byte{[]byte(ours)}
	}
	if w.inPlace {
		settings.InPlace = true
		s, err := graphmail.NewInPlace(transport, o)
		require.NoError(t, err)
		p.Service, err = quarantine.New(s, "", settings)
		require.NoError(t, err)
		return p
	}
	o.QuarantineMailbox = vault
	s, err := graphmail.New(transport, o)
	require.NoError(t, err)
	p.Service, err = quarantine.New(s, vault, settings)
	require.NoError(t, err)
	return p
}

// scene is a message and what is requested for it.
type scene struct {
	w         *world
	journal   *quarantine.MemoryJournal
	direction driver.Direction
	before    *ewstest.Message
	receipt   *quarantine.Receipt // of the quarantine, for a restore
	moved     bool                // by the user
	rivals    func()              // lets a rival do the same
	mode      mode

	people                bool // people have done something
	aside                 bool // a copy that does not match was reported to be put aside
	anyEnd                bool // it may be at either end: somebody else wants it at the other
	foreign               bool // another installation, with another key, was at work
	neighbour             *ewstest.Message
	copied, deleted, told int // by people
}

// mode is how messages are carried.
type mode struct {
	name    string
	change  []func(*graphmail.Options)
	inPlace bool // messages stay in their mailbox
	wide    bool // in place, but in the worldwide cloud, where items can be removed permanently
	large   bool // with an attachment that takes requests of its own
	thin    int  // without -whole, the part of the cases that is run: one in so many
	sparse  bool // without -whole, an eighth of what else is run, and not each thing
}

var (
	faithfully = mode{name: "faithfully", thin: 1}
	madeAnew   = mode{name: "made anew", change: []func(*graphmail.Options){anew}, thin: 3}
	madeInPart = mode{name: "made anew, large", change: []func(*graphmail.Options){anew}, large: true, thin: 1}
	inPlace    = mode{name: "in place", inPlace: true, thin: 1}
	inPlaceToo = mode{name: "in place, worldwide", inPlace: true, wide: true, thin: 1}
	modes      = []mode{faithfully, madeAnew}
)

var target = quarantine.Target{Mailbox: alice, MessageID: theID, Reason: "phishing"}

func newScene(t *testing.T, m mode, direction driver.Direction, o *graphtest.Options) *scene {
	t.Helper()
	if m.inPlace {
		var with graphtest.Options
		if o != nil {
			with = *o
		}
		with.National = !m.wide
		o = &with
	}
	w := newWorld(t, o)
	w.inPlace = m.inPlace
	s := &scene{w: w, journal: new(quarantine.MemoryJournal), direction: direction, mode: m}
	box := s.w.Mailbox(alice)
	mime := eml(theID, "Invoice", "Disposition-Notification-To: mallory@evil.example")
	if m.large {
		mime = letter(mixed, part("Content-Type: "+plain, "Click here.")+file("large.pdf", 3_300_000)+file("small.txt", 100)+"--b--")
	}
	box.DeliverWith(mime,
		ewstest.Delivery{Folder: box.AddFolder(box.Folder(ews.FolderInbox), "Projects"), Received: time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)})
	s.before = s.w.in(alice, theID)[0]
	if direction == driver.ToUser {
		var err error
		s.receipt, err = s.process(t).Quarantine(t.Context(), target)
		require.NoError(t, err)
		require.NoError(t, s.receipt.Err())
	}
	s.w.ResetRequests()
	return s
}

// process returns a process with the journal of the scene.
func (s *scene) process(t *testing.T) *process { return s.w.process(t, s.journal, s.mode.change...) }

// rival lets a process on another machine, with a journal of its own, do the same.
func (s *scene) rival(t *testing.T) {
	_, _ = s.ask(t, s.w.process(t, new(quarantine.MemoryJournal), s.mode.change...))
}

func (s *scene) ask(t *testing.T, p *process) (*quarantine.Receipt, error) {
	if s.direction == driver.ToQuarantine {
		return p.Quarantine(t.Context(), target)
	}
	return p.Restore(t.Context(), s.receipt)
}

// ends returns the copies at the source and at the target.
func (s *scene) ends() (from, to []*ewstest.Message) {
	if s.direction == driver.ToQuarantine {
		return s.w.in(alice, theID), s.w.in(vault, theID)
	}
	return s.w.in(vault, theID), s.w.in(alice, theID)
}

// honest returns what a receipt reports wrongly.
func (s *scene) honest(r *quarantine.Receipt, err error) string {
	from, to := s.ends()
	if s.mode.large {
		from, to = slices.DeleteFunc(from, incomplete), slices.DeleteFunc(to, incomplete)
	}
	switch {
	case len(from)+len(to) == 0:
		return "lost: no copy is left"
	case err != nil && (len(from) != 1 || len(to) != 0):
		return "untrue: nothing could be asked, but something was done"
	case err != nil:
		return ""
	}
	switch o := r.Outcome(); {
	case (o == quarantine.Quarantined || o == quarantine.Restored) && (len(from) != 0 || len(to) != 1):
		return "untrue: " + string(o)
	case o == quarantine.Refused && (len(from) != 1 || len(to) != 0):
		return "untrue: " + string(o)
	case !o.Done() && r.Err() == nil:
		return "untrue: " + string(o) + " without an error"
	}
	return ""
}

// settle repeats the request in a new process when all is well, and returns what is wrong
// in the end.
func (s *scene) settle(t *testing.T) string {
	t.Helper()
	s.w.ClearFaults()
	s.w.OnRequest(nil)
	s.w.OnResponse(nil)
	time.Sleep(time.Hour)
	p := s.process(t)
	for r, err := range p.Recover(t.Context()) {
		if err != nil {
			return "recovery: " + err.Error()
		}
		if err := r.Err(); err != nil && !errors.Is(err, driver.ErrGone) && !s.people { // a rival, or the user, has taken it since
			return "recovery: " + err.Error()
		}
	}
	r, err := s.ask(t, p)
	if was := s.neighbour; was != nil {
		if now := s.w.in(was.Mailbox, was.MessageID); len(now) != 1 || now[0].FolderID.ID != was.FolderID.ID || now[0].Subject != was.Subject {
			return "lost: another message is not where it was"
		}
	}
	if s.people {
		return ""
	}
	if err == nil {
		err = r.Err()
	}
	from, to := s.ends()
	if s.mode.large { // an incomplete message is put aside, and marked as one that nobody needs
		from, to = slices.DeleteFunc(from, incomplete), slices.DeleteFunc(to, incomplete)
	}
	if s.aside && len(to) > 1 {
		to = slices.DeleteFunc(to, putAside)
	}
	switch {
	case err != nil && len(from)+len(to) > 0:
		return "run again: " + err.Error()
	case len(from)+len(to) == 0:
		return "lost: in the end no copy is left"
	case len(from)+len(to) > 1:
		return "doubled: in the end there are several copies: " + places(append(from, to...))
	case len(to) != 1:
		return "untrue: in the end it is at the wrong end"
	case len(s.w.Notices()) > 0:
		return "notices: somebody was told"
	}
	if s.direction == driver.ToUser {
		after := to[0]
		switch {
		case after.Folder != s.before.Folder && !s.moved || !s.same(after) || after.Read != s.before.Read || !after.Received.Equal(s.before.Received):
			return "lost: it came back different"
		case stamped(after):
			return "untrue: it came back with a stamp"
		}
	}
	return ""
}

// putAside reports whether a message in quarantine is surplus, or was in Deleted Items: a
// quarantine takes what an earlier restore put there as a separate message.
func putAside(m *ewstest.Message) bool {
	if strings.HasPrefix(m.Folder, "/Surplus") {
		return true
	}
	for field, p := range m.Properties {
		if field.GUID == driver.StampSet && field.Name == driver.StampPath && strings.HasPrefix(p.Value, "deleteditems|") {
			return true
		}
	}
	return false
}

// incomplete reports whether a message is marked as one that nobody needs.
func incomplete(m *ewstest.Message) bool {
	for field, p := range m.Properties {
		if field.GUID == driver.StampSet && field.Name == driver.StampState && strings.HasPrefix(p.Value, "1|"+string(driver.Surplus)+"|") {
			return true
		}
	}
	return false
}

// same reports whether a message has come back with its content: byte by byte, unless it was
// made anew.
func (s *scene) same(after *ewstest.Message) bool {
	if s.mode.large {
		return after.Subject == s.before.Subject && strings.Contains(string(after.MIME), "Click here.") && len(after.Attachments) == len(s.before.Attachments)
	}
	if s.mode.name == madeAnew.name {
		return after.Subject == s.before.Subject && strings.HasSuffix(strings.TrimSpace(string(after.MIME)), "\r\n\r\nClick here.")
	}
	return string(after.MIME) == string(s.before.MIME)
}

func places(all []*ewstest.Message) string {
	var where []string
	for _, m := range all {
		where = append(where, m.Mailbox+m.Folder)
	}
	return strings.Join(where, ", ")
}
