package graphmail

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// waysOf checks the ways that are allowed.
func waysOf(chosen []driver.Way) ([]driver.Way, error) {
	for _, w := range chosen {
		if carriers[w] == nil {
			return nil, driver.Invalid("options", "Ways", fmt.Sprintf("contains %q, which is not possible over Graph; use only %q", w, []driver.Way{driver.WayTransfer, driver.WayRecreate}))
		}
	}
	if len(chosen) == 0 {
		return []driver.Way{driver.WayTransfer}, nil
	}
	return slices.Clone(chosen), nil
}

// carriers are the functions that carry an item, by way.
var carriers = map[driver.Way]func(*Strategy, context.Context, driver.Carriage) (driver.Carried, error){
	driver.WayTransfer: (*Strategy).transfer, driver.WayRecreate: (*Strategy).recreate,
}

// carry takes an item to the other mailbox, in the first way that Graph does not refuse.
func (s *Strategy) carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	var refusals []error
	for _, way := range s.ways {
		if c.Only != "" && c.Only != way || slices.Contains(c.Except, way) {
			continue
		}
		carried, err := carriers[way](s, ctx, c)
		carried.Way, carried.Faithful = way, way == driver.WayTransfer
		if err == nil {
			return carried, nil
		}
		if !refusesWay(err) || ctx.Err() != nil {
			return carried, before(err, refusals)
		}
		refusals = append(refusals, err)
	}
	if len(refusals) == 0 {
		return driver.Carried{}, errNoWay
	}
	// Nothing was done in any way. Report the last refusal as the answer of Graph.
	last := len(refusals) - 1
	return driver.Carried{}, before(refusals[last], refusals[:last])
}

// errNoWay is the error when no way is left to try.
var errNoWay = &driver.Error{
	Err:       errors.New("no other way to carry it is left: Graph exports and imports items, or makes messages anew if that is allowed, and cannot move them to another mailbox"),
	Untouched: true, Answered: true,
}

// refusesWay reports whether Graph has permanently refused to carry an item in one way,
// so that another may work. No other way helps if the item is gone, or a mailbox is full
// or closed.
func refusesWay(err error) bool {
	err = translate(err)
	switch {
	case !driver.Untouched(err) || !driver.Answered(err) || driver.Temporary(err):
		return false
	case errors.Is(err, driver.ErrGone), errors.Is(err, driver.ErrConflict), errors.Is(err, driver.ErrUnreachable), errors.Is(err, graph.ErrSignIn):
		return false
	}
	// What is in Recoverable Items could be made anew, but perhaps not removed.
	return !graph.Has(err, "ErrorQuotaExceeded") && !errors.Is(err, errRecoverable)
}

// before returns the error of a way, together with the reasons for earlier refusals. It
// means what the error of that way means.
func before(err error, refusals []error) error {
	if len(refusals) == 0 {
		return err
	}
	e := *translate(err).(*driver.Error)
	e.Err = fmt.Errorf("%w; before: %w", e.Err, errors.Join(refusals...))
	return &e
}

// transfer exports the item and streams it into an import.
func (s *Strategy) transfer(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	t := transfer{c: c, from: s.mailbox(c.From.Address()), to: s.mailbox(c.To.Address())}
	var carried driver.Carried
	if err := t.prepare(ctx); err != nil {
		return carried, readOnly{err}
	}
	ctx, done, err := s.reserve(ctx, t.from, t.to)
	if err != nil {
		return carried, readOnly{err}
	}
	defer done()
	err = t.run(ctx)
	if graph.SessionOver(err) {
		err = t.again(ctx, err)
	}
	if err == nil {
		carried.ItemID = t.copied
	}
	return carried, err
}

// transfer is one item on its way.
type transfer struct {
	c              driver.Carriage
	from, to       *mailbox
	source, target graph.Mailbox
	sourceID       string
	session        graph.ImportSession
	copied         string // id of the copy, empty if the import returned an id of another kind
}

// prepare requests everything needed besides the item. The answers are remembered.
func (t *transfer) prepare(ctx context.Context) (err error) {
	if t.source, err = t.from.open(ctx); err != nil {
		return err
	}
	if t.target, err = t.to.open(ctx); err != nil {
		return err
	}
	if t.sourceID, err = t.from.transferID(ctx, t.source); err != nil {
		return explained(err)
	}
	t.session, err = t.to.imports(ctx, t.target)
	return explained(err)
}

// run exports the item once and imports it once, and repeats that with other ids if Graph
// refuses the ids used for mail.
func (t *transfer) run(ctx context.Context) error {
	own := t.from.s.own.Load()
	err := t.once(ctx, own)
	if own || !unknownIDs(err) {
		return err
	}
	if again := t.once(ctx, true); !errors.Is(again, errNoOwn) {
		if again == nil {
			t.from.s.own.Store(true)
		}
		return again
	}
	return err
}

