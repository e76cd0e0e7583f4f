package quarantine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// ledger is a strategy for tests of the router: a server that has mailboxes
// with nothing in them. A mailbox that is not in the table is not there.
type ledger struct {
	name string
	any  bool // every mailbox is there

	mu      sync.Mutex
	answers map[string]func(context.Context) error // by address
	probes  map[string]int
	finding int // searches in progress
	most    int // the most there were at any time

	// search, if set, is called with each search, before the answer.
	search func(context.Context, string) error
	// folder is the error of looking for a folder. Default: nil.
	folder error
}

func newLedger(name string, mailboxes ...string) *ledger {
	l := &ledger{name: name, answers: map[string]func(context.Context) error{}, probes: map[string]int{}}
	for _, m := range mailboxes {
		l.set(m, nil)
	}
	return l
}

// set makes a server answer for a mailbox with an error, or without one if it is nil.
func (l *ledger) set(address string, err error) {
	l.setFunc(address, func(context.Context) error { return err })
}

func (l *ledger) setFunc(address string, answer func(context.Context) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers[address] = answer
}

func (l *ledger) remove(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.answers, address)
}

// asked returns how often a mailbox was asked about.
func (l *ledger) asked(address string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.probes[address]
}

func (l *ledger) answer(ctx context.Context, address string) error {
	l.mu.Lock()
	answer, ok := l.answers[address]
	l.mu.Unlock()
	if !ok && l.any {
		return nil
	}
	if !ok {
		return fmt.Errorf("%w: %s", quarantine.ErrUnreachable, address)
	}
	return answer(ctx)
}

func (l *ledger) service(t testing.TB) *quarantine.Service {
	t.Helper()
	vault := "vault@" + strings.ToLower(l.name) + ".test"
	l.mu.Lock()
	if l.answers[vault] == nil {
		l.answers[vault] = func(context.Context) error { return nil }
	}
	l.mu.Unlock()
	s, err := quarantine.New(l, vault, &quarantine.Options{Name: l.name})
	require.NoError(t, err)
	return s
}

func (l *ledger) Name() string                          { return "ledger" }
func (l *ledger) System() string                        { return "ledger" }
func (l *ledger) Mailbox(address string) driver.Mailbox { return ledgerMailbox{l, address} }
func (l *ledger) Carry(context.Context, driver.Carriage) (driver.Carried, error) {
	return driver.Carried{}, quarantine.ErrGone
}

type ledgerMailbox struct {
	*ledger
	address string
}

func (m ledgerMailbox) Address() string { return m.address }

func (m ledgerMailbox) Probe(ctx context.Context) error {
	m.mu.Lock()
	m.probes[m.address]++
	m.mu.Unlock()
	return m.answer(ctx, m.address)
}

func (m ledgerMailbox) Find(ctx context.Context, _ driver.Query) (driver.Findings, error) {
	if strings.HasPrefix(m.address, "vault@") {
		return driver.Findings{}, m.answer(ctx, m.address) // only searches for targets are counted
	}
	m.mu.Lock()
	m.finding++
	m.most = max(m.most, m.finding)
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		m.finding--
		m.mu.Unlock()
	}()
	if m.search != nil {
		if err := m.search(ctx, m.address); err != nil {
			return driver.Findings{}, err
		}
	}
	return driver.Findings{}, m.answer(ctx, m.address)
}

func (m ledgerMailbox) Inspect(context.Context, string) (driver.Item, error) {
	return driver.Item{}, quarantine.ErrGone
}

func (m ledgerMailbox) Mark(context.Context, driver.Item, driver.Change) (driver.Item, error) {
	return driver.Item{}, quarantine.ErrGone
}

func (m ledgerMailbox) Remove(context.Context, driver.Item) error { return quarantine.ErrGone }

func (m ledgerMailbox) Folder(context.Context, driver.FolderRequest) (driver.Folder, error) {
	if m.folder != nil {
		return driver.Folder{}, m.folder
	}
	return driver.Folder{}, quarantine.ErrGone
}

func (m ledgerMailbox) Home(ctx context.Context, _ driver.Folder) (driver.Folder, error) {
	return m.Folder(ctx, driver.FolderRequest{})
}

// newRouter returns a router over ledgers that claim nothing.
func newRouter(t testing.TB, opts *quarantine.RouterOptions, ledgers ...*ledger) *quarantine.Router {
	t.Helper()
	var routes []quarantine.Route
	for _, l := range ledgers {
		routes = append(routes, quarantine.Route{Service: l.service(t)})
	}
	r, err := quarantine.NewRouter(routes, opts)
	require.NoError(t, err)
	return r
}
