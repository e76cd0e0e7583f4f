package quarantine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// Options of [New]. nil or the zero value means the defaults.
type Options struct {
	// Name names the server in receipts. Default: none.
	Name string

	// QuarantineFolder is the name of the folder in the quarantine mailbox, below
	// its top. It is created if missing. Default: "Quarantine".
	QuarantineFolder string

	// FolderPerMailbox puts the messages of each mailbox into a folder of their
	// own below QuarantineFolder, named by the address.
	FolderPerMailbox bool

	// QuarantineHeader is put on each item in quarantine, UndoHeader on each
	// that is restored, for other programs to see. The one of quarantine is taken
	// off again. Default: none.
	QuarantineHeader, UndoHeader Header

	// SweepRecoverableItems removes what a move leaves in Recoverable Items,
	// from where the user could recover it. It belongs with a strategy that
	// scans Recoverable Items, which would find it there again.
	SweepRecoverableItems bool

	// CriteriaSearch allows targets with [Criteria], and SearchLimits bound what
	// they may find. The strategy has to be able to search so: see [driver.Searcher].
	CriteriaSearch bool
	SearchLimits   Limits

	// Journal keeps the intents. Default: none are kept, and what an
	// interrupted run left is settled when the same target is run again.
	Journal Journal

	// Attempts is how often a step that failed for a passing reason is repeated.
	// Default: 5.
	Attempts int

	// Wait is the time before the first repetition; it doubles with each, up to
	// 30 seconds, and is spread at random over half of it. A server that lost
	// its connection may still be at work on the request, so it must not be
	// near zero on a real one. Default: 2 seconds.
	Wait time.Duration

	// Logger receives what went wrong without changing an outcome. Default:
	// discard.
	Logger *slog.Logger

	// OnClose is called by [Service.Close], to release what the strategy and the
	// journal hold. Default: nothing is called.
	OnClose func() error
}

// Service quarantines messages of one Exchange organisation and restores them.
// Its methods may be called concurrently.
type Service struct {
	strategy   driver.Strategy
	name       string
	quarantine driver.Mailbox
	folderName string
	perMailbox bool
	journal    Journal
	engine     *passage.Engine
	log        *slog.Logger
	close      func() error

	searchAllowed bool
	limits        Limits

	mu      sync.Mutex
	folders map[string]driver.Folder // quarantine folders by mailbox, "" for all
	busy    map[string]chan struct{}
}

