package ewsmail

import (
	"context"
	"errors"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Options are what [NewFullAccess] and [NewImpersonation] can be told.
// The zero value, and nil, stand for the defaults.
type Options struct {
	// Limiter is the one that the client asks. If it can reserve places for
	// calls that are in flight together, as the one of package throttle can, the
	// strategy does so for an export that is streamed into an upload; otherwise
	// workers that hold one call and wait for another can block one another.
	Limiter ews.Limiter

	// Payer is as in [ews.Options].
	Payer string

	// Ways are the ways to carry an item, in the order in which they are tried.
	// Default: all that the access allows, the most faithful first.
	Ways []driver.Way

	// ScanRecoverableItems looks into Recoverable Items, too: into what users
	// have deleted and can recover (Deletions), and into what they cannot
	// (Purges). What is restored from there comes back into Deleted Items.
	// Exchange 2010 SP1 and later.
	ScanRecoverableItems bool

	// ScanOnlineArchive looks into the archive of each mailbox that has one,
	// too, and with ScanRecoverableItems into its Recoverable Items. Exchange
	// 2010 SP1 and later.
	ScanOnlineArchive bool
}

// FullAccess is the [driver.Strategy] for a service account with the FullAccess right
// on the users' mailboxes and on the quarantine mailbox. It carries items by
// MoveItem across mailboxes, which keeps every property and leaves the headers
// untouched. Where the server refuses that, it carries them as [Impersonation]
// does.
type FullAccess struct{ strategy }

// NewFullAccess returns the strategy for a client that signs in as the service
// account.
func NewFullAccess(client *ews.Client, opts *Options) (*FullAccess, error) {
	s, err := newStrategy(client, opts, true)
	if err != nil {
		return nil, err
	}
	s.x.view = client.ForMailbox
	s.x.remedy = "give the service account FullAccess to it (Add-MailboxPermission -Identity MAILBOX -User ACCOUNT -AccessRights FullAccess -AutoMapping $false)"
	return &FullAccess{strategy: s}, nil
}

// Name returns "fullAccess".
func (f *FullAccess) Name() string { return "fullAccess" }

// Impersonation is the [driver.Strategy] for an account with the
// ApplicationImpersonation role, or an application with full_access_as_app. It
// works in each mailbox as its owner, who sees nothing but it, so items are
// carried by exporting them as one and uploading them as the other, or as MIME
// where the server refuses that.
type Impersonation struct{ strategy }

// NewImpersonation returns the strategy for a client that signs in as the
// account that impersonates.
func NewImpersonation(client *ews.Client, opts *Options) (*Impersonation, error) {
	s, err := newStrategy(client, opts, false)
	if err != nil {
		return nil, err
	}
	s.x.view = client.Impersonating
	s.x.remedy = "give the account the impersonation right for it (New-ManagementRoleAssignment -Role ApplicationImpersonation -User ACCOUNT)"
	return &Impersonation{strategy: s}, nil
}

// Name returns "impersonation".
func (i *Impersonation) Name() string { return "impersonation" }

// strategy is what both have in common.
type strategy struct {
	x      *organisation
	memory *wayMemory
}

func newStrategy(client *ews.Client, opts *Options, delegate bool) (strategy, error) {
	if client == nil {
		return strategy{}, errors.New("quarantine: a strategy needs a client")
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	x := &organisation{delegate: delegate, mailboxes: make(map[string]*mailbox), payer: o.Payer,
		recoverable: o.ScanRecoverableItems, archive: o.ScanOnlineArchive}
	x.reserver, _ = o.Limiter.(reserver)
	ways, err := newWayMemory(o.Ways, delegate)
	return strategy{x, ways}, err
}

// Mailbox returns access to a mailbox.
func (s strategy) Mailbox(address string) driver.Mailbox { return s.x.mailbox(address) }

// Carry brings an item to the other mailbox, by the way that worked last
// between these two, or else by the first that the server does not refuse.
func (s strategy) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	carried, err := s.carry(ctx, c)
	return carried, translate(err)
}

func (s strategy) carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	from, to := s.x.mailbox(c.From.Address()), s.x.mailbox(c.To.Address())
	pair := wayPair{from.address, to.address}
	var refusals []error
	for _, way := range s.memory.order(pair) {
		carried, err := carriers[way](ctx, from, to, c)
		carried.Way, carried.Faithful, carried.Once = way, way != driver.WayMIME, way == driver.WayMove
		if err == nil {
			s.memory.worked(pair, way)
			return carried, nil
		}
		next := recourseAfter(way, err)
		if next == otherWayIfThere {
			// The answer is the truth, or what the server says instead of "not
			// between these mailboxes".
			if there, lookErr := bothThere(ctx, from, to, c); lookErr != nil || !there {
				return carried, errors.Join(err, lookErr)
			}
			next = otherWay
		}
		if next != final {
			s.memory.refused(pair, way)
		}
		if next != otherWay {
			// Whether this attempt left something behind has to be looked at
			// before another is made.
			return carried, errors.Join(append(refusals, err)...)
		}
		refusals = append(refusals, err)
	}
	return driver.Carried{}, refusedAll{errors.Join(refusals...)}
}

// bothThere reports whether the item and the folder it is to go to are there.
func bothThere(ctx context.Context, from, to *mailbox, c driver.Carriage) (bool, error) {
	if _, err := from.inspect(ctx, c.Item.ID); err != nil {
		if errors.Is(err, driver.ErrGone) {
			return false, nil
		}
		return false, err
	}
	_, err := to.folderByID(ctx, c.Folder.ID)
	if errors.Is(err, driver.ErrGone) {
		return false, nil
	}
	return err == nil, err
}

// refusedAll is the error when the server refuses every way.
type refusedAll struct{ error }

// Unwrap returns the refusals.
func (r refusedAll) Unwrap() error { return r.error }

// NotExecuted reports that nothing was done.
func (refusedAll) NotExecuted() bool { return true }

// carriers are the functions that carry.
var carriers = map[driver.Way]func(context.Context, *mailbox, *mailbox, driver.Carriage) (driver.Carried, error){
	driver.WayMove: carryByMove, driver.WayTransfer: carryByTransfer, driver.WayMIME: carryByMIME,
}
