package quarantine

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/linkunwrap"
	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// Options configures [New]. nil or the zero value means the defaults.
type Options struct {
	// Name is the name of the server in receipts. Default: none.
	Name string

	// InPlace keeps each message in the mailbox that it came from, in a part that its
	// owner does not see, instead of in a quarantine mailbox. It does not keep the
	// message from an owner who looks for it. The strategy must be a [driver.InPlace].
	// FolderPerMailbox is of no use with it. Default: false.
	InPlace bool

	// QuarantineFolder is the name of a folder at the top of the quarantine
	// mailbox, which is created if missing: one name, not a path. A slash is part
	// of the name. Default: "Quarantine".
	QuarantineFolder string

	// FolderPerMailbox puts the messages from each mailbox into a separate folder
	// below QuarantineFolder, named after the mailbox's address.
	FolderPerMailbox bool

	// QuarantineHeader is set on each item in quarantine and removed on restore;
	// UndoHeader is set on each restored item. Other programs can recognise them.
	// Default: none.
	QuarantineHeader, UndoHeader Header

	// LeaveRecoverable leaves in Recoverable Items what moving a message leaves there, so
	// its user can recover the message. By default, it is removed once the copy has been
	// read back, if the strategy can find it: see [driver.Sweeper]. What a retention
	// policy or a hold keeps is out of the user's reach in any case.
	LeaveRecoverable bool

	// CriteriaSearch allows targets with [Criteria]; SearchLimits bounds what they
	// may find. The strategy must support it: see [driver.Searcher].
	CriteriaSearch bool
	SearchLimits   Limits

	// Journal stores the intents. Default: none; then what an interrupted run
	// left is settled when the same target is run again.
	Journal Journal

	// ClaimFor is how long a claim to an intent in the journal lasts after it was last
	// renewed, which is done in the background when a third of that time has passed. For
	// that long, others that share the journal leave alone an intent whose process has
	// crashed. The claim to an intent that ends undecided is given up immediately, and in a
	// journal that only one process uses, such as boltjournal, claims end with the process.
	// Default: WriteDoubt. A longer time is of no use: whoever takes over can decide
	// everything soon after that, since no request can take effect any more. Nor is a much
	// shorter one: until then, much stays undecided.
	ClaimFor time.Duration

	// Owner names this service in the journal, so that others know what it is working
	// on. No two services that are alive at the same time may have the same owner. A
	// process that is restarted under the same name can immediately claim what it had
	// begun. Default: a random name, different for each call of [New].
	Owner string

	// Attempts is how often a step is retried after a temporary failure. Default:
	// 5.
	Attempts int

	// Wait is the delay before the first retry. It doubles with each retry, up to
	// 30 seconds, and the actual delay is random between half of it and all of it.
	// A server that lost its connection may still be working on the request, so do
	// not set it near zero in production. Default: 2 seconds.
	Wait time.Duration

	// SearchLag is how long a search on the server may fail to show what was
	// written, as when its index lags behind. Before an item counts as gone, it is
	// looked for again after that time. Default: 60 seconds.
	SearchLag time.Duration

	// WriteDoubt is how long a request whose answer was lost may still take effect
	// after it was sent. Until then, no second copy is made, and the outcome is
	// [Undecided] if no copy is seen. It must be the same for all processes that
	// work on the same mailboxes. Carrying a message must take no longer than a
	// third of it, or it is given up and tried again: raise it for large messages
	// over slow lines. Default: 15 minutes.
	WriteDoubt time.Duration

	// MarkWait is for servers that ignore change keys in UpdateItem: how long to wait
	// after a message was marked before the mark is read back and the message carried.
	// The message then belongs to whichever process marked it last, so two processes
	// that work on the same message at the same time make only one copy. The mark is
	// sent within half of that time after the message was read; the server must apply
	// it within the other half. It must be the same for all processes that work on the
	// same mailboxes, and at most a fifth of WriteDoubt. Each message takes that much
	// longer. Default: no wait, which is right where change keys are respected.
	MarkWait time.Duration

	// StampKeys are secret keys of at least 16 bytes that seal the stamps of items on their
	// way, so that a stamp forged by the sender of a message is recognised. The first key
	// seals; all are accepted, so that keys can be replaced. They must be the same for all
	// processes that work on the same mailboxes. With keys, an item in the quarantine
	// mailbox outside QuarantineFolder counts as quarantined only if its stamp is sealed:
	// anybody who sends mail there can forge a stamp. Default: stamps have no seal.
	StampKeys [][]byte

	// Hook is called for each message. Default: none.
	Hook Hook

	// Logger logs problems that do not change an outcome, with the context of the call.
	// Default: discard.
	Logger *slog.Logger

	// OnClose is called by [Service.Close] to release what the strategy and the
	// journal hold. Default: nothing is called.
	OnClose func() error
}

