package ewsmail

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// detailsPerCall is how many items one GetItem asks for.
const detailsPerCall = 10

// candidates visits the items that may match criteria, with the properties that
// the criteria need.
func (m *mailbox) candidates(ctx context.Context, filter driver.Criteria, q driver.Query, visit func(driver.Candidate) error) (driver.Findings, error) {
	f := &finder{
		mailbox: m, query: q, restriction: append(queryRestriction(q), criteriaRestriction(filter)...),
		examiner: &examiner{mailbox: m, criteria: filter, properties: detailProperties(filter), visit: visit},
	}
	return f.run(ctx)
}

// open opens the MIME form of an item.
func (m *mailbox) open(ctx context.Context, it driver.Item) (io.ReadCloser, error) {
	message, err := m.client.OpenMIME(ctx, ews.ItemID{ID: it.ID})
	if err != nil {
		return nil, asGone(err)
	}
	return message, nil
}

// detailProperties are the properties that criteria need and a search does not
// return.
func detailProperties(filter driver.Criteria) []ews.PropertyPath {
	var properties []ews.PropertyPath
	if filter.Sender != "" {
		properties = append(properties, ews.FieldFrom, ews.FieldSender)
		for _, f := range senderAddresses {
			properties = append(properties, f)
		}
	}
	if filter.Recipient != "" {
		properties = append(properties, ews.FieldToRecipients, ews.FieldCcRecipients, ews.FieldBccRecipients)
	}
	if filter.AttachmentName != "" || filter.AttachmentSHA256 != "" {
		properties = append(properties, ews.FieldAttachments)
	}
	return properties
}

var senderAddresses = []ews.ExtendedField{
	ews.PidTagSenderSMTPAddress, pidTagSentRepresentingSMTPAddress, pidTagSenderEmailAddress, pidTagSentRepresentingEmailAddress,
}

// examiner reads the properties that a search does not return, and passes the
// items to the engine.
type examiner struct {
	mailbox    *mailbox
	criteria   driver.Criteria
	properties []ews.PropertyPath // empty: a search returns all that is needed
	visit      func(driver.Candidate) error
	stopped    error // of visit
}

// examine visits items. The error is that of visit, or of a GetItem that failed
// as a whole.
func (e *examiner) examine(ctx context.Context, items []driver.Item) error {
	items, undated := e.dated(items)
	for _, it := range undated {
		if err := e.show(driver.Candidate{Item: it, Err: errUndated}); err != nil {
			return err
		}
	}
	if len(e.properties) == 0 {
		for _, it := range items {
			if err := e.show(driver.Candidate{Item: it}); err != nil {
				return err
			}
		}
		return nil
	}
	// Servers compare subjects word by word, so they return others, too.
	items = slices.DeleteFunc(slices.Clone(items), func(it driver.Item) bool { return !e.criteria.MayMatch(it) })
	for batch := range slices.Chunk(items, detailsPerCall) {
		request := ews.GetItemRequest{Shape: ews.ItemShape{Properties: e.properties}}
		for _, it := range batch {
			request.IDs = append(request.IDs, ews.ItemID{ID: it.ID})
		}
		results, err := e.mailbox.client.GetItem(ctx, request)
		if err != nil {
			return err
		}
		for i, r := range results {
			if err := e.show(candidate(batch[i], r)); err != nil {
				return err
			}
		}
	}
	return nil
}

// errUndated is the error of a candidate for criteria of time.
var errUndated = &driver.Error{
	Err:       errors.New("the server does not say when the message was received, so whether it matches is unknown"),
	Untouched: true, Answered: true,
}

// dated separates the items without a time of receipt that may match otherwise, if
// the criteria ask for that time.
func (e *examiner) dated(items []driver.Item) (dated, undated []driver.Item) {
	timeless := e.criteria
	timeless.ReceivedAfter, timeless.ReceivedBefore = time.Time{}, time.Time{}
	if e.criteria.ReceivedAfter.IsZero() && e.criteria.ReceivedBefore.IsZero() {
		return items, nil
	}
	for _, it := range items {
		switch {
		case !it.Received.IsZero():
			dated = append(dated, it)
		case timeless.MayMatch(it):
			undated = append(undated, it)
		}
	}
	return dated, undated
}

func (e *examiner) show(c driver.Candidate) error {
	e.stopped = e.visit(c)
	return e.stopped
}

// candidate adds to an item what was read of it.
func candidate(it driver.Item, r ews.Result[ews.Item]) driver.Candidate {
	if r.Err != nil {
		return driver.Candidate{Item: it, Err: translate(asGone(r.Err))}
	}
	raw := r.Value
	value := func(f ews.ExtendedField) string { p, _ := raw.Property(f); return p.Value }
	it.Attachments = attachments(raw)
	c := driver.Candidate{Item: it, Senders: []driver.Party{
		party(raw.Sender, value(ews.PidTagSenderSMTPAddress), value(pidTagSenderEmailAddress)),
		party(raw.From, value(pidTagSentRepresentingSMTPAddress), value(pidTagSentRepresentingEmailAddress)),
	}}
	for _, who := range slices.Concat(raw.To, raw.Cc, raw.Bcc) {
		c.Recipients = append(c.Recipients, party(who))
	}
	return c
}

// nameless stands for the address of somebody of whom a server returns only the name.
// Like an X.500 name, it may be anybody's.
const nameless = "/NAME"

// party returns somebody's addresses.
func party(who ews.Mailbox, more ...string) driver.Party {
	all := append([]string{who.EmailAddress}, more...)
	blank := !slices.ContainsFunc(all, func(a string) bool { return strings.TrimSpace(a) != "" })
	if blank && who.Name != "" && !strings.HasPrefix(strings.ToLower(who.Name), "undisclosed") { // RFC 5322, section 3.4
		return driver.Party{Addresses: []string{nameless}}
	}
	return driver.Party{Addresses: all}
}

// isMail reports whether an item is a message. Other items also have a subject
// and a time.
func isMail(raw ews.Item) bool {
	switch raw.Kind {
	case "Contact", "DistributionList", "Task":
		return false
	}
	return true
}
