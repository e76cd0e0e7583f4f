package ewsmail

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// candidatesPerPage is how many items one FindItem returns: with a restriction, Exchange
// 2013 and later return no more. detailsPerCall is how many items one GetItem asks for.
// For 10,000 messages that makes 40 and 80 requests.
const (
	candidatesPerPage = 250
	detailsPerCall    = 125
)

// candidates visits the items that may match criteria, with the properties that the
// criteria need. The items that the server finds by its record of the sender come first,
// but that record is too incomplete to rule out the others.
func (m *mailbox) candidates(ctx context.Context, filter driver.Criteria, q driver.Query, visit func(driver.Candidate) error) (driver.Findings, error) {
	e := &examiner{mailbox: m, criteria: filter, properties: detailProperties(filter), visit: visit}
	restriction := append(queryRestriction(q), criteriaRestriction(filter)...)
	if filter.Sender != "" {
		e.early = make(map[string]driver.Item)
		if found, err := m.bySender(ctx, e, q, restriction); err != nil {
			return found, err
		}
	}
	e.all = true
	found, err := (&finder{mailbox: m, query: q, restriction: restriction, examiner: e}).run(ctx)
	if err != nil {
		return found, err
	}
	return found, e.moved(found.Searched)
}

// bySender visits the items that the server finds by the sender. Whatever cannot be
// searched this way is left to the next look.
func (m *mailbox) bySender(ctx context.Context, e *examiner, q driver.Query, restriction ews.And) (driver.Findings, error) {
	known := senderRestriction(e.criteria.Sender)
	for _, sender := range []ews.Or{
		append(slices.Clip(known), containing(ews.PidTagTransportMessageHeaders, e.criteria.Sender)),
		known, // a server may refuse to search so long a text, or take too long
	} {
		f := &finder{mailbox: m, query: q, restriction: append(slices.Clip(restriction), sender), examiner: e, first: true}
		found, err := f.run(ctx)
		switch last := len(sender) == len(known); {
		case e.stopped != nil, ctx.Err() != nil, errors.Is(err, driver.ErrUnreachable):
			return found, err
		case err == nil && len(found.Unsearched) == 0:
			return found, nil
		case err != nil && last && !restrictionRefused(err) && !pageFails(err):
			return found, err
		}
	}
	return driver.Findings{}, nil
}

// open opens the MIME form of an item.
func (m *mailbox) open(ctx context.Context, it driver.Item) (io.ReadCloser, error) {
	message, err := m.client.OpenMIME(ctx, ews.ItemID{ID: it.ID})
	if err != nil {
		return nil, asGone(err)
	}
	return message, nil
}

// detailProperties are the properties that criteria need but a search does not return.
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
	if len(properties) > 0 || filter.ReplyTo != "" {
		properties = append(properties, ews.PidTagTransportMessageHeaders, ews.PidTagMessageFlags)
		if filter.Sender == "" {
			properties = append(properties, ews.PidTagSenderSMTPAddress) // identifies the owner's own messages
		}
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
	properties []ews.PropertyPath // empty: a search returns everything needed
	visit      func(driver.Candidate) error
	stopped    error // error of visit

	early map[string]driver.Item // found by the sender, and not seen again; by id
	all   bool                   // set for the second look, which covers everything
}

