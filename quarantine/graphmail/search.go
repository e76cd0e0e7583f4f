package graphmail

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// detailsAtOnce is how many messages have their details read together.
const detailsAtOnce = 10

// Candidates visits the items that may match criteria. Graph filters by time of receipt
// and roughly by subject; people and attachments are compared here. The items that Graph
// finds by the sender come first.
func (m *mailbox) Candidates(ctx context.Context, filter driver.Criteria, q driver.Query, visit func(driver.Candidate) error) (driver.Findings, error) {
	box, err := m.open(ctx)
	if err != nil {
		return driver.Findings{}, translate(err)
	}
	e := &examiner{m: m, box: box, criteria: filter, visit: visit, early: make(map[string]driver.Item)}
	sifted := strings.Join(slices.DeleteFunc([]string{filterOf(q), criteriaFilter(filter)}, func(s string) bool { return s == "" }), " and ")
	f := &finder{m: m, box: box, query: q, filter: sifted, seen: make(map[string]bool), show: func(items []driver.Item) error { return e.examine(ctx, items) }}
	if filter.Sender != "" && q.In == nil && m.part != vaultPart {
		err = e.bySender(ctx, f)
	}
	if err == nil {
		err = f.run(ctx)
	}
	if err == nil {
		err = e.moved(f.found.Searched)
	}
	if e.stopped != nil {
		return f.found, e.stopped // the error is the engine's, not Graph's
	}
	return f.found, translate(err)
}

// Open opens the MIME form of an item.
func (m *mailbox) Open(ctx context.Context, it driver.Item) (io.ReadCloser, error) {
	box, err := m.open(ctx)
	if err != nil {
		return nil, translate(err)
	}
	text, err := box.MIME(ctx, it.ID)
	if err != nil {
		return nil, translate(asGone(err))
	}
	return text, nil
}

// Content reads the MIME form of an item. Graph generates it separately at each end, so
// comparisons use the form of package mimescan.
func (m *mailbox) Content(ctx context.Context, it driver.Item) (driver.Content, error) {
	text, err := m.Open(ctx, it)
	if err != nil {
		return driver.Content{}, err
	}
	defer text.Close()
	read, err := mimescan.ReadContent(text)
	if err != nil {
		return driver.Content{}, translate(asGone(err))
	}
	c := driver.Content{Unended: read.Unended}
	for _, p := range read.Parts {
		c.Parts = append(c.Parts, driver.ContentPart{Kind: partKinds[p.Kind], SHA256: p.SHA256, Size: p.Size, Alternative: p.Alternative})
	}
	return c, nil
}

var partKinds = map[mimescan.Kind]driver.PartKind{
	mimescan.KindSubject: driver.PartSubject, mimescan.KindText: driver.PartText, mimescan.KindHTML: driver.PartHTML,
	mimescan.KindAttachment: driver.PartAttachment, mimescan.KindMessage: driver.PartMessage, mimescan.KindSigned: driver.PartSigned,
	mimescan.KindEncrypted: driver.PartEncrypted, mimescan.KindRaw: driver.PartRaw,
}

// criteriaFilter returns a filter that everything that matches the criteria satisfies, or
// "" if the criteria allow none.
func criteriaFilter(c driver.Criteria) string {
	var all []string
	if !c.ReceivedAfter.IsZero() {
		all = append(all, "receivedDateTime ge "+graph.Instant(c.ReceivedAfter.Truncate(time.Second)))
	}
	if !c.ReceivedBefore.IsZero() {
		all = append(all, "receivedDateTime lt "+graph.Instant(c.ReceivedBefore.Truncate(time.Second).Add(time.Second)))
	}
	for _, r := range steady(c.Subject) {
		all = append(all, "contains(subject,"+graph.Quote(string(r))+")")
	}
	return strings.Join(all, " and ")
}

// maxSteady limits the number of characters of a subject in a filter, which can become
// too complex.
const maxSteady = 6

// steady returns characters of a subject that occur in any spelling of it. Words would
// exclude matches: where an encoded word is glued to text, blanks may be missing between
// words or stand inside them. A blank cannot split a character. K and S are the upper
// case not only of k and s, and i has two upper cases.
func steady(subject string) string {
	var all []rune
	for _, r := range strings.ToLower(subject) {
		plain := r >= 'a' && r <= 'z' && r != 'i' && r != 'k' && r != 's' || r >= '0' && r <= '9'
		if plain && !slices.Contains(all, r) && len(all) < maxSteady {
			all = append(all, r)
		}
	}
	return string(all)
}

// examiner reads the properties that a search does not return, and shows the items to the
// engine.
type examiner struct {
	m        *mailbox
	box      graph.Mailbox
	criteria driver.Criteria
	visit    func(driver.Candidate) error
	stopped  error // error of visit

	early map[string]driver.Item // found by the sender, and not seen again; by id
}

// bySender shows the items that Graph finds by the sender. Graph keeps too little of the
// header to rule out the others, and whatever cannot be searched this way is left to the
// search of the folders.
func (e *examiner) bySender(ctx context.Context, f *finder) error {
	filter := "from/emailAddress/address eq " + graph.Quote(e.criteria.Sender)
	if f.filter != "" {
		filter = f.filter + " and " + filter
	}
	wide, err := f.whole(ctx, filter, &folderTree{})
	if err != nil || len(wide) == 0 {
		if errors.Is(err, driver.ErrUnreachable) || ctx.Err() != nil {
			return err
		}
		return nil
	}
	tree, err := e.m.folders(ctx, e.box, folderTTL)
	if err != nil {
		return err
	}
	except := []string(nil)
	if f.query.Except != nil {
		except = tree.within(f.query.Except.ID)
	}
	var items []driver.Item
	for _, raw := range wide {
		it := e.m.item(raw, tree)
		if _, twice := e.early[it.ID]; twice || it.ID == "" || !f.query.Matches(it) || slices.Contains(except, raw.FolderID) {
			continue
		}
		if mine, err := e.m.has(ctx, e.box, raw.FolderID); err != nil {
			return err
		} else if !mine {
			continue
		}
		items = append(items, it)
	}
	if err := e.examine(ctx, items); err != nil {
		return err
	}
	for _, it := range items {
		e.early[it.ID] = it
	}
	return nil
}

