package graphmail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// recreate makes a message anew in the other mailbox from its properties and attachments.
// It does not make one that could not be proved afterwards.
//
// A message that fits into one request is made with its stamp. Otherwise its attachments
// follow one by one, and until all are in place it has the stamp of something that nobody
// needs: whoever finds it before that does not take it for a copy.
func (s *Strategy) recreate(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	b := rebuilding{c: c, from: s.mailbox(c.From.Address()), to: s.mailbox(c.To.Address())}
	if err := b.prepare(ctx); err != nil {
		if _, told := err.(*driver.Error); !told {
			err = readOnly{asGone(err)}
		}
		return driver.Carried{}, err
	}
	copied, err := b.target.CreateFrom(ctx, c.Folder.ID, b.request)
	b.request = nil // it may be large
	if err != nil {
		return driver.Carried{}, asGone(err)
	}
	b.copied = copied.ID
	if len(b.later) > 0 {
		// Make sure that the requests that follow do not change another message.
		if b.first != nil {
			if err := b.follow(ctx, func(id string) error { return made(ctx, b.target, id, *b.first) }); err != nil {
				return driver.Carried{}, err
			}
		}
		if err := b.complete(ctx); err != nil {
			return driver.Carried{}, b.incomplete(ctx, err)
		}
	}
	return driver.Carried{ItemID: b.copied}, nil
}

// rebuilding is one message that is made anew.
type rebuilding struct {
	c              driver.Carriage
	from, to       *mailbox
	source, target graph.Mailbox
	request        []byte             // request that makes it
	first          *driver.Stamp      // stamp that it is made with
	later          []graph.Attachment // files that do not fit into that request
	copied         string             // id of the message that was made
	stamping       bool               // the last request, which turns it into a copy, has been sent
}

// prepare reads the message, and refuses one that would lose more than the package
// comment lists.
func (b *rebuilding) prepare(ctx context.Context) (err error) {
	if b.source, err = b.from.open(ctx); err != nil {
		return err
	}
	if b.target, err = b.to.open(ctx); err != nil {
		return err
	}
	if kind := b.c.Item.Kind; kind != "" && !strings.EqualFold(kind, "#microsoft.graph.message") || !strings.EqualFold(b.c.Item.Class, "IPM.Note") {
		return unfit("it is of class %s, and only plain messages can be", b.c.Item.Class)
	}
	content, err := b.from.Content(ctx, b.c.Item)
	if err != nil {
		return err
	}
	html, err := bodyKind(content)
	if err != nil {
		return err
	}
	fields, values, err := b.source.Source(ctx, b.c.Item.ID, sourceFields, sourceProperties, !html)
	if err != nil {
		return err
	}
	all, err := created(fields, values, b.c.Item)
	if err != nil {
		return err
	}
	if err := b.attachments(ctx, all); err != nil {
		return err
	}
	if stamp := b.c.Item.Stamp; stamp != nil {
		first := *stamp
		first.Rebuilt = true
		if len(b.later) > 0 {
			first.Direction = driver.Surplus
		}
		b.first = &first
		all["singleValueExtendedProperties"] = append(all["singleValueExtendedProperties"].([]graph.PropertyValue), stampValues(first)...)
	}
	rest, err := json.Marshal(all)
	if b.request == nil {
		b.request = rest
	} else if err == nil {
		b.request = append(append(b.request, "],"...), rest[1:]...)
	}
	return err
}

// unfit returns the error of a message that is not made anew.
func unfit(format string, args ...any) error {
	return &driver.Error{
		Err:       fmt.Errorf("it cannot be made anew: "+format+"; it stays where it is", args...),
		Untouched: true, Answered: true,
	}
}

// bodyKind reports whether the text of a message is HTML, and refuses a message with
// parts that only its MIME form can hold.
func bodyKind(content driver.Content) (html bool, err error) {
	if content.Truncated || content.Unended > 0 {
		return false, unfit("its MIME form is not complete")
	}
	texts := 0
	for _, p := range content.Parts {
		switch p.Kind {
		case driver.PartSubject, driver.PartAttachment:
		case driver.PartText, driver.PartHTML:
			if !p.Alternative {
				texts++
				html = p.Kind == driver.PartHTML
			}
		case driver.PartMessage:
			return false, unfit("it has an attached message, whose header would be lost")
		case driver.PartSigned, driver.PartEncrypted:
			return false, unfit("it is signed or encrypted, which would be lost")
		default:
			return false, unfit("it has a part that cannot be read (%s)", p.Kind)
		}
	}
	if texts > 1 {
		return false, unfit("it has %d texts, and only one can be kept", texts)
	}
	return html, nil
}