// Service quarantines and restores messages of one organisation. Its methods
// may be called concurrently. They end with their context, or at most 5 seconds
// later: they may take that long to take back what they have begun.
type Service struct {
	strategy   driver.Strategy
	name       string
	quarantine driver.Mailbox // nil if messages are kept in place
	folderName string
	perMailbox bool
	claims     claims
	shared     atomic.Bool // another service uses the same journal
	engine     *passage.Engine
	log        *slog.Logger
	hook       Hook
	close      func() error

	searchAllowed bool
	limits        Limits

	lately lately

	mu      sync.Mutex
	folders map[string]knownFolder // quarantine folders by mailbox, "" for all
	busy    map[string]chan struct{}
}

// New returns a Service that uses a strategy and keeps what it takes in the quarantine
// mailbox, given by its primary SMTP address, or an empty string with InPlace of
// [Options]. It does no I/O. The error joins an [*InvalidError] for each invalid
// argument and for each option that the strategy does not support.
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
		folderName: settings.QuarantineFolder,
		perMailbox: settings.FolderPerMailbox,
		claims: claims{
			journal: settings.Journal, owner: cmp.Or(settings.Owner, driver.NewOperation()),
			lease: cmp.Or(settings.ClaimFor, settings.WriteDoubt, usualDoubt), log: settings.Logger, held: make(map[string]heldClaim),
		},
		log:     settings.Logger,
		hook:    settings.Hook,
		close:   settings.OnClose,
		folders: make(map[string]knownFolder),
		busy:    make(map[string]chan struct{}),

		searchAllowed: settings.CriteriaSearch,
		limits:        settings.SearchLimits.withDefaults(),
	}
	if s.folderName == "" {
		s.folderName = "Quarantine"
	}
	if s.claims.journal == nil {
		s.claims.journal = noJournal{}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
		s.claims.log = s.log
	}
	s.engine = &passage.Engine{
		Strategy: strategy, Attempts: cmp.Or(settings.Attempts, 5), Wait: cmp.Or(settings.Wait, 2*time.Second),
		QuarantineHeader: settings.QuarantineHeader, UndoHeader: settings.UndoHeader,
		Lag: cmp.Or(settings.SearchLag, time.Minute), Doubt: cmp.Or(settings.WriteDoubt, usualDoubt), Keys: settings.StampKeys,
		MarkWait: settings.MarkWait, Leaves: settings.LeaveRecoverable, Log: s.log,
	}
	if !settings.InPlace {
		s.quarantine = strategy.Mailbox(quarantineMailbox)
	}
	s.lately.lag, s.lately.arrived = s.engine.Lag, make(map[arrival][]arrived)
	return s, nil
}

// usualDoubt is the default of [Options].WriteDoubt.
const usualDoubt = 15 * time.Minute

// surplusFolder is the folder at the top of the quarantine mailbox for copies
// that nobody needs.
const surplusFolder = "Surplus"