// New returns a Service that works by a strategy and keeps what it takes in the
// quarantine mailbox, which is named by its primary SMTP address. It does no I/O.
// The error joins an [*InvalidError] for each argument that cannot be used, and
// for each option that needs what the strategy cannot do.
func New(strategy driver.Strategy, quarantineMailbox string, opts *Options) (*Service, error) {
	var settings Options
	if opts != nil {
		settings = *opts
	}
	if err := settings.check(strategy, quarantineMailbox); err != nil {
		return nil, err
	}
	s := &Service{
		strategy:   strategy,
		name:       settings.Name,
		quarantine: strategy.Mailbox(quarantineMailbox),
		folderName: settings.QuarantineFolder,
		perMailbox: settings.FolderPerMailbox,
		journal:    settings.Journal,
		log:        settings.Logger,
		close:      settings.OnClose,
		folders:    make(map[string]driver.Folder),
		busy:       make(map[string]chan struct{}),

		searchAllowed: settings.CriteriaSearch,
		limits:        settings.SearchLimits.withDefaults(),
	}
	if s.folderName == "" {
		s.folderName = "Quarantine"
	}
	if s.journal == nil {
		s.journal = noJournal{}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.engine = &passage.Engine{
		Strategy: strategy, Attempts: cmp.Or(settings.Attempts, 5), Wait: cmp.Or(settings.Wait, 2*time.Second),
		QuarantineHeader: settings.QuarantineHeader, UndoHeader: settings.UndoHeader,
		Sweeps: settings.SweepRecoverableItems, Log: s.log,
	}
	return s, nil
}

// check reports what cannot be used.
func (o *Options) check(strategy driver.Strategy, quarantineMailbox string) error {
	if strategy == nil {
		return driver.Invalid("arguments", "strategy", "is nil; give one, such as that of package ewsmail")
	}
	var errs []error
	refuse := func(what, field, problem string) { errs = append(errs, driver.Invalid(what, field, problem)) }
	for _, p := range Problems(o.SearchLimits.Validate()) {
		refuse("options", "SearchLimits."+p.Field, p.Problem)
	}
	if o.Attempts < 0 {
		refuse("options", "Attempts", "is negative; leave it out for the default")
	}
	if o.Wait < 0 {
		refuse("options", "Wait", "is negative; leave it out for the default")
	}
	if err := mailname.CheckAddress(quarantineMailbox); err != nil {
		refuse("arguments", "quarantineMailbox", err.Error())
		return errors.Join(errs...)
	}
	lacks := func(field, capability string) {
		refuse("options", field, fmt.Sprintf("is set, but the strategy %q cannot do it: its mailboxes have no driver.%s; leave it out", strategy.Name(), capability))
	}
	m := strategy.Mailbox(quarantineMailbox)
	if _, ok := driver.As[driver.Sweeper](m); o.SweepRecoverableItems && !ok {
		lacks("SweepRecoverableItems", "Sweeper")
	}
	if _, ok := driver.As[driver.Searcher](m); o.CriteriaSearch && !ok {
		lacks("CriteriaSearch", "Searcher")
	}
	return errors.Join(errs...)
}

// Close calls [Options.OnClose], which releases connections and journal.
func (s *Service) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// folderOf returns the quarantine folder for a mailbox, creating it if it is
// missing. Again says that the one it gave last is not there any more.
func (s *Service) folderOf(ctx context.Context, mailbox string, again bool) (driver.Folder, error) {
	key, names := "", []string{s.folderName}
	if s.perMailbox {
		key = strings.ToLower(mailbox)
		names = append(names, key)
	}
	s.mu.Lock()
	f, ok := s.folders[key]
	s.mu.Unlock()
	if ok && !again {
		return f, nil
	}
	f, err := s.quarantine.Folder(ctx, driver.FolderRequest{Names: names, Create: true})
	if err != nil {
		return driver.Folder{}, fmt.Errorf("quarantine folder %q in %s: %w", s.folderName, s.quarantine.Address(), err)
	}
	s.remember(key, f)
	return f, nil
}

// rootKey is the key of the quarantine folder itself where each mailbox has a
// folder of its own below it. No address looks like it.
const rootKey = "/"

// root returns the quarantine folder without creating it; [ErrGone] if there is
// none.
func (s *Service) root(ctx context.Context, again bool) (driver.Folder, error) {
	key := ""
	if s.perMailbox {
		key = rootKey
	}
	s.mu.Lock()
	f, ok := s.folders[key]
	s.mu.Unlock()
	if ok && !again {
		return f, nil
	}
	f, err := s.quarantine.Folder(ctx, driver.FolderRequest{Names: []string{s.folderName}})
	if err != nil {
		return driver.Folder{}, fmt.Errorf("quarantine folder %q in %s: %w", s.folderName, s.quarantine.Address(), err)
	}
	s.remember(key, f)
	return f, nil
}

// maxFolders is how many quarantine folders are remembered.
const maxFolders = 4096

func (s *Service) remember(key string, f driver.Folder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.folders) >= maxFolders {
		clear(s.folders)
	}
	s.folders[key] = f
}

// inQuarantine finds the items in quarantine that a target means, the zero one
// all of them, and that a query asks for. That there is no quarantine folder yet
// means that there are none.
func (s *Service) inQuarantine(ctx context.Context, t Target, q driver.Query) (driver.Findings, error) {
	for again := false; ; again = true {
		root, err := s.root(ctx, again)
		if errors.Is(err, ErrGone) {
			return driver.Findings{}, nil
		}
		if err != nil {
			return driver.Findings{}, err
		}
		q.In, q.Below = &root, true
		found, err := s.search(ctx, s.quarantine, t, unlimited, q)
		if err != nil || again || len(found.Unsearched) == 0 {
			return found, err
		}
		// The folder that is remembered may have been deleted since.
	}
}

// lock keeps two goroutines from working on the same message of the same
// mailbox, or on what any criteria find there. It would do no harm, but the work
// of one would be for nothing.
func (s *Service) lock(ctx context.Context, t Target) (unlock func(), err error) {
	key := strings.ToLower(t.Mailbox) + "\x00" + driver.BareMessageID(t.MessageID)
	for {
		s.mu.Lock()
		held, ok := s.busy[key]
		if !ok {
			done := make(chan struct{})
			s.busy[key] = done
			s.mu.Unlock()
			return func() {
				s.mu.Lock()
				delete(s.busy, key)
				s.mu.Unlock()
				close(done)
			}, nil
		}
		s.mu.Unlock()
		select {
		case <-held:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// check refuses targets that cannot be meant.
func (s *Service) check(t Target) error {
	if err := t.Validate(); err != nil {
		return err
	}
	if strings.EqualFold(t.Mailbox, s.quarantine.Address()) {
		return driver.Invalid("target", "mailbox", fmt.Sprintf("is %s, the quarantine mailbox itself", t.Mailbox))
	}
	return nil
}

func (s *Service) receipt(action string, t Target) *Receipt {
	return &Receipt{Action: action, Server: s.name, Target: t, Strategy: s.strategy.Name(), Started: time.Now().UTC(), Items: []ReceiptItem{}}
}

// noJournal keeps nothing.
type noJournal struct{}

func (noJournal) Begin(context.Context, Intent) error    { return nil }
func (noJournal) Finish(context.Context, string) error   { return nil }
func (noJournal) Open(context.Context) ([]Intent, error) { return nil, nil }
