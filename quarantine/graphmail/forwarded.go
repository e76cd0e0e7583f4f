package graphmail

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/conversation"
	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Properties that relate messages to each other, named after [MS-OXPROPS].
var (
	pidTagConversationTopic  = graph.Property{Type: "String", Tag: 0x0070}
	pidTagConversationIndex  = graph.Property{Type: "Binary", Tag: 0x0071}
	pidTagInternetReferences = graph.Property{Type: "String", Tag: 0x1039}
	pidTagInReplyToID        = graph.Property{Type: "String", Tag: 0x1042}

	threadProperties  = []graph.Property{pidTagConversationTopic, pidTagConversationIndex}
	forwardProperties = append(slices.Clip(threadProperties), pidTagInternetReferences, pidTagInReplyToID)
	forwardFields     = []string{"id", "internetMessageId", "sentDateTime", "toRecipients", "ccRecipients", "bccRecipients"}
)

const (
	// maxThreads is how many copies of a message are read to learn their conversations.
	maxThreads = 20
	// forwardSlack is how many candidates a server may return for each actual forward:
	// many may have the same conversation topic.
	forwardSlack = 4
	// forwardSkew is how much the clocks of the forwarding and the delivering machine may
	// differ.
	forwardSkew = 15 * time.Minute
)

// Forwarded returns the messages in Sent Items, and the folders below, with which the
// owner forwarded or answered a message.
func (m *mailbox) Forwarded(ctx context.Context, messageID string, limit int) ([]driver.Forwarded, error) {
	found, err := m.forwarded(ctx, messageID, limit)
	return found, translate(err)
}

func (m *mailbox) forwarded(ctx context.Context, messageID string, limit int) ([]driver.Forwarded, error) {
	box, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	from, err := m.lure(ctx, box, messageID)
	if err != nil {
		return nil, err
	}
	candidates, err := m.followers(ctx, box, follows(messageID, from.threads), max(limit, 1)*forwardSlack)
	if err != nil {
		return nil, err
	}
	var found []driver.Forwarded
	for batch := range slices.Chunk(candidates, detailsAtOnce) {
		details, err := box.Details(ctx, batch, forwardFields, forwardProperties, false)
		if err != nil {
			return nil, err
		}
		for _, d := range details {
			if errors.Is(d.Err, graph.ErrGone) {
				continue // its owner has moved or deleted it
			}
			if d.Err != nil {
				return nil, fmt.Errorf("reading Sent Items of %s: %w", m.address, d.Err)
			}
			if f, is := from.forward(d.Message, messageID); is {
				found = append(found, f)
			}
		}
		if len(found) > limit {
			return nil, fmt.Errorf("%w: more than %d messages in Sent Items of %s are forwards of it", driver.ErrTooMany, limit, m.address)
		}
	}
	return found, nil
}

// lure describes a message that may have been forwarded.
type lure struct {
	threads  []conversation.Thread
	received time.Time // of the first copy; zero if no copy was found
}

// lure returns the positions of the copies of a message in their conversations, and the
// time at which the first copy was received.
func (m *mailbox) lure(ctx context.Context, box graph.Mailbox, messageID string) (lure, error) {
	for again := false; ; again = true {
		found, err := m.find(ctx, driver.Query{MessageID: messageID})
		if err != nil {
			return lure{}, err
		}
		l, err := m.lureOf(ctx, box, found.Items)
		if again || !errors.Is(err, graph.ErrGone) {
			return l, err
		}
		// The owner has moved it meanwhile.
	}
}

func (m *mailbox) lureOf(ctx context.Context, box graph.Mailbox, items []driver.Item) (l lure, err error) {
	var ids []string
	for _, it := range items {
		if l.received.IsZero() || it.Received.Before(l.received) {
			l.received = it.Received
		}
		ids = append(ids, it.ID)
	}
	for batch := range slices.Chunk(ids[:min(len(ids), maxThreads)], detailsAtOnce) {
		details, err := box.Details(ctx, batch, []string{"id"}, threadProperties, false)
		if err != nil {
			return l, err
		}
		for _, d := range details {
			if d.Err != nil {
				return l, fmt.Errorf("reading the conversation of the message in %s: %w", m.address, d.Err)
			}
			if t := threadOf(d.Message); t.Known() && !slices.ContainsFunc(l.threads, t.Equal) {
				l.threads = append(l.threads, t)
			}
		}
	}
	return l, nil
}

