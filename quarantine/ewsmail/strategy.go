package ewsmail

import (
	"context"
	"errors"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Options are the options of [NewFullAccess] and [NewImpersonation]. Nil or the zero
// value means the defaults.
type Options struct {
	// Ways are the ways to carry an item, in the order in which they are tried.
	// Default: all that the kind of access allows, the most faithful first.
	Ways []driver.Way

	// ScanRecoverableItems also searches Recoverable Items: what users have deleted and
	// can recover (Deletions), and what they cannot (Purges). Items found there are
	// restored to Deleted Items. It requires Exchange 2010 SP1 or later.
	ScanRecoverableItems bool

	// ScanOnlineArchive also searches the archive of each mailbox that has one and, with
	// ScanRecoverableItems, its Recoverable Items. It requires Exchange 2010 SP1 or
	// later.
	ScanOnlineArchive bool

	// Group names the group of a mailbox. The mailboxes of one group share connections
	// for notifications, up to 200 mailboxes on each. Set it for organisations in which
	// no single server serves all mailboxes; it may return Grouping as found by package
	// autodiscover. It is called often and must not block. Default: all mailboxes are in
	// one group, and a mailbox whose subscription fails there gets a connection of its
	// own.
	// subscription fails there gets its own connection.
	Group func(address string) string
}

// FullAccess is the [driver.Strategy] for a service account with the FullAccess
// right on the users' mailboxes and on the quarantine mailbox. It carries items
// with MoveItem across mailboxes, which preserves every property and the headers.
// If the server refuses that, it carries them like [Impersonation].
type FullAccess struct{ strategy }

// NewFullAccess returns the strategy for a client that signs in as the service
// account.
func NewFullAccess(client *ews.Client, opts *Options) (*FullAccess, error) {
	s, err := newStrategy(client, opts, true)
	if err != nil {
		return nil, err
	}
	s.x.view = client.Hooked(spending{}).ForMailbox
	s.x.remedy = "give the service account FullAccess to the mailbox (Add-MailboxPermission -Identity MAILBOX -User ACCOUNT -AccessRights FullAccess -AutoMapping $false)"
	return &FullAccess{strategy: s}, nil
}

// Name returns "fullAccess".
func (f *FullAccess) Name() string { return "fullAccess" }

// Impersonation is the [driver.Strategy] for an account with the ApplicationImpersonation
// role, or an application with full_access_as_app. It acts as the owner of each mailbox,
// who sees no other mailbox. So it exports items as one owner and uploads them as the
// other, or carries them as MIME if the server refuses that.
type Impersonation struct{ strategy }

// NewImpersonation returns the strategy for a client that signs in as the
// account that impersonates.
func NewImpersonation(client *ews.Client, opts *Options) (*Impersonation, error) {
	s, err := newStrategy(client, opts, false)
	if err != nil {
		return nil, err
	}
	s.x.view = client.Hooked(spending{}).Impersonating
	s.x.remedy = "give the account the right to impersonate its owner (New-ManagementRoleAssignment -Role ApplicationImpersonation -User ACCOUNT)"
	return &Impersonation{strategy: s}, nil
}

// Name returns "impersonation".
func (i *Impersonation) Name() string { return "impersonation" }

// strategy is what both strategies share.
type strategy struct {
	x      *organisation
	memory *wayMemory
}

func newStrategy(client *ews.Client, opts *Options, delegate bool) (strategy, error) {
	if client == nil {
		return strategy{}, errors.New("quarantine: the client of the strategy is nil; pass one, for example from ews.NewClient")
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	x := &organisation{delegate: delegate, mailboxes: make(map[string]*mailbox),
		recoverable: o.ScanRecoverableItems, archive: o.ScanOnlineArchive, bells: bells{group: o.Group}}
	ways, err := newWayMemory(o.Ways, delegate)
	return strategy{x, ways}, err
}

// System returns [driver.SystemEWS].
func (s strategy) System() string { return driver.SystemEWS }

// Mailbox returns access to a mailbox.
func (s strategy) Mailbox(address string) driver.Mailbox { return s.x.mailbox(address) }

// Carry takes an item to the other mailbox, in the first way that the server does not
// refuse. It does not retry ways that were recently refused between these two mailboxes,
// or for this item, for an hour.
func (s strategy) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	carried, err := s.carry(ctx, c)
	return carried, translate(err)
}

func (s strategy) carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	from, to := s.x.mailbox(c.From.Address()), s.x.mailbox(c.To.Address())
	pair := wayPair{from.address, to.address, c.Item.ID}
	var refusals []error
	for _, way := range s.memory.order(pair, c) {
		carried, err := carriers[way](ctx, from, to, c)
		carried.Way, carried.Faithful, carried.Once = way, way != driver.WayMIME, way == driver.WayMove
		if err == nil {
			s.memory.worked(pair, way)
			return carried, nil
		}
		next, who := recourseAfter(way, err)
		switch next {
		case otherWayIfThere:
			// Either the answer is literally true, or the server means "not between these
			// mailboxes".
			if there, lookErr := bothThere(ctx, from, to, c); lookErr != nil || !there {
				return carried, attempt{errors.Join(err, lookErr), refusals}
			}
			next = otherWay
		case otherWayNextTime:
			next = final
			if s.memory.stumbled(pair, way) {
				next = otherWay
			}
		}
		if next != final {
			s.memory.refused(pair, way, who)
		}
		if next != otherWay || ctx.Err() != nil {
			// Before another attempt, the engine must check whether this one left
			// anything behind.
			return carried, attempt{err, refusals}
		}
		refusals = append(refusals, err)
	}
	if len(refusals) == 0 {
		refusals = append(refusals, errors.New("no other way to carry it is left"))
	}
	return driver.Carried{}, refusedAll{errors.Join(refusals...)}
}

// bothThere reports whether both the item and the target folder exist.
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

// attempt is the error of the last way that was tried. It means what that error means:
// nothing was done before it.
type attempt struct {
	error
	refusals []error // of the ways before it
}

// Unwrap returns the error of the last way.
func (a attempt) Unwrap() error { return a.error }

// Error returns the reasons why all ways failed.
func (a attempt) Error() string {
	return errors.Join(append(slices.Clip(a.refusals), a.error)...).Error()
}

// refusedAll is the error when the server refuses every way.
type refusedAll struct{ error }

// Unwrap returns the refusals.
func (r refusedAll) Unwrap() error { return r.error }

// NotExecuted reports that nothing was done.
func (refusedAll) NotExecuted() bool { return true }

// Temporary reports whether one of the ways may work later.
func (r refusedAll) Temporary() bool {
	joined, _ := r.error.(interface{ Unwrap() []error })
	return joined != nil && slices.ContainsFunc(joined.Unwrap(), transient)
}

// carriers are the functions that carry an item, by way.
var carriers = map[driver.Way]func(context.Context, *mailbox, *mailbox, driver.Carriage) (driver.Carried, error){
	driver.WayMove: carryByMove, driver.WayTransfer: carryByTransfer, driver.WayMIME: carryByMIME,
}
