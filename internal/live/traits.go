package live

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// pidTagConversationIndex is the position of a message in its conversation: see
// [MS-OXPROPS].
var pidTagConversationIndex = ews.ExtendedField{Tag: 0x0071, Type: ews.TypeBinary}

// trait is a property of an item that a carry may keep, change or lose.
type trait struct {
	name string
	path ews.PropertyPath // nil: read with another trait
	get  func(*ews.Item) string
}

func extended(name string, f ews.ExtendedField) trait {
	return trait{name, f, func(it *ews.Item) string {
		p, _ := it.Property(f)
		return p.Value
	}}
}

func people(list []ews.Mailbox) string {
	var all []string
	for _, m := range list {
		all = append(all, strings.ToLower(m.EmailAddress))
	}
	return strings.Join(all, ", ")
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// essential are the traits without which a message is not the same to its reader.
var essential = []trait{
	{"class", ews.FieldItemClass, func(it *ews.Item) string { return it.Class }},
	{"subject", ews.FieldSubject, func(it *ews.Item) string { return it.Subject }},
	{"sender", ews.FieldFrom, func(it *ews.Item) string { return people([]ews.Mailbox{it.From}) }},
	{"recipients", ews.FieldToRecipients, func(it *ews.Item) string { return people(it.To) }},
	{"Message-ID", ews.FieldInternetMessageID, func(it *ews.Item) string { return it.InternetMessageID }},
	{"importance", ews.FieldImportance, func(it *ews.Item) string { return it.Importance }},
	{"attachments", ews.FieldAttachments, func(it *ews.Item) string { return fmt.Sprint(len(it.Attachments)) }},
	{"read state", ews.FieldIsRead, func(it *ews.Item) string { return fmt.Sprint(it.IsRead) }},
}

// others are the traits that differ between ways and servers.
var others = []trait{
	{"names of attachments", nil, func(it *ews.Item) string {
		var names []string
		for _, a := range it.Attachments {
			names = append(names, a.Name)
		}
		return strings.Join(names, ", ")
	}},
	{"draft state", ews.FieldIsDraft, func(it *ews.Item) string { return fmt.Sprint(it.IsDraft) }},
	{"sensitivity", ews.FieldSensitivity, func(it *ews.Item) string { return it.Sensitivity }},
	{"categories", ews.FieldCategories, func(it *ews.Item) string { return strings.Join(it.Categories, ", ") }},
	{"flag", ews.FieldFlag, func(it *ews.Item) string { return it.Flag.Status }},
	{"time received", ews.FieldDateTimeReceived, func(it *ews.Item) string { return moment(it.Received) }},
	{"time sent", ews.FieldDateTimeSent, func(it *ews.Item) string { return moment(it.Sent) }},
	{"time created", ews.FieldDateTimeCreated, func(it *ews.Item) string { return moment(it.Created) }},
	{"time modified", ews.FieldLastModifiedTime, func(it *ews.Item) string { return moment(it.LastModified) }},
	{"size", ews.FieldSize, func(it *ews.Item) string { return fmt.Sprint(it.Size) }},
	extended("search key 0x300B", ews.PidTagSearchKey),
	extended("delivery time 0x0E06", ews.PidTagMessageDeliveryTime),
	extended("submit time 0x0039", ews.PidTagClientSubmitTime),
	extended("flags 0x0E07", ews.PidTagMessageFlags),
	extended("conversation index 0x0071", pidTagConversationIndex),
	extended("headers 0x007D", ews.PidTagTransportMessageHeaders),
	extended("named property", ownProperty),
	extended("X- header as property", xHeader),
}

// traits are all traits.
var traits = slices.Concat(essential, others)

// portrait describes an item: values by the names of traits.
type portrait map[string]string

// look reads the portrait of an item.
func (l *Lab) look(ctx context.Context, c *ews.Client, id ews.ItemID) (portrait, error) {
	shape := ews.ItemShape{}
	for _, t := range traits {
		if t.path == nil || t.path == ews.FieldFlag && c.Version() < ews.Exchange2013 {
			continue
		}
		shape.Properties = append(shape.Properties, t.path)
	}
	it, err := first(c.GetItem(ctx, ews.GetItemRequest{IDs: []ews.ItemID{{ID: id.ID}}, Shape: shape}))
	if err != nil {
		return nil, err
	}
	p := portrait{}
	for _, t := range traits {
		p[t.name] = t.get(&it)
	}
	p["MIME"], err = digest(ctx, c, id)
	return p, err
}

// digest returns the SHA-256 of the MIME form.
func digest(ctx context.Context, c *ews.Client, id ews.ItemID) (string, error) {
	mime, err := c.OpenMIME(ctx, id)
	if err != nil {
		return "", err
	}
	defer mime.Close()
	h := sha256.New()
	_, err = io.Copy(h, mime)
	return fmt.Sprintf("%x", h.Sum(nil)), err
}

// compare describes what a carry has kept of an item. Traits that neither portrait has
// are left out.
func compare(before, after portrait) string {
	kept, changed, lost, gained := []string{}, []string{}, []string{}, []string{}
	names := []string{"MIME"}
	for _, t := range traits {
		names = append(names, t.name)
	}
	for _, name := range names {
		switch a, b := before[name], after[name]; {
		case a == "" && b == "":
		case a == b:
			kept = append(kept, name)
		case b == "":
			lost = append(lost, name)
		case a == "":
			gained = append(gained, name)
		default:
			changed = append(changed, name)
		}
	}
	var out []string
	for _, part := range []struct {
		verb string
		what []string
	}{{"keeps", kept}, {"changes", changed}, {"loses", lost}, {"adds", gained}} {
		if len(part.what) > 0 {
			out = append(out, part.verb+" "+strings.Join(part.what, ", "))
		}
	}
	return strings.Join(out, "; ")
}

// damaged returns the essential traits that differ.
func damaged(before, after portrait) []string {
	var out []string
	for _, t := range essential {
		if before[t.name] != after[t.name] {
			out = append(out, fmt.Sprintf("%s was %q and is %q", t.name, before[t.name], after[t.name]))
		}
	}
	return out
}
