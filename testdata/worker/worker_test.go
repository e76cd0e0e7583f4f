package worker

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	"go.opentelemetry.io/otel/trace/noop"
	_ "modernc.org/sqlite"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

// open opens a database.
func open(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)")
	if err == nil {
		_, err = db.Exec(schema)
	}
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestJournal(t *testing.T) {
	t.Parallel()
	quarantinetest.RunJournal(t, func(t *testing.T) quarantinetest.JournalStore {
		path := filepath.Join(t.TempDir(), "journal.db")
		return quarantinetest.JournalStore{
			Open:     func(t testing.TB) quarantine.Journal { return journal{open(t, path)} },
			Close:    func(_ testing.TB, j quarantine.Journal) { _ = j.(journal).Close() },
			OwnClock: true,
			Damage: func(t testing.TB, operation string) {
				db := open(t, path)
				defer db.Close()
				if _, err := db.Exec(`UPDATE intents SET intent = substr(intent, 1, 20) WHERE operation = ?`, operation); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}

const message = "Message-ID: <1@evil.example>\r\nFrom: mallory@evil.example\r\nSubject: Invoice\r\n\r\nPay now.\r\n"

// A worker that dies in the middle, and the next one.
func TestWork(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "journal.db"))
	defer db.Close()
	var servers []*ewstest.Server
	var configs []exchange.Config
	var targets []quarantine.Target
	for _, domain := range []string{"west.example", "east.example"} {
		srv := ewstest.NewServer(&ewstest.Options{Domain: domain})
		defer srv.Close()
		servers = append(servers, srv)
		for _, name := range []string{"alice", "bob"} {
			srv.Mailbox(name + "@" + domain).Deliver([]byte(message))
			targets = append(targets, quarantine.Target{Mailbox: name + "@" + domain, MessageID: "<1@evil.example>", Reference: "case 17"})
		}
		cfg, err := exchange.ParseConfig(bytes.NewBufferString(fmt.Sprintf(`{"name": %q, "ewsUrl": %q, "domains": [%q],
			"quarantineMailbox": "quarantine@%s", "searchLag": "1s", "authentication": {"type": "external"}}`, domain, srv.URL(), domain, domain)))
		if err != nil {
			t.Fatal(err)
		}
		configs = append(configs, *cfg)
	}

	first, die := context.WithCancelCause(t.Context())
	servers[0].OnRequest(func(_ int, r *ewstest.Request) {
		if r.Operation == ews.OpMoveItem {
			die(errors.New("the power failed"))
		}
	})
	tracer := &recorder{}
	// Of others that were being marked just then, it would not be known before their leases end
	// whether they were sent.
	if err := work(first, configs, db, tracer, "svc-password", slices.Values(targets[:1]), io.Discard); err == nil {
		t.Fatal("the first worker has ended as if nothing had happened")
	}
	var out bytes.Buffer
	outside := quarantine.Target{Mailbox: "alice@north.example", MessageID: "<1@evil.example>"}
	if err := work(t.Context(), configs, db, tracer, "svc-password", slices.Values(append(targets, outside)), &out); err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(&out); d.More(); {
		var r quarantine.Receipt
		if err := errors.Join(d.Decode(&r), r.Err()); err != nil {
			t.Error(err)
		}
		if failed := r.Target.Mailbox == outside.Mailbox; failed != (r.Outcome() == quarantine.NotBegun) {
			t.Errorf("%s: %s", r.Target.Mailbox, r.Outcome())
		}
	}
	for i, srv := range servers {
		box := srv.Mailbox("quarantine@" + configs[i].Domains[0])
		if n := len(box.Messages()); n != 2 {
			t.Errorf("%s: %d messages in quarantine", box.Address(), n)
		}
	}
	for in, err := range (journal{db}).Pending(t.Context()) {
		t.Errorf("left in the journal: %+v, %v", in, err)
	}
	for _, want := range targets {
		if spans := tracer.ended(); !slices.Contains(spans, "quarantine "+want.Mailbox+": quarantined") && !slices.Contains(spans, "recover "+want.Mailbox+": quarantined") {
			t.Errorf("%s: %v", want.Mailbox, spans)
		}
	}
}

// recorder is a tracer that keeps the spans that have ended.
type recorder struct {
	embedded.Tracer
	mu  sync.Mutex
	all []string
}

func (r *recorder) ended() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

func (r *recorder) Start(ctx context.Context, name string, _ ...trace.SpanStartOption) (context.Context, trace.Span) {
	s := &span{Span: noop.Span{}, in: r, name: name}
	return trace.ContextWithSpan(ctx, s), s
}

type span struct {
	trace.Span
	in   *recorder
	name string
}

func (s *span) AddEvent(name string, _ ...trace.EventOption) { s.name += ": " + name }

func (s *span) End(...trace.SpanEndOption) {
	s.in.mu.Lock()
	defer s.in.mu.Unlock()
	s.in.all = append(s.in.all, s.name)
}
