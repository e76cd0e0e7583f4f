package ewstest

import (
	"log/slog"
	"maps"
	"net"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Options are the settings of a [Server]; the zero value means the defaults.
type Options struct {
	Version Version // default: Exchange2016
	Domain  string  // default: "example.test"

	// Empty omits the default scenario: mailboxes alice, bob, carol, quarantine and svc,
	// list all-staff, service account svc with FullAccess to all and the impersonation
	// right.
	Empty bool

	// FewFolders gives mailboxes only the default folders that mail needs: Inbox,
	// Drafts, Sent Items, Deleted Items, Junk Email, Outbox and Recoverable Items. All
	// requests that go through a mailbox are cheaper then.
	FewFolders bool

	// Authentication lists the authentication schemes offered, in this order.
	// Default: Basic. NewServer panics if one is unknown or lacks what it needs.
	Authentication []Scheme

	// ExtendedProtection determines how NTLM treats channel bindings; it needs TLS.
	// Default: ProtectionOff.
	ExtendedProtection Protection

	// Azure is the tenant whose tokens are accepted; required with Bearer.
	Azure *Azure

	// Autodiscover serves Autodiscover alongside EWS, on the socket and by
	// [Server.ServeHTTP]. Default: not served; see [Server.Autodiscover].
	Autodiscover *AutodiscoverOptions

	TLS      bool         // serve HTTPS with a certificate made at start
	Listener net.Listener // default: a free port on 127.0.0.1

	// RetentionOff makes HardDelete final. By default, as on real servers, items
	// go to Recoverable Items (single item recovery).
	RetentionOff bool

	// MoveLeftover is the folder of Recoverable Items that keeps the original of
	// an item moved into another mailbox. Default: recoverableitemsdeletions,
	// where its owner can recover it. "none" keeps nothing.
	MoveLeftover ews.FolderName

	// CrossMailboxImpersonated determines how a move or copy into another mailbox fails
	// under impersonation. Default: RefuseToFolder.
	CrossMailboxImpersonated Refusal

	// ChangeKeys requires a change key in every UpdateItem, as documented.
	// Otherwise AlwaysOverwrite needs none, as on real servers.
	ChangeKeys bool

	// Odd makes the server differ from a current Exchange. Default: not at all.
	Odd Oddities

	// MaxConcurrency is how many requests of one account, or of one impersonated mailbox,
	// may run concurrently before ErrorExceededConnectionCount. Default: no limit.
	MaxConcurrency int

	// RequestsPerMinute is how many requests of one account, or of one
	// impersonated mailbox, are served per minute before ErrorServerBusy with a
	// hint to wait. Default: no limit.
	RequestsPerMinute int

	// MaxSubscriptions is how many subscriptions to events an account, or an impersonated
	// mailbox, may have before ErrorExceededSubscriptionCount, as the throttling policy
	// setting EWSMaxSubscriptions defines. Default: 5000; on Exchange Online 20.
	MaxSubscriptions int

	// MaxStreams is how many connections of GetStreamingEvents an account, or an
	// impersonated mailbox, may have open before ErrorExceededConnectionCount, as
	// HangingConnectionLimit defines. They do not count toward MaxConcurrency. Default:
	// 3; 10 since Exchange 2016.
	MaxStreams int

	// MaxRecords is the maximum number of records of each kind that the server remembers,
	// keeping the newest: requests ([Server.Requests]), deeds ([Server.Story]), notices
	// ([Server.Notices]), and exports, for Message.CopiedFrom. Tests want all of them; a
	// server that runs for days needs a limit. Mailboxes are not limited. Default: all.
	MaxRecords int

	// Throttling is the policy that defines the budget of every account and every
	// impersonated mailbox; [Server.SetBudget] gives one of them a different one.
	// NewServer panics if the policy is not valid. Default: none, nothing is charged.
	// [DefaultThrottling] returns the default policy of a version.
	Throttling *Throttling

	// Latency is added to each answer, for the round trip to the server; it is charged to
	// nobody. Latencies overrides it for single operations.
	Latency   time.Duration
	Latencies map[ews.Operation]time.Duration

	Now    func() time.Time // default: time.Now
	Seed   uint64           // for ids and random faults; default: 1
	Logger *slog.Logger     // one record per POST that signed in, and per deed; default: discard
}

// Refusal is a way in which a server refuses to move or copy an item into another mailbox
// for an impersonated caller. All of them have been observed.
type Refusal int

// Refusals.
const (
	RefuseToFolder     Refusal = iota // each item: ErrorToFolderNotFound
	RefuseItem                        // each item: ErrorItemNotFound
	RefuseCrossMailbox                // each item: ErrorCrossMailboxMoveCopy
	RefuseFault                       // the whole request: a fault ErrorInternalServerError
)

func (opts *Options) withDefaults() Options {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Version == 0 {
		o.Version = Exchange2016
	}
	if o.Domain == "" {
		o.Domain = "example.test"
	}
	switch o.MoveLeftover {
	case "":
		o.MoveLeftover = ews.FolderRecoverableItemsDeletions
	case "none":
		o.MoveLeftover = ""
	}
	if o.MaxSubscriptions == 0 {
		o.MaxSubscriptions = 5000
		if o.Version == ExchangeOnline {
			o.MaxSubscriptions = 20
		}
	}
	if o.MaxStreams == 0 {
		o.MaxStreams = 3
		if o.Version >= Exchange2016 {
			o.MaxStreams = 10
		}
	}
	o.Throttling = o.Throttling.settled()
	o.Latencies = maps.Clone(o.Latencies)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}
