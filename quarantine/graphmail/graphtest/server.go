package graphtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/azuread"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// Server is a Microsoft Graph over the mailboxes of an [ewstest.Server]. All methods may
// be called concurrently.
type Server struct {
	opts      Options
	exchange  *ewstest.Server
	routes    []route
	owned     bool // the Exchange server was made by New
	authority *azuread.Authority

	mu       sync.Mutex // guards what follows; may be taken with the store locked
	names    map[string]string
	roles    map[string]map[string]bool
	scopes   map[string]map[string]bool
	tokens   map[string]token
	sessions map[string]session
	uploads  map[string]*uploading
	deltas   map[string]*deltaState
	links    []string                      // delta links, the oldest first
	current  map[string]string             // tokens that As uses, by application
	found    map[string]*mailstore.Mailbox // mailboxes by their names in paths
	issued   int
	page     int
	spent    map[payer]*spending
	closed   bool

	log    journal
	faults faults
	socket sockets
}

// New returns a Graph over the mailboxes of an Exchange server. If exchange is nil, it
// makes one of its own: an Exchange Online with the default scenario of ewstest. Nil
// options mean the defaults. The sockets are opened when [Server.URL] or
// [Server.Transport] first needs them.
//
// If the environment variable GRAPHTEST_CAPTURE names a directory, every request and
// every complete answer is written there; see [Server.Requests].
func New(exchange *ewstest.Server, opts *Options) *Server {
	o := opts.withDefaults()
	s := &Server{
		opts: o, exchange: exchange, routes: table(),
		names: make(map[string]string), roles: make(map[string]map[string]bool), scopes: make(map[string]map[string]bool),
		tokens: make(map[string]token), sessions: make(map[string]session), uploads: make(map[string]*uploading), deltas: make(map[string]*deltaState),
		spent: make(map[payer]*spending), current: make(map[string]string), found: make(map[string]*mailstore.Mailbox),
	}
	if exchange == nil {
		s.exchange, s.owned = o.exchange(), true
	}
	s.initAuthority()
	s.log.init(o.MaxRecords)
	return s
}

// Exchange returns the Exchange server that shares its mailboxes with this server. Its
// methods set up mailboxes, lists and messages, and show them and the notices that
// reached people.
func (s *Server) Exchange() *ewstest.Server { return s.exchange }

// Mailbox is short for Exchange().Mailbox.
func (s *Server) Mailbox(address string) *ewstest.Mailbox { return s.exchange.Mailbox(address) }

// Notices is short for Exchange().Notices: what has reached other people. To test that a
// client works unnoticed, check that it is empty.
func (s *Server) Notices() []ewstest.Notice { return s.exchange.Notices() }

// SetUPN gives a user a sign-in name that is not the primary address. Then
// /users/{address} is not found, as in a real directory.
func (s *Server) SetUPN(address, upn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[strings.ToLower(address)] = upn
	clear(s.found)
}

// LimitPages makes lists return at most n rows per page, whatever was requested; 0 lifts
// the limit.
func (s *Server) LimitPages(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.page = n
}

// UserID returns the id of the user with an address, or "" if nobody has it.
func (s *Server) UserID(address string) string {
	id := ""
	s.exchange.Share(func(org *mailstore.Organisation) {
		if box := org.ByAddress(address); box != nil {
			id = objectID("user", box.GUID().String())
		}
	})
	return id
}

// GroupID returns the id of the group with an address.
func GroupID(address string) string { return objectID("group", strings.ToLower(address)) }

// MailboxID returns the id of a mailbox in the export and import API, or "" if nobody has
// that address.
func (s *Server) MailboxID(address string) string {
	id := ""
	s.exchange.Share(func(org *mailstore.Organisation) {
		if box := org.ByAddress(address); box != nil {
			id = s.mailboxID(box)
		}
	})
	return id
}

func (s *Server) mailboxID(box *mailstore.Mailbox) string {
	return "MBX:" + box.GUID().String() + "@" + s.opts.Tenant
}

// objectID returns the id of an object of the directory, which is the same in each run.
func objectID(kind, name string) string {
	sum := sha256.Sum256([]byte(kind + " " + name))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	h := hex.EncodeToString(sum[:16])
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

// upn returns the name that the user of a mailbox signs in with.
func (s *Server) upn(box *mailstore.Mailbox) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name := s.names[strings.ToLower(box.Address)]; name != "" {
		return name
	}
	return box.Address
}

// secret returns an opaque text, a different one each time.
func (s *Server) secret(kind string) string {
	s.issued++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", s.opts.Tenant, kind, s.issued))
	return hex.EncodeToString(sum[:])
}