// moved shows the items that were found by the sender and are no longer where they were.
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

// examine shows items. It returns the error of visit, or of a request that failed as a
// whole.
func (e *examiner) examine(ctx context.Context, items []driver.Item) error {
	var all []driver.Item
	for _, it := range items {
		if _, shown := e.early[it.ID]; shown {
			delete(e.early, it.ID)
			continue
		}
		if e.criteria.MayMatch(it) && isMail(it) {
			all = append(all, it)
		}
	}
	people := e.criteria.Sender != "" || e.criteria.Recipient != "" || e.criteria.ReplyTo != ""
	attached := e.criteria.AttachmentName != "" || e.criteria.AttachmentSHA256 != ""
	if !people && !attached {
		for _, it := range all {
			if err := e.show(driver.Candidate{Item: it}); err != nil {
				return err
			}
		}
		return nil
	}
	for batch := range slices.Chunk(all, detailsAtOnce) {
		ids := make([]string, len(batch))
		for i, it := range batch {
			ids[i] = it.ID
		}
		// Lists truncate long texts, such as the header.
		details, err := e.box.Details(ctx, ids, peopleFields, []graph.Property{pidTagTransportMessageHeaders, pidTagMessageFlags}, attached)
		if err != nil {
			return err
		}
		for i, d := range details {
			if err := e.show(e.candidate(batch[i], d)); err != nil {
				return err
			}
		}
	}
	return nil
}

// peopleFields are the fields that name people.
var peopleFields = []string{"id", "from", "sender", "toRecipients", "ccRecipients", "bccRecipients", "isDraft"}

// candidate combines an item with the details read for it.
func (e *examiner) candidate(it driver.Item, d graph.Detail) driver.Candidate {
	if d.Err != nil {
		return driver.Candidate{Item: it, Err: translate(asGone(d.Err))}
	}
	it.Attachments = attachmentsOf(d.Attachments)
	c := driver.Candidate{Item: it}
	c.Header, _ = d.Message.Value(pidTagTransportMessageHeaders)
	own := d.Message.Draft.Yes
	for _, who := range []*graph.Recipient{d.Message.Sender, d.Message.From} {
		if who == nil {
			continue
		}
		c.Senders = append(c.Senders, party(*who))
		own = own || strings.EqualFold(who.EmailAddress.Address, e.m.address)
	}
	for _, who := range slices.Concat(d.Message.To, d.Message.Cc, d.Message.Bcc) {
		c.Recipients = append(c.Recipients, party(who))
	}
	flags, _ := d.Message.Value(pidTagMessageFlags)
	n, _ := strconv.Atoi(flags)
	// A received message has a header and is not a draft.
	c.Own = c.Header == "" && (own || n&flagUnsent != 0)
	return c
}

// flagUnsent is the bit in PidTagMessageFlags that marks a draft.
const flagUnsent = 0x8

// nameless stands for the address of a person for whom Graph returns only a name. Like an
// X.500 name, it could be anyone's.
const nameless = "/NAME"

func party(who graph.Recipient) driver.Party {
	a := who.EmailAddress
	if strings.TrimSpace(a.Address) == "" && a.Name != "" && !strings.HasPrefix(strings.ToLower(a.Name), "undisclosed") { // RFC 5322, section 3.4
		return driver.Party{Addresses: []string{nameless}}
	}
	return driver.Party{Addresses: []string{a.Address}}
}

func attachmentsOf(raw []graph.Attachment) []driver.Attachment {
	var all []driver.Attachment
	for _, a := range raw {
		all = append(all, driver.Attachment{Name: a.Name, Size: a.Size, Inline: a.Inline, Message: a.IsItem()})
	}
	return all
}

func (e *examiner) show(c driver.Candidate) error {
	if e.timed() && c.Err == nil && c.Item.Received.IsZero() {
		c.Err = errUndated
	}
	e.stopped = e.visit(c)
	return e.stopped
}

// timed reports whether the criteria ask for a time of receipt.
func (e *examiner) timed() bool {
	return !e.criteria.ReceivedAfter.IsZero() || !e.criteria.ReceivedBefore.IsZero()
}

// errUndated is the error of a candidate without a time of receipt, if the criteria need
// one.
var errUndated = &driver.Error{
	Err:       errors.New("the server does not say when the message was received, so whether it matches is unknown"),
	Untouched: true, Answered: true,
}

// mailClasses are the classes of messages; subclasses count, too; see [MS-OXPROTO].
var mailClasses = []string{"IPM.Note", "IPM.Schedule.Meeting", "REPORT", "IPM.Post"}

// isMail reports whether an item is a message: by its class, or because it has a
// Message-ID, which an item gets when it is sent or received.
func isMail(it driver.Item) bool {
	if it.Class == "" || it.MessageID != "" {
		return true
	}
	return slices.ContainsFunc(mailClasses, func(class string) bool {
		return len(it.Class) >= len(class) && strings.EqualFold(it.Class[:len(class)], class) && (len(it.Class) == len(class) || it.Class[len(class)] == '.')
	})
}