// check returns an error for each option that cannot be used.
func (o *Options) check(strategy driver.Strategy, quarantineMailbox string) error {
	if strategy == nil {
		return driver.Invalid("arguments", "strategy", "is nil; pass one, such as those in package ewsmail")
	}
	var errs []error
	refuse := func(what, field, problem string) { errs = append(errs, driver.Invalid(what, field, problem)) }
	for _, p := range Problems(o.SearchLimits.Validate()) {
		refuse("options", "SearchLimits."+p.Field, p.Problem)
	}
	for field, h := range map[string]Header{"QuarantineHeader": o.QuarantineHeader, "UndoHeader": o.UndoHeader} {
		for _, p := range Problems(h.Validate()) {
			refuse("options", field+"."+p.Field, p.Problem)
		}
	}
	if o.Attempts < 0 {
		refuse("options", "Attempts", "is negative; leave it out for the default")
	}
	if o.Wait < 0 {
		refuse("options", "Wait", "is negative; leave it out for the default")
	}
	if o.SearchLag < 0 {
		refuse("options", "SearchLag", "is negative; leave it out for the default")
	}
	if o.WriteDoubt < 0 {
		refuse("options", "WriteDoubt", "is negative; leave it out for the default")
	}
	if o.ClaimFor < 0 {
		refuse("options", "ClaimFor", "is negative; leave it out for the default")
	}
	switch {
	case o.MarkWait < 0:
		refuse("options", "MarkWait", "is negative; leave it out for no wait")
	case o.MarkWait > cmp.Or(max(o.WriteDoubt, 0), usualDoubt)/5:
		refuse("options", "MarkWait", "is longer than a fifth of WriteDoubt; raise WriteDoubt, or lower it")
	}
	for i, key := range o.StampKeys {
		if len(key) < 16 {
			refuse("options", fmt.Sprintf("StampKeys[%d]", i), "is shorter than 16 bytes; use 32 random bytes")
		}
	}
	if strings.EqualFold(o.QuarantineFolder, surplusFolder) {
		refuse("options", "QuarantineFolder", fmt.Sprintf("is %q, the folder for surplus copies; choose another name", surplusFolder))
	}
	if o.InPlace {
		o.checkInPlace(strategy, quarantineMailbox, refuse)
	} else if err := mailname.CheckAddress(quarantineMailbox); err != nil {
		refuse("arguments", "quarantineMailbox", err.Error())
		return errors.Join(errs...)
	}
	lacks := func(field, capability string) {
		refuse("options", field, fmt.Sprintf("is set, but the strategy %q does not support it: its mailboxes do not implement driver.%s; leave it out", strategy.Name(), capability))
	}
	if !driver.ValidSystem(strategy.System()) {
		refuse("arguments", "strategy", fmt.Sprintf("says that its mail system is %q; its method System must return a name of 1 to 16 of the letters a to z and of digits", strategy.System()))
	}
	m := strategy.Mailbox(quarantineMailbox)
	if _, ok := driver.As[driver.Searcher](m); o.CriteriaSearch && !ok {
		lacks("CriteriaSearch", "Searcher")
	}
	return errors.Join(errs...)
}

// Close calls OnClose of [Options], which releases connections and the journal.
// The service cannot be used afterwards.
func (s *Service) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// Strategy returns the strategy passed to [New], for uses that the service does
// not cover.
func (s *Service) Strategy() driver.Strategy { return s.strategy }

// check refuses invalid targets and the quarantine mailbox itself.
func (s *Service) check(t Target) error {
	if err := t.Validate(); err != nil {
		return err
	}
	if s.isQuarantine(t.Mailbox) {
		return driver.Invalid("target", "mailbox", fmt.Sprintf("is %s, the quarantine mailbox itself", t.Mailbox))
	}
	return nil
}

func (s *Service) receipt(action string, t Target) *Receipt {
	r := &Receipt{Action: action, Server: s.name, Target: t, Strategy: s.strategy.Name(), IDs: s.strategy.System(), InPlace: s.inPlace(), Started: time.Now().UTC(), Items: []ReceiptItem{}}
	switch meant := driver.MeantMessageID(t.MessageID); {
	case meant == driver.BareMessageID(t.MessageID):
	case strings.Contains(meant, "<"):
		r.note("the Message-ID was given as %q, which is not one id; it was looked for as it stands: ask for each id alone", t.MessageID)
	default:
		r.note("the Message-ID was given as %q; it was looked for as it stands, and as <%s>", t.MessageID, meant)
	}
	if t.Criteria.Subject != plainSubject(t.Criteria.Subject) {
		r.note("the subject was given in encoded words; it was looked for as %q", plainSubject(t.Criteria.Subject))
	}
	if t.Criteria.URL != "" {
		if m, err := linkunwrap.NewMatcher(t.Criteria.URL); err == nil && m.Meant() != "" {
			r.note("the URL was given as %q; %s", t.Criteria.URL, m.Meant())
		}
	}
	return r
}
