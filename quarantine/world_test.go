package quarantine_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/gather"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

const (
	alice = "alice@example.test"
	bob   = "bob@example.test"
	vault = "quarantine@example.test"
)

// world is an Exchange and a service that works on it.
type world struct {
	*ewstest.Server
	service *quarantine.Service
	id      string // Message-ID of the message that relocate moves
	journal *quarantine.MemoryJournal
	recodes bool // the MIME of an item is never the same twice
}

// worldOptions describe how a world differs from the default one.
type worldOptions struct {
	server        ewstest.Options
	full          bool // mailboxes have all folders, even without -whole
	impersonation bool
	vault         string // quarantine mailbox; default: the world's
	ways          []quarantine.Way
	settings      func(*quarantine.Options)
	strategy      ewsmail.Options
	gate          *gate           // in front of the server; nil: none
	account       string          // default: svc
	gather        *gather.Options // calls share requests; nil: as the flags say
	atOnce        int             // calls in flight for a payer; default: the limiter's
}

func newWorld(t testing.TB, o worldOptions) *world {
	t.Helper()
	o.server.FewFolders = o.server.FewFolders || !*whole && !o.full // which takes half the time
	w := &world{Server: ewstest.NewServer(&o.server), journal: &quarantine.MemoryJournal{}, id: theID}
	t.Cleanup(w.Close)
	w.service = w.newService(t, o)
	return w
}

// newStrategy returns a strategy of another process.
func (w *world) newStrategy(t testing.TB, o worldOptions) driver.Strategy {
	t.Helper()
	limiter, err := throttle.New(&throttle.Options{
		PerPayer: o.atOnce, BackOffMin: time.Millisecond, BackOffMax: 2 * time.Millisecond,
		Budget: throttle.Budget{Unlimited: true}, // slow answers are not the throttling policy's here
	})
	require.NoError(t, err)
	account := cmp.Or(o.account, "svc")
	client, err := ews.NewClient(w.DirectURL(), &ews.Options{Transport: w.As(o.gate.before(w.Direct()), account), Limiter: limiter, Payer: account})
	require.NoError(t, err)
	opts := &o.strategy
	opts.Ways = o.ways
	if o.impersonation {
		s, err := ewsmail.NewImpersonation(client, opts)
		require.NoError(t, err)
		return gatheredIf(s, o.gather)
	}
	s, err := ewsmail.NewFullAccess(client, opts)
	require.NoError(t, err)
	return gatheredIf(s, o.gather)
}

// newService returns another service on the same Exchange, as another process
// would have it.
func (w *world) newService(t testing.TB, o worldOptions) *quarantine.Service {
	t.Helper()
	settings := quarantine.Options{Journal: w.journal, Wait: 2 * time.Millisecond, SearchLag: 10 * time.Millisecond, WriteDoubt: 3 * time.Second}
	if o.settings != nil {
		o.settings(&settings)
	}
	s, err := quarantine.New(w.newStrategy(t, o), cmp.Or(o.vault, "quarantine@"+w.Domain()), &settings)
	require.NoError(t, err)
	return s
}

// eml makes a message.
func eml(id, subject string, headers ...string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "From: Mallory <mallory@evil.example>\r\nTo: alice@example.test\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n")
	fmt.Fprintf(&b, "Subject: %s\r\n", subject)
	if id != "" {
		fmt.Fprintf(&b, "Message-ID: %s\r\n", id)
	}
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nClick here.\r\n")
	return []byte(b.String())
}

// in returns the messages of a mailbox with that Message-ID, except those in
// Recoverable Items.
func (w *world) in(mailbox, id string) []*ewstest.Message {
	var found []*ewstest.Message
	for _, m := range w.Mailbox(mailbox).Messages() {
		if m.MessageID == id && !strings.HasPrefix(string(m.Distinguished), "recoverableitems") {
			found = append(found, m)
		}
	}
	return found
}

func delivered(folder *ewstest.Folder, read bool) ewstest.Delivery {
	return ewstest.Delivery{Folder: folder, Read: read}
}

// recovered runs the recovery until nothing is undecided any more, and returns the
// last receipts. The journal is empty then.
func (w *world) recovered(t testing.TB) (last []*quarantine.Receipt) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		last = nil
		waiting := false
		for r, err := range w.service.Recover(t.Context()) {
			require.NoError(t, err)
			last = append(last, r)
			waiting = waiting || r.Outcome() == quarantine.Undecided
		}
		if !waiting {
			open, err := openIntents(t.Context(), w.journal)
			require.NoError(t, err)
			require.Empty(t, open)
			return last
		}
	}
	t.Fatal("the recovery does not come to an end")
	return nil
}

// openIntents returns the intents in a journal.
func openIntents(ctx context.Context, j quarantine.Journal) (all []quarantine.Intent, err error) {
	var errs []error
	for in, err := range j.Pending(ctx) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, in)
	}
	return all, errors.Join(errs...)
}

// beginFor writes an intent into a journal, like a process that has crashed since.
func beginFor(t testing.TB, j quarantine.Journal, in quarantine.Intent) {
	t.Helper()
	_, err := j.Begin(t.Context(), in, "a process that crashed", 0)
	require.NoError(t, err)
}
