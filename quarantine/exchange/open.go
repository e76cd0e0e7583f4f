package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/gather"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// Options are the options of [Open] and [Connect] beyond the configuration. nil
// or the zero value means the defaults.
type Options struct {
	// Transport replaces the transport that the configuration describes: useProxy,
	// proxyUrl, rootCAFile, clientCertificateFile and tlsRenegotiation then have no effect.
	// The credentials of the configuration are still added. For NTLM, which needs
	// connections of its own, it must be an [*http.Transport], whose settings are copied.
	// If ewsUrl is empty, Autodiscover uses it, too.
	Transport http.RoundTripper

	// SignIn signs in instead of the configuration, whose authentication.type must then be
	// "external": for Kerberos, for tokens from elsewhere, or for whatever else the server
	// wants added to a request. It gets the URL to sign in at, which is that of EWS or
	// Graph or, if ewsUrl is empty, of each Autodiscover service that may be trusted with
	// it. It also gets the transport beneath, with the proxy, trusted roots and client
	// certificate of the configuration: an [*http.Transport], if Transport is not set.
	//
	// It returns the RoundTripper that signs in, which gets requests for the host of that
	// URL only, and none over plain HTTP unless allowPlainHTTP allows it. That must not
	// follow redirects, must leave the request unchanged, and should return an error with a
	// method NotSent() bool if it could not begin to send: the call can then be repeated,
	// even if it writes. A connection that a sign-in belongs to must not be shared with
	// another account.
	//
	// SignIn does no I/O, and is called once for each URL, possibly concurrently, by Open
	// or when the URL has been found; Open or the call returns its error.
	SignIn func(endpoint string, base http.RoundTripper) (http.RoundTripper, error)

	// WrapTransport wraps each RoundTripper that requests go through, for example with
	// tracing or metrics: those that sign in to EWS, Graph and Autodiscover, and the one
	// for Autodiscover requests that need no sign-in. The wrapper sees each request before
	// credentials are added and before NTLM chooses a connection, and the server's
	// response; the context is that of the call, with what Hook has added. Proxy, trusted
	// roots and the connections of NTLM stay as they are. It does not see requests for
	// Azure AD tokens. Default: none.
	WrapTransport func(http.RoundTripper) http.RoundTripper

	// Resolver looks up the SRV record of Autodiscover if ewsUrl is empty.
	// Default: [net.DefaultResolver].
	Resolver autodiscover.Resolver

	// Limiter limits the number and rate of calls. Services for the same server should
	// share one. It should also be an [ews.Reserver]. If the configuration sets throttling,
	// it must have the methods SetLimit and SetBudget, like the limiter of package
	// throttle. Over Graph it must allow no more than [graphmail.Concurrent] requests to a
	// mailbox at a time. Default: a private limiter of package throttle, with
	// [Config.ThrottleOptions].
	//
	// [graphmail.Concurrent]: https://pkg.go.dev/github.com/ewsquarantine/ewsquarantine/quarantine/graphmail#Concurrent
	Limiter ews.Limiter

	// Journal stores the intents instead of journalFile.
	Journal quarantine.Journal

	// StampKeys seal the stamps instead of stampKey and stampKeyFile, for example
	// with keys from a vault: see [quarantine.Options].
	StampKeys [][]byte

	// StampKeysFunc returns these keys instead. [Open] calls it once, before it opens the
	// journal, with a context that ends after a minute; Open fails if it returns an error,
	// or no key. To use other keys, open the configuration again. Not together with
	// StampKeys.
	StampKeysFunc func(context.Context) ([][]byte, error)

	// UserAgent names the product that embeds the SDK, such as "Acme-Mail/2.1", for the
	// server's logs and its allow and block lists: see [ews.Options]. The SDK's own name
	// follows it. Default: none.
	UserAgent string

	// ClaimFor and Owner are how long, and under what name, the service claims intents in a
	// journal that several processes share: see [quarantine.Options].
	ClaimFor time.Duration
	Owner    string

	// Attempts and Wait are as in [quarantine.Options].
	Attempts int
	Wait     time.Duration

	// Hook is called for each message that is quarantined, restored or recovered, and
	// CallHook for each request to the server: see [quarantine.Hook] and [ews.Hook]. One
	// type can be both. What Hook adds to the context reaches CallHook, WrapTransport and
	// Logger. Over Graph, CallHook is called for requests to Graph: Operation is, for
	// example, "PATCH message", Mailbox is the address in lower case, Code is Graph's code
	// for the error, and Version, Build and Refused are not known; an [ews.Gate] is
	// refused. Default: none.
	Hook     quarantine.Hook
	CallHook ews.Hook

	// Wire receives each request to EWS or Graph and its response as text, for
	// troubleshooting. Credentials are redacted, and so are contents of messages unless
	// WireBodies is set: see [ews.Options]. Autodiscover is not shown. Default: none.
	Wire       io.Writer
	WireBodies bool

	// Logger receives a record of each call at level Debug and of problems at Warn; never
	// credentials, subjects or content. Records have the context of the call, except those
	// of Open itself. The package documentation lists the keys. Default: records are
	// discarded.
	Logger *slog.Logger
}