func threadOf(raw graph.Message) conversation.Thread {
	topic, _ := raw.Value(pidTagConversationTopic)
	index, _ := raw.Value(pidTagConversationIndex)
	return conversation.Read(topic, index)
}

// follows returns a filter for messages that name a message or share its conversation
// topic: an index cannot be searched for by its prefix.
func follows(messageID string, threads []conversation.Thread) string {
	named := func(p graph.Property) string {
		return "singleValueExtendedProperties/any(ep:ep/id eq " + graph.Quote(p.String()) + " and contains(ep/value," + graph.Quote(driver.BareMessageID(messageID)) + "))"
	}
	any := []string{named(pidTagInReplyToID), named(pidTagInternetReferences)}
	for _, t := range threads {
		any = append(any, graph.HasProperty(pidTagConversationTopic, "eq "+graph.Quote(t.Topic)))
	}
	return either(any)
}

// followers returns the ids of the messages in Sent Items, and the folders below, that a
// filter finds.
func (m *mailbox) followers(ctx context.Context, box graph.Mailbox, filter string, limit int) ([]string, error) {
	tree, err := m.folders(ctx, box, folderTTL)
	if err != nil {
		return nil, err
	}
	var folders []string
	for id, name := range tree.Base {
		if name == sentItems {
			folders = tree.within(id)
		}
	}
	if folders == nil {
		return nil, fmt.Errorf("%w: %s has no Sent Items that the application can see", driver.ErrUnreachable, m.address)
	}
	var ids []string
	for batch := range slices.Chunk(folders, foldersAtOnce) {
		queries := make([]graph.Query, len(batch))
		for i, id := range batch {
			queries[i] = graph.Query{Folder: id, Filter: filter, Select: []string{"id"}}
		}
		lists, err := box.Search(ctx, queries)
		if err != nil {
			return nil, m.unreachable(err)
		}
		for _, pages := range lists {
			for raws, err := range pages {
				if err != nil {
					return nil, fmt.Errorf("searching Sent Items of %s: %w", m.address, m.unreachable(err))
				}
				for _, raw := range raws {
					if ids = append(ids, raw.ID); len(ids) > limit {
						return nil, fmt.Errorf("%w: more than %d messages in Sent Items of %s may be forwards of it", driver.ErrTooMany, limit, m.address)
					}
				}
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil // pages count by $skip and may repeat messages
}

// forward returns a message as a forward, if it is one.
func (l lure) forward(raw graph.Message, messageID string) (driver.Forwarded, bool) {
	if !raw.Sent.IsZero() && raw.Sent.Before(l.received.Add(-forwardSkew)) {
		return driver.Forwarded{}, false // whatever it refers to, it was sent before the message arrived
	}
	by := l.trace(raw, driver.BareMessageID(messageID))
	if by == "" || driver.SameMessageID(raw.MessageID, messageID) {
		return driver.Forwarded{}, false
	}
	f := driver.Forwarded{MessageID: raw.MessageID, Sent: raw.Sent.Truncate(time.Second), By: by}
	for _, who := range slices.Concat(raw.To, raw.Cc, raw.Bcc) {
		to := driver.Member{Name: who.EmailAddress.Name, Kind: driver.MemberOther}
		if a := who.EmailAddress.Address; strings.Contains(a, "@") && !strings.HasPrefix(a, "/") {
			to.Address = a
		}
		f.Recipients = append(f.Recipients, to)
	}
	return f, true
}

// trace returns how a message follows the lure, or "" if it does not.
func (l lure) trace(raw graph.Message, bare string) driver.ForwardTrace {
	for _, t := range []struct {
		field graph.Property
		by    driver.ForwardTrace
	}{{pidTagInReplyToID, driver.ByInReplyTo}, {pidTagInternetReferences, driver.ByReferences}} {
		if v, ok := raw.Value(t.field); ok && (driver.BareMessageID(v) == bare || conversation.Names(v, bare)) {
			return t.by
		}
	}
	own := threadOf(raw)
	if slices.ContainsFunc(l.threads, func(t conversation.Thread) bool { return t.Leads(own) }) {
		return driver.ByConversation
	}
	return ""
}