// sourceFields and sourceProperties are what a message is made from.
var (
	sourceFields = []string{
		"subject", "body", "from", "sender", "toRecipients", "ccRecipients", "bccRecipients", "replyTo", "importance", "categories", "flag",
		"isRead", "isDraft", "isReadReceiptRequested", "inferenceClassification", "internetMessageId", "internetMessageHeaders",
	}
	sourceProperties = []graph.Property{pidTagClientSubmitTime, pidTagMessageDeliveryTime}
)

// notDraft is the value of PidTagMessageFlags for a message that is not a draft. It can
// be set only when the message is made.
const notDraft = "4"

// created returns the request that makes a message like the one that was read.
func created(read map[string]json.RawMessage, values []graph.PropertyValue, it driver.Item) (map[string]any, error) {
	fields := make(map[string]any)
	for _, name := range sourceFields {
		if value, ok := read[name]; ok {
			fields[name] = value
		}
	}
	is := func(name string) bool { return string(read[name]) == "true" }
	delete(fields, "isDraft")
	if is("isRead") || !is("isReadReceiptRequested") {
		delete(fields, "isReadReceiptRequested") // if there was one, it has already been sent
	}
	for _, name := range []string{"toRecipients", "ccRecipients", "bccRecipients", "replyTo", "categories"} {
		if text := strings.ReplaceAll(string(read[name]), " ", ""); text == "[]" {
			delete(fields, name)
		}
	}
	if err := replies(fields, read["replyTo"]); err != nil {
		return nil, err
	}
	var flag struct{ FlagStatus string }
	if json.Unmarshal(read["flag"], &flag) != nil || strings.EqualFold(flag.FlagStatus, "notFlagged") {
		delete(fields, "flag")
	}
	delete(fields, "internetMessageHeaders")
	if kept := keptHeaders(read["internetMessageHeaders"]); len(kept) > 0 {
		fields["internetMessageHeaders"] = kept
	}
	var properties []graph.PropertyValue
	if !is("isDraft") {
		properties = append(properties, pidTagMessageFlags.With(notDraft))
	}
	shown := graph.Message{Values: values}
	for _, at := range []struct {
		property graph.Property
		other    time.Time
	}{{pidTagClientSubmitTime, it.Sent}, {pidTagMessageDeliveryTime, it.Received}} {
		value, ok := shown.Value(at.property)
		if !ok && !at.other.IsZero() {
			value, ok = at.other.UTC().Format(time.RFC3339), true
		}
		if ok {
			properties = append(properties, at.property.With(value))
		}
	}
	fields["singleValueExtendedProperties"] = properties
	return fields, nil
}

// replies keeps the reply-to addresses that Graph accepts.
func replies(fields map[string]any, text json.RawMessage) error {
	if fields["replyTo"] == nil {
		return nil
	}
	var all, kept []graph.Recipient
	if json.Unmarshal(text, &all) != nil {
		return errors.New("the answer is not the JSON that was expected")
	}
	for _, who := range all {
		if strings.Contains(who.EmailAddress.Address, "@") {
			kept = append(kept, who)
		}
	}
	delete(fields, "replyTo")
	if len(kept) > 0 {
		fields["replyTo"] = kept
	}
	return nil
}

// Limits for the headers that a message is made with: Graph accepts five, whose names
// begin with x-.
const (
	maxHeaders     = 5
	maxHeaderValue = 900
)

// keptHeaders returns the headers of a message that can be kept. Those of the mail system
// mean nothing to people.
func keptHeaders(text json.RawMessage) (kept []graph.Header) {
	var all []graph.Header
	if json.Unmarshal(text, &all) != nil {
		return nil
	}
	seen := make(map[string]bool)
	for _, h := range all {
		name := strings.ToLower(h.Name)
		system := strings.HasPrefix(name, "x-ms-") || strings.HasPrefix(name, "x-microsoft-")
		if !strings.HasPrefix(name, "x-") || system || seen[name] || len(h.Value) > maxHeaderValue || strings.ContainsAny(h.Value, "\r\n") || len(kept) == maxHeaders {
			continue
		}
		seen[name] = true
		kept = append(kept, h)
	}
	return kept
}
