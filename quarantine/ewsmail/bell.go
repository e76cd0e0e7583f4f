package ewsmail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// rings are the events that may mean that something has come into a folder.
var rings = []ews.EventKind{ews.EventNewMail, ews.EventCreated, ews.EventMoved, ews.EventCopied}

// Listen listens to a folder over a connection of GetStreamingEvents that the mailboxes
// of the strategy share. If the subscription fails there, it uses a connection of its
// own. If such connections are refused or do not last, it calls GetEvents every 20
// seconds. A delegate may not subscribe to anything.
func (m *mailbox) Listen(ctx context.Context, folder driver.Folder, ring func()) error {
	return translate(asUnsupported(m.listen(ctx, folder, ring)))
}

// demotion is how long a mailbox, or a strategy, avoids a method that did not work.
const demotion = time.Hour

// trouble records the failures of a mailbox to listen; guarded by x.bells.mu.
type trouble struct {
	last  time.Time // when its subscription failed
	alone time.Time // until when it has a connection of its own
	pulls time.Time // until when it polls
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

// how returns whether a mailbox listens over a connection of its own, and until when, if
// at all, it polls instead.
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

// refused notes that the subscription of a mailbox failed. A single loss is normal, for
// example when the mailbox is moved; a second one within 10 minutes is too many.
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

// pullEvery is how often pull asks for events.
const pullEvery = 20 * time.Second

// pull polls for the events of a folder until a given time, when a connection is worth
// trying again.
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

// unsubscribe ends a subscription. Otherwise, unless the server has ended it, it would
// count against the account for half an hour.
func unsubscribe(ctx context.Context, client *ews.Client, id string) {
	over, cancel := context.WithTimeout(context.WithoutCancel(ctx), unsubscribing)
	defer cancel()
	_ = client.Unsubscribe(over, id)
}

// unsubscribing is how long unsubscribe waits for the server.
const unsubscribing = 5 * time.Second

// comes reports whether something has come into the folder: items that leave it cause
// events, too.
func comes(events []ews.Event, folder driver.Folder) bool {
	for _, e := range events {
		if e.Kind != ews.EventStatus && (folder.ID == "" || e.Parent.ID == folder.ID) {
			return true
		}
	}
	return false
}

// asUnsupported wraps err in [errors.ErrUnsupported] if the server does not let the
// account subscribe to anything.
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
