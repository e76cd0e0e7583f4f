package ewsmail

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/conversation"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Properties that relate messages to each other, named after [MS-OXPROPS].
var (
	pidTagConversationTopic  = ews.ExtendedField{Tag: 0x0070, Type: ews.TypeString}
	pidTagConversationIndex  = ews.ExtendedField{Tag: 0x0071, Type: ews.TypeBinary}
	pidTagInternetReferences = ews.ExtendedField{Tag: 0x1039, Type: ews.TypeString}
	pidTagInReplyToID        = ews.ExtendedField{Tag: 0x1042, Type: ews.TypeString}
)

// forwarded returns the owner's forwards of a message and replies to it, from
// Sent Items and the folders below.
func (m *mailbox) forwarded(ctx context.Context, messageID string, limit int) ([]driver.Forwarded, error) {
	from, err := m.threads(ctx, messageID)
	if err != nil {
		return nil, err
	}
	ids, err := m.sentFolders(ctx)
	if err != nil {
		return nil, err
	}
	var candidates []ews.ItemID
	several := foldersPerCall
	if m.oneByOne() {
		several = 1
	}
	for batch := range slices.Chunk(ids, several) {
		request := ews.FindItemRequest{Restriction: follows(messageID, from.threads)}
		for _, id := range batch {
			request.Folders = append(request.Folders, ews.FolderID{ID: id})
		}
		for it, err := range m.client.FindItems(ctx, request) {
			if len(batch) > 1 && severalRefused(nil, err) {
				m.searchOneByOne()
				return m.forwarded(ctx, messageID, limit)
			}
			if err != nil {
				return nil, fmt.Errorf("searching Sent Items of %s: %w", m.address, m.unreachable(ctx, err))
			}
			if candidates = append(candidates, it.ID); len(candidates) > max(limit, 1)*forwardSlack {
				return nil, fmt.Errorf("%w: more than %d messages in Sent Items of %s may be forwards of it", driver.ErrTooMany, len(candidates)-1, m.address)
			}
		}
	}
	var found []driver.Forwarded
	for batch := range slices.Chunk(candidates, detailsPerCall) {
		more, err := m.passedOn(ctx, batch, messageID, from)
		if err != nil {
			return nil, err
		}
		if found = append(found, more...); len(found) > limit {
			return nil, fmt.Errorf("%w: more than %d messages in Sent Items of %s are forwards of it", driver.ErrTooMany, limit, m.address)
		}
	}
	return found, nil
}

// forwardSlack is how many candidates a server may return for each actual
// forward: many may have the same conversation topic.
const forwardSlack = 4

// sentFolders returns the ids of Sent Items and the folders below it.
func (m *mailbox) sentFolders(ctx context.Context) ([]string, error) {
	tree, err := m.folders(ctx, folderTTL)
	if err != nil {
		return nil, err
	}
	for id, name := range tree.Base {
		if name == string(ews.FolderSentItems) {
			return tree.within(id), nil
		}
	}
	return nil, fmt.Errorf("%w: %s has no Sent Items that the account can see", driver.ErrUnreachable, m.address)
}

// origin describes a message that may have been forwarded.
type origin struct {
	threads  []conversation.Thread
	received time.Time // of the first copy; zero if no copy was found
}

// forwardSkew is how much the clocks of the forwarding and the delivering machine may
// differ.
const forwardSkew = 15 * time.Minute

// threads returns the positions of the copies of a message in their conversations, and
// the time at which the first copy was received.
func (m *mailbox) threads(ctx context.Context, messageID string) (origin, error) {
	for again := false; ; again = true {
		found, err := m.find(ctx, driver.Query{MessageID: messageID})
		if err != nil {
			return origin{}, err
		}
		o, err := m.threadsOf(ctx, found.Items)
		if again || !errors.Is(err, ews.ErrNotFound) {
			return o, err
		}
		// The owner has moved it meanwhile.
	}
}

func (m *mailbox) threadsOf(ctx context.Context, items []driver.Item) (origin, error) {
	var o origin
	for _, it := range items {
		if o.received.IsZero() || it.Received.Before(o.received) {
			o.received = it.Received
		}
	}
	for batch := range slices.Chunk(items[:min(len(items), maxThreads)], detailsPerCall) {
		request := ews.GetItemRequest{Shape: ews.ItemShape{Properties: []ews.PropertyPath{pidTagConversationTopic, pidTagConversationIndex}}}
		for _, it := range batch {
			request.IDs = append(request.IDs, ews.ItemID{ID: it.ID})
		}
		results, err := m.client.GetItem(ctx, request)
		if err != nil {
			return origin{}, err
		}
		for _, r := range results {
			if r.Err != nil {
				return origin{}, fmt.Errorf("reading the conversation of the message in %s: %w", m.address, r.Err)
			}
			if t := threadOf(r.Value); t.Known() && !slices.ContainsFunc(o.threads, t.Equal) {
				o.threads = append(o.threads, t)
			}
		}
	}
	return o, nil
}