// The limiter that Open makes can reserve an export and its upload together.
var _ ews.Reserver = (*throttle.Limiter)(nil)

// Open makes a [quarantine.Service] from a configuration: it wires up authentication,
// client, throttling, strategy and journal. It contacts no server, not even to find EWS if
// ewsUrl is empty; the first call does. The error names the setting that cannot be used. It
// reads passwordFile, to see that it can, reads stampKeyFile or calls StampKeysFunc, and
// opens journalFile. If there are neither keys nor a journal, it logs a warning.
func Open(cfg *Config, opts *Options) (*quarantine.Service, error) {
	if cfg == nil {
		return nil, driver.Invalid("configuration", "", "is nil; load one, for example with LoadConfig")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if !cfg.IsEnabled() {
		return nil, driver.Invalid("configuration", "enabled", "is false; set it to true, or do not open this configuration")
	}
	c := cfg.WithDefaults()
	if file := c.Authentication.PasswordFile; file != "" {
		if _, err := readPassword(file); err != nil {
			return nil, err
		}
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	conn, err := Connect(cfg, &o)
	if err != nil {
		return nil, err
	}
	if o.Logger != nil {
		for _, w := range c.graphWarnings() {
			o.Logger.Warn(w.setting+" with api graph: "+w.text, "configuration", c.Name)
		}
	}
	strategy, err := c.strategy(conn, &o)
	if err != nil {
		return nil, err
	}
	keys, err := o.stampKeys(&c)
	if err != nil {
		return nil, err
	}
	journal, closeJournal, err := c.journal(o.Journal)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 && journal == nil && o.Logger != nil {
		o.Logger.Warn("neither stampKey nor journalFile is set: a stamp on an item is continued, but believed only as far as the messages match, "+
			"and what a crash leaves is settled only when the same target is asked for again; set one of them, better both", "configuration", c.Name)
	}
	s, err := quarantine.New(strategy, c.QuarantineMailbox, &quarantine.Options{
		Name: c.Name, InPlace: c.QuarantineInPlace, QuarantineFolder: c.QuarantineFolder,
		FolderPerMailbox: c.FolderPerMailbox, QuarantineHeader: c.QuarantineHeader, UndoHeader: c.UndoHeader,
		LeaveRecoverable: c.LeaveRecoverable, Journal: journal, StampKeys: keys,
		SearchLag: time.Duration(c.SearchLag), WriteDoubt: time.Duration(c.WriteDoubt), MarkWait: time.Duration(c.MarkWait),
		CriteriaSearch: c.CriteriaSearch, SearchLimits: c.SearchLimits,
		ClaimFor: o.ClaimFor, Owner: o.Owner,
		Attempts: o.Attempts, Wait: o.Wait, Hook: o.Hook, Logger: o.Logger,
		OnClose: func() error { return errors.Join(conn.Close(), closeJournal()) },
	})
	if err != nil {
		return nil, errors.Join(err, closeJournal())
	}
	return s, nil
}

// journal returns the journal to use, and a function that closes it if it was
// opened here.
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

// strategy returns the driver for the api of the configuration.
func (c *Config) strategy(conn *Connection, o *Options) (driver.Strategy, error) {
	if c.API == APIGraph {
		return c.overGraph(conn, o)
	}
	s, err := c.overEWS(conn, o)
	if err != nil || c.OneByOne {
		return s, err
	}
	return gather.Strategy(s, nil), nil
}

func (c *Config) overEWS(conn *Connection, o *Options) (driver.Strategy, error) {
	limiter := o.Limiter
	if limiter == nil {
		var err error
		if limiter, err = throttle.New(nil); err != nil {
			return nil, err
		}
	}
	if err := c.limit(limiter); err != nil {
		return nil, err
	}
	client, err := conn.Client(&ews.Options{Limiter: limiter, UserAgent: o.UserAgent, Hook: o.CallHook, Wire: o.Wire, WireBodies: o.WireBodies, Logger: o.Logger})
	if err != nil {
		return nil, err
	}
	opts := &ewsmail.Options{ScanRecoverableItems: c.ScanRecoverableItems, ScanOnlineArchive: c.ScanOnlineArchive}
	if c.Access == Impersonation {
		return ewsmail.NewImpersonation(client, opts)
	}
	return ewsmail.NewFullAccess(client, opts)
}
