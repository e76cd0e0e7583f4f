package ewsmail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// rings are the events after which something may have come into a folder.
var rings = []ews.EventKind{ews.EventNewMail, ews.EventCreated, ews.EventMoved, ews.EventCopied}

// Listen listens to a folder over a connection of GetStreamingEvents, which the mailboxes of
// the strategy share; over one of its own if its subscription fails there; or with GetEvents,
// every 20 seconds, if such connections are refused or do not last. A delegate may subscribe
// to nothing.
func (m *mailbox) Listen(ctx context.Context, folder driver.Folder, ring func()) error {
	return translate(asUnsupported(m.listen(ctx, folder, ring)))
}

// demotion is how long a mailbox, or a strategy, does without what did not work.
const demotion = time.Hour

// trouble is what a mailbox has met with listening; guarded by x.bells.mu.
type trouble struct {
	last  time.Time // when its subscription failed
	alone time.Time // until then it has its own connection
	pulls time.Time // until then it has none
}

func (m *mailbox) listen(ctx context.Context, folder driver.Folder, ring func()) error {
	b := &m.x.bells
	alone, pulls := b.how(m, time.Now())
	if !pulls.IsZero() {
		return m.pull(ctx, folder, ring, pulls)
	}
	err := b.listen(ctx, m, folder, ring, alone)
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case errors.Is(err, ews.ErrUnsupportedVersion):
		return m.pull(ctx, folder, ring, time.Now().Add(demotion))
	case errors.Is(asUnsupported(err), errors.ErrUnsupported):
		return err
	}
	if _, own := errors.AsType[*ownError](err); own {
		b.refused(m, alone, time.Now())
	}
	return err
}

// ownError is a failure of the subscription of one mailbox, not of a connection that others
// share.
type ownError struct{ error }

// Unwrap returns the failure.
func (e *ownError) Unwrap() error { return e.error }

// how returns how a mailbox listens: over a connection that it shares, over one of its own,
// or, until a time, over none.
func (b *bells) how(m *mailbox, now time.Time) (alone bool, pulls time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	pulls = m.trouble.pulls
	if b.pulls.After(pulls) {
		pulls = b.pulls
	}
	if !pulls.After(now) {
		pulls = time.Time{}
	}
	return m.trouble.alone.After(now), pulls
}

// refused notes that the subscription of a mailbox failed. A subscription may be lost, as
// when the mailbox is moved; but the second time within 10 minutes is one too many.
func (b *bells) refused(m *mailbox, alone bool, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	again := now.Sub(m.trouble.last) < 10*time.Minute
	m.trouble.last = now
	switch {
	case again && alone:
		m.trouble.pulls = now.Add(demotion)
	case again:
		m.trouble.alone, m.trouble.last = now.Add(demotion), time.Time{}
	}
}

// pullEvery is how often events are asked for without a connection.
const pullEvery = 20 * time.Second

// pull asks for the events of a folder until a time, when a connection is tried again.
func (m *mailbox) pull(ctx context.Context, folder driver.Folder, ring func(), until time.Time) error {
	client := m.client.WithAffinity(m.client.Affinity(m.address))
	sub, err := client.Subscribe(ctx, ews.SubscribeRequest{Folders: []ews.FolderRef{m.reference(folder)}, Events: rings})
	if err != nil {
		return err
	}
	defer unsubscribe(ctx, client, sub.ID)
	ring()
	tick := time.NewTicker(pullEvery)
	defer tick.Stop()
	watermark, more := sub.Watermark, false
	for more || time.Now().Before(until) {
		if !more {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		got, err := client.GetEvents(ctx, sub.ID, watermark)
		if err != nil {
			return err
		}
		if comes(got.Events, folder) {
			ring()
		}
		more = got.More && got.Watermark != watermark
		watermark = got.Watermark
	}
	return nil
}

// unsubscribe ends a subscription. Unless the server has ended it, it would count against
// the account for half an hour.
func unsubscribe(ctx context.Context, client *ews.Client, id string) {
	over, cancel := context.WithTimeout(context.WithoutCancel(ctx), unsubscribing)
	defer cancel()
	_ = client.Unsubscribe(over, id)
}

// unsubscribing is how long the end of a subscription is waited for.
const unsubscribing = 5 * time.Second

// comes reports whether something has come into a folder: what leaves it rings as well.
func comes(events []ews.Event, folder driver.Folder) bool {
	for _, e := range events {
		if e.Kind != ews.EventStatus && (folder.ID == "" || e.Parent.ID == folder.ID) {
			return true
		}
	}
	return false
}

// asUnsupported wraps err in [errors.ErrUnsupported] if the server lets the account
// subscribe to nothing.
func asUnsupported(err error) error {
	if errors.Is(err, ews.ErrUnsupportedVersion) {
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	}
	if refused, ok := errors.AsType[*ews.ResponseError](err); ok {
		switch refused.Code {
		case "ErrorSubscriptionDelegateAccessNotSupported", "ErrorMissingEmailAddress", "ErrorInvalidSubscriptionRequest":
			return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
		}
	}
	return err
}