// maxThreads is how many copies of a message are read to learn their conversations.
const maxThreads = 20

func threadOf(it ews.Item) conversation.Thread {
	topic, _ := it.Property(pidTagConversationTopic)
	index, _ := it.Property(pidTagConversationIndex)
	return conversation.Read(topic.Value, index.Value)
}

// follows returns a restriction for messages that name a message or share its
// conversation topic: servers cannot search for the prefix of a conversation index.
func follows(messageID string, threads []conversation.Thread) ews.Restriction {
	bare := driver.BareMessageID(messageID)
	any := ews.Or{
		ews.Contains{Property: pidTagInReplyToID, Value: bare, Mode: ews.ModeSubstring, Comparison: ews.ComparisonIgnoreCase},
		ews.Contains{Property: pidTagInternetReferences, Value: bare, Mode: ews.ModeSubstring, Comparison: ews.ComparisonIgnoreCase},
	}
	for _, t := range threads {
		any = append(any, ews.And{
			ews.Exists{Property: pidTagConversationIndex},
			ews.Compare{Op: ews.IsEqualTo, Property: pidTagConversationTopic, Value: t.Topic},
		})
	}
	return any
}

// passedOn reads candidates and returns those that follow the message.
func (m *mailbox) passedOn(ctx context.Context, ids []ews.ItemID, messageID string, from origin) ([]driver.Forwarded, error) {
	results, err := m.client.GetItem(ctx, ews.GetItemRequest{IDs: ids, Shape: ews.ItemShape{Properties: []ews.PropertyPath{
		ews.FieldInternetMessageID, ews.FieldDateTimeSent, ews.FieldToRecipients, ews.FieldCcRecipients, ews.FieldBccRecipients,
		pidTagInReplyToID, pidTagInternetReferences, pidTagConversationTopic, pidTagConversationIndex,
	}}})
	if err != nil {
		return nil, fmt.Errorf("reading Sent Items of %s: %w", m.address, err)
	}
	var found []driver.Forwarded
	for _, r := range results {
		if errors.Is(r.Err, ews.ErrNotFound) {
			continue // its owner has moved or deleted it
		}
		if r.Err != nil {
			return nil, fmt.Errorf("reading Sent Items of %s: %w", m.address, r.Err)
		}
		if !r.Value.Sent.IsZero() && r.Value.Sent.Before(from.received.Add(-forwardSkew)) {
			continue // whatever it refers to, it was sent before the message arrived
		}
		by := traceOf(r.Value, messageID, from.threads)
		if by == "" || driver.SameMessageID(r.Value.InternetMessageID, messageID) {
			continue
		}
		f := driver.Forwarded{MessageID: r.Value.InternetMessageID, Sent: r.Value.Sent.Truncate(time.Second), By: by}
		for _, raw := range slices.Concat(r.Value.To, r.Value.Cc, r.Value.Bcc) {
			member, err := m.member(ctx, raw)
			if errors.Is(err, driver.ErrNoDirectory) {
				member, err = memberOf(raw), nil
			}
			if err != nil {
				return nil, err
			}
			f.Recipients = append(f.Recipients, member)
		}
		found = append(found, f)
	}
	return found, nil
}

// traceOf returns how an item follows a message, or "" if it does not.
func traceOf(it ews.Item, messageID string, threads []conversation.Thread) driver.ForwardTrace {
	bare := driver.BareMessageID(messageID) // also an invalid id, for example with blanks
	for _, t := range []struct {
		field ews.ExtendedField
		by    driver.ForwardTrace
	}{{pidTagInReplyToID, driver.ByInReplyTo}, {pidTagInternetReferences, driver.ByReferences}} {
		if p, ok := it.Property(t.field); ok && (driver.BareMessageID(p.Value) == bare || conversation.Names(p.Value, bare)) {
			return t.by
		}
	}
	own := threadOf(it)
	if slices.ContainsFunc(threads, func(t conversation.Thread) bool { return t.Leads(own) }) {
		return driver.ByConversation
	}
	return ""
}
