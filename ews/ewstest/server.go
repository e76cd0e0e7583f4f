package ewstest

import (
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/azuread"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// Server is an Exchange organisation. All methods can be called concurrently.
type Server struct {
	opts      Options
	schemes   []scheme
	windows   *windowsScheme     // nil without NTLM
	authority *azuread.Authority // nil without Bearer
	discovers *Autodiscover      // nil if it is not served

	mu         sync.Mutex // guards what follows
	org        *mailstore.Organisation
	directory  *directory
	notices    []Notice
	wrappers   map[*mailstore.Mailbox]*Mailbox
	pageLimit  int
	left       map[*mailstore.Folder][]departure
	subscribed subscriptions

	parsed parsedRequests
	log    journal
	faults faults
	late   postponed
	last   lastAnswers
	budget budgets
	socket socket
	people people
}

// NewServer returns a running server; nil options mean the defaults. The socket is opened
// when [Server.URL] or [Server.Transport] first needs it, or immediately with
// Options.Listener; like httptest, opening it panics on failure.
//
// If the environment variable EWSTEST_CAPTURE names a directory, every request
// and every complete answer is written there; see [Server.Requests].
func NewServer(opts *Options) *Server {
	o := opts.withDefaults()
	s := &Server{
		opts:      o,
		directory: newDirectory(o.Domain),
		wrappers:  make(map[*mailstore.Mailbox]*Mailbox),
	}
	s.org = mailstore.NewOrganisation(mailstore.Settings{
		Now:          o.Now,
		Seed:         o.Seed,
		Retention:    !o.RetentionOff,
		Leftover:     o.MoveLeftover,
		Since2013:    o.Version >= Exchange2013,
		Since2013SP1: o.Version >= Exchange2013SP1,
		FewFolders:   o.FewFolders,
		LastParent:   o.Version >= Exchange2016,
		Notify:       s.notified,
		Arrived:      s.arrived,
		Leave:        s.leaves,
		Happened:     s.happened,
		MaxExports:   o.MaxRecords,
		Undated:      o.Odd.Has(OddNoDeliveryTime),
		Anew: eml.Changes{
			Drop:   o.Odd.Has(OddDroppedHeaders),
			Rename: o.Odd.Has(OddRenamedAttachments),
			Recode: o.Odd.Has(OddRecodedText),
		},
	})
	s.initSchemes()
	if o.Autodiscover != nil {
		s.discovers = s.Autodiscover(o.Autodiscover)
		s.discovers.own = true
	}
	s.faults.init(o.Seed)
	s.log.init(o.MaxRecords)
	if !o.Empty {
		s.defaultScenario()
	}
	if o.Listener != nil {
		s.listen()
	}
	return s
}

// defaultScenario sets up the organisation used by examples and tests.
func (s *Server) defaultScenario() {
	at := "@" + s.opts.Domain
	for _, name := range []string{"alice", "bob", "carol", "quarantine", "svc"} {
		s.AddMailbox(name+at, nil)
	}
	s.AddList("all-staff"+at, "alice"+at, "bob"+at, "carol"+at)
	s.GrantFullAccess("svc", everybody)
	s.GrantImpersonation("svc", everybody)
}

// LimitPages makes FindItem return at most n items per page, whatever was requested, as a
// busy server can; 0 removes the limit.
func (s *Server) LimitPages(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pageLimit = n
}

// AddMailbox creates a mailbox with its default folders, and an account of the
// same name that owns it. Nil options mean the defaults.
func (s *Server) AddMailbox(address string, opts *MailboxOptions) *Mailbox {
	var o MailboxOptions
	if opts != nil {
		o = *opts
	}
	if o.DisplayName == "" {
		local := localPart(address)
		o.DisplayName = strings.ToUpper(local[:min(1, len(local))]) + local[min(1, len(local)):]
	}
	if o.Password == "" {
		o.Password = localPart(address) + "-password"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.directory.accounts[strings.ToLower(address)] = o.Password
	box := s.org.AddMailbox(mailstore.Info{
		Address:     address,
		DisplayName: o.DisplayName,
		Proxies:     append([]string(nil), o.ProxyAddresses...),
		Archive:     o.Archive,
		Language:    o.Language,
		Quota:       o.QuotaBytes,
		Hidden:      o.Hidden,
	})
	m := &Mailbox{server: s, box: box, backEnd: o.BackEnd}
	s.wrappers[box] = m
	return m
}

// Mailbox returns the mailbox with a primary or proxy address, ignoring case. The mailbox
// is created if it does not exist.
func (s *Server) Mailbox(address string) *Mailbox {
	s.mu.Lock()
	m := s.wrappers[s.org.ByAddress(address)]
	s.mu.Unlock()
	if m == nil {
		return s.AddMailbox(address, nil)
	}
	return m
}

// Mailboxes returns all mailboxes, including removed ones, in the order in which
// they were created.
func (s *Server) Mailboxes() []*Mailbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*Mailbox
	for _, box := range s.org.Mailboxes() {
		all = append(all, s.wrappers[box])
	}
	return all
}

// Version returns the Exchange version that the server imitates.
func (s *Server) Version() Version { return s.opts.Version }

// Domain returns the domain of the default scenario's addresses.
func (s *Server) Domain() string { return s.opts.Domain }

// Client returns an ews.Client for a user over [Server.Direct]. Nil options mean
// the defaults; their Transport is replaced, and the user becomes their Payer.
func (s *Server) Client(user string, opts *ews.Options) *ews.Client {
	var o ews.Options
	if opts != nil {
		o = *opts
	}
	o.Transport = s.As(s.Direct(), user)
	o.Payer = user
	c, err := ews.NewClient(s.DirectURL(), &o)
	if err != nil {
		panic("ewstest: " + err.Error())
	}
	return c
}
