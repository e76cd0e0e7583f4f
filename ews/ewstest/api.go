// Package ewstest is an Exchange for tests (signatures; being built).
package ewstest

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Version is the Exchange version a [Server] behaves as.
type Version int

// Versions. The zero value stands for Exchange2016.
const (
	Exchange2010SP3 Version = iota + 1
	Exchange2013            // RTM: no SuppressReadReceipts
	Exchange2013SP1
	Exchange2016
	Exchange2019
	ExchangeSE
	ExchangeOnline
)

// Options of a [Server]; the zero value stands for the defaults.
type Options struct {
	Version Version // default: Exchange2016
	Domain  string  // default: "example.test"

	// Empty leaves out the default scenario: mailboxes alice, bob, carol,
	// quarantine and svc, list all-staff, service account svc with FullAccess to
	// all and the impersonation right.
	Empty bool

	TLS      bool         // serve HTTPS with a certificate made at start
	Listener net.Listener // default: a free port of 127.0.0.1

	// RetentionOff makes HardDelete final: without it (the default, as on real
	// servers) items go to Recoverable Items (single item recovery).
	RetentionOff bool

	Latency time.Duration    // added to each answer
	Now     func() time.Time // default: time.Now
	Seed    uint64           // of ids and of faults by probability; default: 1
	Logger  *slog.Logger     // one record a request; default: discard
}

// Server is an Exchange organisation. All methods may be called concurrently.
type Server struct{}

// NewServer starts a server; it panics if it cannot listen, like httptest.
func NewServer(opts Options) *Server { panic("unbuilt") }

func (s *Server) Close()        {}
func (s *Server) URL() string   { return "" }  // https://…/EWS/Exchange.asmx
func (s *Server) CAPEM() []byte { return nil } // with TLS: the root to trust

// Transport returns a RoundTripper that reaches the server over its socket,
// without credentials (it trusts CAPEM).
func (s *Server) Transport() http.RoundTripper { return nil }

// Direct returns a RoundTripper that calls the server in process, without a
// socket, so that it works inside a testing/synctest bubble. It streams request
// and response bodies, and honours cut connections of faults.
func (s *Server) Direct() http.RoundTripper { return nil }

// As wraps a RoundTripper with pre-emptive Basic credentials of a user whose
// password follows the scenario (NAME-password), e.g. As(s.Direct(), "svc").
func (s *Server) As(rt http.RoundTripper, user string) http.RoundTripper { return nil }

// Client returns an ews.Client for user over Direct, payer set to the user.
func (s *Server) Client(user string, opts *ews.Options) *ews.Client { return nil }

// AddMailbox creates a mailbox with its default folders.
func (s *Server) AddMailbox(address string, opts *MailboxOptions) *Mailbox { return nil }

// Mailbox returns the mailbox of an address (case-insensitive; also a proxy
// address). If there is none, it is created.
func (s *Server) Mailbox(address string) *Mailbox { return nil }

// MailboxOptions are the optional settings of a mailbox.
type MailboxOptions struct {
	DisplayName    string
	Password       string   // default: local part + "-password"
	ProxyAddresses []string // secondary SMTP addresses
	Archive        bool     // has an online archive
	Language       string   // display names of default folders: "en" (default), "de", "ja", …
	QuotaBytes     int64    // 0: none
	Hidden         bool     // hidden from address lists
}

// Rights.
func (s *Server) GrantFullAccess(user, mailbox string)     {} // mailbox "*": all
func (s *Server) RevokeFullAccess(user, mailbox string)    {}
func (s *Server) GrantImpersonation(user, mailbox string)  {}
func (s *Server) RevokeImpersonation(user, mailbox string) {}

// AddList creates a distribution list.
func (s *Server) AddList(address string, members ...string) {}

// Mailbox is a mailbox of a [Server], for setting up and looking in.
type Mailbox struct{}

func (m *Mailbox) Address() string { return "" }

// Deliver puts a message into the Inbox as transport would: received now,
// unread, not a draft, whatever defects the bytes have.
func (m *Mailbox) Deliver(eml []byte) *Message { return nil }

// DeliverWith is Deliver with other circumstances.
func (m *Mailbox) DeliverWith(eml []byte, d Delivery) *Message { return nil }

// Delivery are circumstances of a delivered message; zero values as Deliver.
type Delivery struct {
	Folder     *Folder
	Received   time.Time
	Read       bool
	Class      string
	Categories []string
	Importance string // Low, Normal, High; default: as the headers say
	Flag       ews.Flag
	Extended   []ews.ExtendedProperty
}

// Folder returns a folder by well-known name, nil if the mailbox has none.
func (m *Mailbox) Folder(name ews.FolderName) *Folder { return nil }

// AddFolder creates (or returns) the folder at a path of display names below a
// parent (nil: top of information store).
func (m *Mailbox) AddFolder(parent *Folder, path ...string) *Folder { return nil }

// AddSearchFolder creates a search folder that shows all items of the mailbox.
func (m *Mailbox) AddSearchFolder(name string) *Folder { return nil }

// Messages returns all items of all folders, Recoverable Items and archive
// included, in a stable order.
func (m *Mailbox) Messages() []*Message { return nil }