// examine visits items. It returns the error of visit, or of a GetItem that failed as a
// whole.
func (e *examiner) examine(ctx context.Context, items []driver.Item) error {
	for _, it := range items {
		switch {
		case e.all:
			delete(e.early, it.ID)
		case e.early != nil:
			e.early[it.ID] = it
		}
	}
	items, undated := e.dated(items)
	var unread []driver.Item
	for _, it := range undated {
		if !isMail(it) {
			unread = append(unread, it)
			continue
		}
		if err := e.show(driver.Candidate{Item: it, Err: errUndated}); err != nil {
			return err
		}
	}
	// Servers compare subjects loosely, so they also return items that do not match.
	items = slices.DeleteFunc(slices.Clone(items), func(it driver.Item) bool { return !e.criteria.MayMatch(it) })
	for _, it := range items {
		if len(e.properties) > 0 || !isMail(it) {
			unread = append(unread, it)
			continue
		}
		if err := e.show(driver.Candidate{Item: it}); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(unread, detailsPerCall) {
		if err := e.read(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// moved visits the items that were found by the sender and are no longer where they were.
// They may also have been found elsewhere.
func (e *examiner) moved(searched []driver.Searched) error {
	whole := make(map[string]bool)
	for _, s := range searched {
		whole[s.Folder.ID] = true
	}
	for _, it := range e.early {
		if !whole[it.Folder.ID] {
			continue
		}
		if err := e.show(driver.Candidate{Item: it, Err: driver.ErrGone}); err != nil {
			return err
		}
	}
	return nil
}

// read reads the properties of items, and visits those that are messages.
func (e *examiner) read(ctx context.Context, items []driver.Item) error {
	request := ews.GetItemRequest{Shape: ews.ItemShape{Properties: e.properties}}
	doubtful := false
	for _, it := range items {
		request.IDs = append(request.IDs, ews.ItemID{ID: it.ID})
		doubtful = doubtful || !isMail(it)
	}
	if doubtful && !slices.Contains(e.properties, ews.PropertyPath(ews.PidTagTransportMessageHeaders)) {
		request.Shape.Properties = append(slices.Clip(e.properties), ews.PidTagTransportMessageHeaders)
	}
	results, err := e.mailbox.client.GetItem(ctx, request)
	if err != nil {
		return err
	}
	for i, r := range results {
		c := e.mailbox.candidate(items[i], r)
		if c.Err == nil && c.Header == "" && !isMail(c.Item) {
			continue // made by the owner
		}
		if c.Err == nil && c.Item.Received.IsZero() && e.timed() {
			c.Err = errUndated
		}
		if err := e.show(c); err != nil {
			return err
		}
	}
	return nil
}

// errUndated is the error of a candidate without a time of receipt, if the criteria need
// one.
var errUndated = &driver.Error{
	Err:       errors.New("the server does not say when the message was received, so whether it matches is unknown"),
	Untouched: true, Answered: true,
}

// dated separates out the items that have no time of receipt but match otherwise, if the
// criteria ask for that time.
func (e *examiner) dated(items []driver.Item) (dated, undated []driver.Item) {
	timeless := e.criteria
	timeless.ReceivedAfter, timeless.ReceivedBefore = time.Time{}, time.Time{}
	if !e.timed() {
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

// timed reports whether the criteria ask for a time of receipt.
func (e *examiner) timed() bool {
	return !e.criteria.ReceivedAfter.IsZero() || !e.criteria.ReceivedBefore.IsZero()
}

func (e *examiner) show(c driver.Candidate) error {
	e.stopped = e.visit(c)
	return e.stopped
}

// candidate combines an item with the properties read for it.
func (m *mailbox) candidate(it driver.Item, r ews.Result[ews.Item]) driver.Candidate {
	if r.Err != nil {
		return driver.Candidate{Item: it, Err: translate(asGone(r.Err))}
	}
	raw := r.Value
	value := func(f ews.ExtendedField) string { p, _ := raw.Property(f); return p.Value }
	it.Attachments = attachments(raw)
	c := driver.Candidate{Item: it, Header: value(ews.PidTagTransportMessageHeaders), Senders: []driver.Party{
		party(raw.Sender, value(ews.PidTagSenderSMTPAddress), value(pidTagSenderEmailAddress)),
		party(raw.From, value(pidTagSentRepresentingSMTPAddress), value(pidTagSentRepresentingEmailAddress)),
	}}
	for _, who := range slices.Concat(raw.To, raw.Cc, raw.Bcc) {
		c.Recipients = append(c.Recipients, party(who))
	}
	// A received message has a header and is not a draft.
	flags, _ := strconv.Atoi(value(ews.PidTagMessageFlags))
	c.Own = c.Header == "" && (flags&flagUnsent != 0 || strings.EqualFold(value(ews.PidTagSenderSMTPAddress), m.address))
	return c
}

// nameless stands for the address of a person for whom the server returns only a name.
// Like an X.500 name, it could be anyone's.
const nameless = "/NAME"

// party returns the addresses of a person.
func party(who ews.Mailbox, more ...string) driver.Party {
	all := append([]string{who.EmailAddress}, more...)
	blank := !slices.ContainsFunc(all, func(a string) bool { return strings.TrimSpace(a) != "" })
	if blank && who.Name != "" && !strings.HasPrefix(strings.ToLower(who.Name), "undisclosed") { // RFC 5322, section 3.4
		return driver.Party{Addresses: []string{nameless}}
	}
	return driver.Party{Addresses: all}
}
