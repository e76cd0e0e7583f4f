package live

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// roundTrips quarantines a message and restores it, by each way alone and then as the SDK
// chooses. A way that the server refuses is only reported; a message that comes back must
// be whole.
func roundTrips(ctx context.Context, l *Lab) error {
	all := []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME}
	if l.cfg.Access == exchange.Impersonation {
		all = all[1:] // the SDK moves nothing under impersonation
	}
	var errs []error
	for _, way := range all {
		if _, err := l.roundTrip(ctx, "round trip by "+string(way), []driver.Way{way}); err != nil {
			errs = append(errs, err)
		}
	}
	done, err := l.roundTrip(ctx, "round trip as the SDK chooses", all)
	if err == nil && !done {
		err = errors.New("no way carries a message into quarantine")
	}
	return errors.Join(append(errs, err)...)
}

// roundTrip reports whether the message went to quarantine and back. The error reports
// that it went but did not come back as it was.
func (l *Lab) roundTrip(ctx context.Context, topic string, by []driver.Way) (bool, error) {
	service, err := l.service(by)
	if err != nil {
		return false, err
	}
	defer service.Close()
	mark := strings.ReplaceAll(topic, " ", "-")
	m, err := l.message(ctx, mark)
	if err != nil {
		return false, err
	}
	before, err := l.look(ctx, l.user.client, m.id)
	if err != nil {
		return false, err
	}
	target := quarantine.Target{Mailbox: l.settings.Mailbox, MessageID: m.messageID, Reason: "live suite"}
	took, err := service.Quarantine(ctx, target)
	if err != nil {
		return false, fmt.Errorf("%s: %w", topic, err)
	}
	if took.Outcome() != quarantine.Quarantined {
		l.Report.Add(topic, "%s: %s", took.Outcome(), describe(took.Err()))
		return false, l.unharmed(ctx, topic, m, before)
	}
	way := took.Items[0].Way
	if err := l.gone(ctx, m); err != nil {
		return true, fmt.Errorf("%s, by %s: %w", topic, way, err)
	}
	back, err := service.Restore(ctx, took)
	if err != nil {
		return true, fmt.Errorf("%s: restore: %w", topic, err)
	}
	if back.Outcome() != quarantine.Restored {
		return true, fmt.Errorf("%s: restore: %s: %w", topic, back.Outcome(), back.Err())
	}
	l.Report.Add(topic, "by %s, and back by %s; %s", way, back.Items[0].Way, l.came(ctx, m, mark, before, &err))
	if err != nil {
		return true, fmt.Errorf("%s: %w", topic, err)
	}
	return true, nil
}

// service returns a service that carries by these ways only.
func (l *Lab) service(by []driver.Way) (*quarantine.Service, error) {
	var strategy driver.Strategy
	var err error
	opts := &ewsmail.Options{Ways: by}
	if l.cfg.Access == exchange.Impersonation {
		strategy, err = ewsmail.NewImpersonation(l.client, opts)
	} else {
		strategy, err = ewsmail.NewFullAccess(l.client, opts)
	}
	if err != nil {
		return nil, err
	}
	cfg := l.cfg.WithDefaults()
	return quarantine.New(strategy, cfg.QuarantineMailbox, &quarantine.Options{
		Name: "live", QuarantineFolder: cfg.QuarantineFolder, LeaveRecoverable: cfg.LeaveRecoverable,
		SearchLag: l.settings.Wait, WriteDoubt: time.Duration(l.cfg.WriteDoubt),
	})
}

// gone returns an error unless the message is gone from the user's mailbox.
func (l *Lab) gone(ctx context.Context, m *made) error {
	_, err := first(l.user.client.GetItem(ctx, ews.GetItemRequest{IDs: []ews.ItemID{{ID: m.id.ID}}}))
	if !errors.Is(err, ews.ErrNotFound) {
		return fmt.Errorf("the original is still there: %s", describe(err))
	}
	return nil
}

// came compares the message that has come back, which must be whole and carry no stamp.
func (l *Lab) came(ctx context.Context, m *made, mark string, before portrait, failed *error) string {
	id, err := l.only(ctx, l.user, mark)
	if err != nil {
		*failed = err
		return "it is not where it was"
	}
	after, err := l.look(ctx, l.user.client, id)
	if err != nil {
		*failed = err
		return "it cannot be read"
	}
	stamp := ews.ExtendedField{GUID: driver.StampSet, Name: driver.StampState, Type: ews.TypeString}
	it, err := first(l.user.client.GetItem(ctx, ews.GetItemRequest{IDs: []ews.ItemID{{ID: id.ID}}, Shape: ews.ItemShape{Properties: []ews.PropertyPath{stamp}}}))
	if err == nil {
		if _, ok := it.Property(stamp); ok {
			err = errors.New("it still has a stamp")
		}
	}
	if wrong := damaged(before, after); len(wrong) > 0 {
		err = errors.Join(err, fmt.Errorf("%s has come back otherwise: %s", m.messageID, strings.Join(wrong, ", ")))
	}
	*failed = err
	return compare(before, after)
}

// unharmed returns an error unless a message that was not taken is unchanged.
func (l *Lab) unharmed(ctx context.Context, topic string, m *made, before portrait) error {
	after, err := l.look(ctx, l.user.client, m.id)
	if err != nil {
		return fmt.Errorf("%s: refused, and the original cannot be read any more: %w", topic, err)
	}
	if wrong := damaged(before, after); len(wrong) > 0 {
		return fmt.Errorf("%s: refused, but the original has changed: %s", topic, strings.Join(wrong, ", "))
	}
	return nil
}