// Remove takes the mailbox away, as a migration does: its address and ids
// answer ErrorNonExistentMailbox, or ErrorMailboxMoveInProgress with moving.
func (m *Mailbox) Remove(moving bool) {}

// Folder is a folder of a mailbox.
type Folder struct{}

func (f *Folder) ID() ews.FolderID      { return ews.FolderID{} }
func (f *Folder) Name() string          { return "" }
func (f *Folder) Path() string          { return "" } // "/Inbox/Sub"
func (f *Folder) Messages() []*Message  { return nil }
func (f *Folder) Delete()               {} // with its content, for good, as a user's shift-delete of a folder
func (f *Folder) Rename(name string)    {}
func (f *Folder) MoveTo(parent *Folder) {}

// Message is a snapshot of an item. It does not change; look again after a call.
type Message struct {
	ID             ews.ItemID
	Mailbox        string
	Folder         string // path, such as "/Inbox"
	FolderID       ews.FolderID
	Distinguished  ews.FolderName // of the folder, if it has one
	Class          string
	Subject        string
	MessageID      string
	Read           bool
	Draft          bool
	Received       time.Time
	Sent           time.Time
	Created        time.Time
	Modified       time.Time
	Size           int64
	Importance     string
	Categories     []string
	Flag           ews.Flag
	Attachments    []ews.Attachment
	ReceiptPending bool // a read or non-read receipt would be sent
	// Properties are all MAPI properties, named ones by set and name: text form
	// of the protocol. Two items are equal in fidelity when these are equal.
	Properties map[ews.ExtendedField]ews.ExtendedProperty
	Original   []byte // bytes as delivered; nil if the item was made from MIME by a client
	MIME       []byte // what GetItem IncludeMimeContent would give
}

// Notice is something that reached another person: a read receipt, a "not
// read" notice, a sent message, a meeting response.
type Notice struct {
	Kind    string // "IPNRN" (read), "IPNNRN" (not read), "Sent", "MeetingResponse"
	From    string
	To      string
	Subject string
	Item    ews.ItemID
}

func (s *Server) Notices() []Notice { return nil }

// Request is one request seen.
type Request struct {
	Operation    ews.Operation
	User         string      // who signed in
	Impersonated string      // address, or empty
	Anchor       string      // X-AnchorMailbox
	Header       http.Header // Authorization left out
	Version      string      // RequestServerVersion as sent
	Body         []byte      // whole, save large content (MimeContent, Data), which is cut to its first 1 KiB
	Fault        string      // name of an injected fault that struck
	Code         string      // response code of the fault or first response message
	Acted        bool        // the server changed its state
}

func (s *Server) Requests() []Request { return nil }
func (s *Server) ResetRequests()      {}

// OnRequest registers a hook that is called before a request is processed, in
// order, with its running number; a test may change the state there.
func (s *Server) OnRequest(f func(n int, r *Request)) {}

// Fault is a way to fail.
type Fault struct {
	Name string
	// more, private
}

// Faults on demand.
var (
	DropBefore          = Fault{Name: "drop before the server acted"}
	DropAfter           = Fault{Name: "drop after the server acted"}
	Unavailable         = Fault{Name: "503"} // with Retry-After if Wait is set
	Busy                = Fault{Name: "ErrorServerBusy fault"}
	BusyItem            = Fault{Name: "ErrorServerBusy response message"}
	TruncatedExport     = Fault{Name: "truncated export"}
	StaleChangeKey      = Fault{Name: "ErrorIrresolvableConflict"}
	MailboxMoving       = Fault{Name: "ErrorMailboxMoveInProgress"}
	HTMLPage            = Fault{Name: "200 with an HTML page"}
	EmptyBody           = Fault{Name: "200 with an empty body"}
	CutResponse         = Fault{Name: "the answer breaks off in the middle"}
	MoveFailedCopyLeft  = Fault{Name: "ErrorMoveCopyFailed, a copy is left"}
	CrossMailboxRefused = Fault{Name: "ErrorCrossMailboxMoveCopy"}
)

// Code returns a fault that answers with a response code without acting: as a
// SOAP fault (fault true) or in every response message.
func Code(code ews.ResponseCode, fault bool) Fault { return Fault{} }

// Slow returns a fault that waits before answering normally.
func Slow(d time.Duration) Fault { return Fault{} }

// BackOff returns Busy, BusyItem or Unavailable with a hint to wait.
func (f Fault) BackOff(d time.Duration) Fault { return f }

// FailNext makes the next request of the operation fail, several faults the
// next several. Operation "" means any.
func (s *Server) FailNext(op ews.Operation, faults ...Fault) {}

// FailAt makes the n-th request from now fail (0: the next).
func (s *Server) FailAt(n int, fault Fault) {}

// FailRandomly makes requests fail with a probability, drawing from faults;
// probability 0 ends it.
func (s *Server) FailRandomly(probability float64, faults ...Fault) {}

// LoadScenario reads a scenario (JSON) of mailboxes, rights, lists, messages,
// budgets and faults into Options and calls; see examples/exchange.
func LoadScenario(r io.Reader) (*Scenario, error) { return nil, nil }

// Scenario is an organisation described in JSON.
type Scenario struct{}