// unknownIDs reports whether Graph has refused a transfer because of its ids, or, as the
// import host does, without saying why.
func unknownIDs(err error) bool {
	e, ok := errors.AsType[*graph.Error](err)
	return ok && e.NotExecuted() && (graph.Has(err, graph.CodeInvalidID) || e.Status == http.StatusBadRequest)
}

// errNoOwn is the error when other ids cannot be found.
var errNoOwn = errors.New("the ids of export and import are not to be found")

// once exports the item once and imports it once. If own is set, it first looks up the
// ids that export and import use for the item and the folder.
func (t *transfer) once(ctx context.Context, own bool) error {
	item, folder := t.c.Item.ID, t.c.Folder.ID
	if own {
		var itemErr, folderErr error
		item, itemErr = t.ownItem(ctx)
		folder, folderErr = t.ownTarget(ctx)
		if err := errors.Join(itemErr, folderErr); err != nil {
			return readOnly{fmt.Errorf("%w: %w", errNoOwn, explained(err))}
		}
	}
	data, err := t.source.ExportItem(ctx, t.sourceID, item)
	if err != nil {
		// Nothing has been imported yet.
		if t.c.Item.Folder.Recoverable && errors.Is(err, graph.ErrGone) && t.there(ctx) {
			return errRecoverable
		}
		return readOnly{explained(asGone(err))}
	}
	defer data.Close()
	id, err := t.target.Import(ctx, t.session, folder, data, t.c.Item.Size)
	if failed, ok := errors.AsType[*graph.SourceError](err); ok {
		return readOnly{asGone(failed)}
	}
	if t.copied = id; own {
		t.copied = "" // these ids differ from those of messages; the copy is found by its stamp
	}
	return err
}

// errRecoverable is the error of an item that Graph shows but does not export.
var errRecoverable = &driver.Error{
	Err:       errors.New("nothing can be exported from Recoverable Items over Graph, so it stays there, and its owner can recover it: quarantine it when it is back, or over EWS while that lasts"),
	Untouched: true, Answered: true,
}

// there reports whether the item is still where it was.
func (t *transfer) there(ctx context.Context) bool {
	_, err := t.source.Message(ctx, t.c.Item.ID, []string{"id"}, nil)
	return err == nil
}

// ownTarget returns the id that imports use for the folder.
func (t *transfer) ownTarget(ctx context.Context) (string, error) {
	id, err := t.to.transferID(ctx, t.target)
	if err != nil {
		return "", err
	}
	return t.to.ownFolder(ctx, t.target, id, t.c.Folder.ID)
}

// again repeats an import whose session had expired, with a new session. It first checks
// that nothing was created.
func (t *transfer) again(ctx context.Context, refusal error) error {
	t.to.endImports()
	if t.c.Item.Stamp == nil {
		return refusal
	}
	found, err := t.to.find(ctx, driver.Query{Operation: t.c.Item.Stamp.Operation, In: &t.c.Folder})
	switch {
	case err != nil, len(found.Unsearched) > 0:
		return errors.Join(refusal, err)
	case len(found.Items) > 0:
		return fmt.Errorf("there is something with its stamp in the folder: %w", doubtful{refusal})
	}
	if t.session, err = t.to.imports(ctx, t.target); err != nil {
		return readOnly{explained(err)}
	}
	return t.run(ctx)
}

// doubtful is an error after which something was done, or may have been, whatever the
// error itself says.
type doubtful struct{ error }

// Unwrap returns the error.
func (e doubtful) Unwrap() error { return e.error }

// NotExecuted returns false: something may have been created.
func (doubtful) NotExecuted() bool { return false }

// explained adds which right is missing, if one is.
func explained(err error) error {
	if errors.Is(err, graph.ErrDenied) {
		return fmt.Errorf("give the application MailboxItem.ImportExport.All, MailboxItem.Read.All, MailboxFolder.Read.All and User.Read.All, with admin consent; sovereign clouds have no export and import: %w", err)
	}
	return err
}

// reserve reserves the two requests that a transfer needs, and reports how long that
// took.
//
// While in flight, one request may wait for the other. That can deadlock, unless both are
// reserved together, or every waiter holds only requests that come earlier in a fixed
// order. The quarantine mailbox, if it is known, comes last in that order: nobody then
// holds one of its three requests while waiting for anything else. So only the request to
// the other mailbox is reserved. The reservation is also what a limiter with a bound for
// all mailboxes counts, so the second request does not wait for that bound.
func (s *Strategy) reserve(ctx context.Context, from, to *mailbox) (context.Context, func(), error) {
	payers := []string{from.payer(), to.payer()}
	switch {
	case s.vault == "" || payers[0] == payers[1]:
	case payers[1] == s.vault:
		payers = payers[:1]
	case payers[0] == s.vault:
		payers = payers[1:]
	}
	began := time.Now()
	reserved, done, err := s.client.Reserve(ctx, payers...)
	if waited := time.Since(began); waited > 0 {
		driver.Spend(ctx, driver.Spending{Unsent: true, Waited: waited, Payer: from.payer()})
	}
	return reserved, done, err
}
