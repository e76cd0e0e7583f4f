package exchange

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// Options of [Open] beyond the configuration. The zero value, and nil, stand
// for the defaults.
type Options struct {
	// Transport carries the requests in place of the one the configuration
	// describes: proxyUrl, rootCAFile and the like have no effect then. The
	// credentials of the configuration are still added. For NTLM, which owns its
	// connections, it has to be an [http.Transport], whose settings are copied.
	// Where ewsUrl is empty it carries Autodiscover, too.
	Transport http.RoundTripper

	// Resolver looks up the SRV record of Autodiscover, where ewsUrl is empty.
	// Default: [net.DefaultResolver].
	Resolver autodiscover.Resolver

	// Limiter bounds and delays the calls. Services for the same server should
	// share one. Default: one of its own with the defaults of package throttle.
	Limiter ews.Limiter

	// Journal keeps the intents in place of journalFile.
	Journal quarantine.Journal

	// UserAgent identifies the product in Exchange's allow and block lists.
	// Default: that of package ews.
	UserAgent string

	// Attempts and Wait are as in [quarantine.Options].
	Attempts int
	Wait     time.Duration

	// Logger receives a record of each call at level Debug, and what went wrong
	// at Warn; never credentials, subjects or content. Default: discard.
	Logger *slog.Logger
}

// Open makes a [quarantine.Service] from a configuration: it wires authentication, client,
// throttling and strategy. It talks to no server, not even to find one where
// ewsUrl is empty: the first call does. The error names the setting that cannot
// be used.
func Open(cfg *Config, opts *Options) (*quarantine.Service, error) {
	if cfg == nil {
		return nil, driver.Invalid("configuration", "", "is nil; load one, for example with LoadConfig")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if !cfg.IsEnabled() {
		return nil, driver.Invalid("configuration", "enabled", "is false; set it to true, or do not open it")
	}
	c := cfg.WithDefaults()
	var o Options
	if opts != nil {
		o = *opts
	}
	conn, err := Connect(cfg, &o)
	if err != nil {
		return nil, err
	}
	limiter := o.Limiter
	if limiter == nil {
		if limiter, err = throttle.New(nil); err != nil {
			return nil, err
		}
	}
	client, err := conn.Client(&ews.Options{Limiter: limiter, UserAgent: o.UserAgent, Logger: o.Logger})
	if err != nil {
		return nil, err
	}
	journal, closeJournal, err := c.journal(o.Journal)
	if err != nil {
		return nil, err
	}
	strategy, err := c.strategy(client, &ewsmail.Options{
		Limiter: limiter, Payer: c.Authentication.Username,
		ScanRecoverableItems: c.ScanRecoverableItems, ScanOnlineArchive: c.ScanOnlineArchive,
	})
	if err != nil {
		return nil, errors.Join(err, closeJournal())
	}
	s, err := quarantine.New(strategy, c.QuarantineMailbox, &quarantine.Options{
		Name: c.Name, QuarantineFolder: c.QuarantineFolder,
		FolderPerMailbox: c.FolderPerMailbox, QuarantineHeader: c.QuarantineHeader, UndoHeader: c.UndoHeader,
		SweepRecoverableItems: c.SweepRecoverableItems || c.ScanRecoverableItems, Journal: journal,
		CriteriaSearch: c.CriteriaSearch, SearchLimits: c.SearchLimits,
		Attempts: o.Attempts, Wait: o.Wait, Logger: o.Logger,
		OnClose: func() error { return errors.Join(conn.Close(), closeJournal()) },
	})
	if err != nil {
		return nil, errors.Join(err, closeJournal())
	}
	return s, nil
}

// journal returns the journal to keep, and how to close it if it was opened
// here.
func (c *Config) journal(given quarantine.Journal) (quarantine.Journal, func() error, error) {
	done := func() error { return nil }
	if given != nil || c.JournalFile == "" {
		return given, done, nil
	}
	j, err := boltjournal.Open(c.JournalFile)
	if err != nil {
		return nil, nil, fmt.Errorf("journalFile: %w", err)
	}
	return j, j.Close, nil
}

func (c *Config) strategy(client *ews.Client, opts *ewsmail.Options) (driver.Strategy, error) {
	if c.Access == Impersonation {
		return ewsmail.NewImpersonation(client, opts)
	}
	return ewsmail.NewFullAccess(client, opts)
}
