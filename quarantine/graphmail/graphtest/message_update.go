package graphtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// draftOnly are the properties that can be changed in drafts only, see
// https://learn.microsoft.com/en-us/graph/api/message-update.
var draftOnly = []string{
	"bccRecipients", "body", "ccRecipients", "from", "internetMessageId", "replyTo", "sender", "subject", "toRecipients",
}

// update is a change to a message.
type update struct {
	call    *call
	item    *mailstore.Item // nil: a new message
	set     []ews.ExtendedProperty
	remove  []ews.ExtendedField
	isRead  *bool
	unasked bool // a read receipt is no longer requested
}

// readAll reads those properties of a body that can be changed in every message, and
// refuses the others.
func (u *update) readAll(o object) *refusal {
	for name, value := range o {
		if refused := u.one(name, value); refused != nil {
			return refused
		}
	}
	if u.isRead != nil && u.item != nil {
		u.set = append(u.set, mailstore.ReadState(u.item, *u.isRead))
	}
	return nil
}

func (u *update) one(name string, value any) *refusal {
	wrong := bad("Cannot convert the value of '%s' to the expected type.", name)
	switch name {
	case "isRead":
		b, ok := value.(bool)
		if !ok {
			return wrong
		}
		u.isRead = &b
		return nil
	case "isReadReceiptRequested", "isDeliveryReceiptRequested":
		b, ok := value.(bool)
		if !ok {
			return wrong
		}
		u.receipt(name, b)
		return nil
	case "categories":
		all, ok := texts(value)
		if !ok {
			return wrong
		}
		u.set = append(u.set, mailstore.Categories(all))
		return nil
	case "importance":
		text, _ := value.(string)
		p, ok := mailstore.Importance(capital(text))
		if !ok {
			return wrong
		}
		u.set = append(u.set, p)
		return nil
	case "inferenceClassification":
		at := slices.Index([]string{"focused", "other"}, strings.ToLower(asText(value)))
		if at < 0 {
			return wrong
		}
		u.set = append(u.set, ews.ExtendedProperty{Field: inference, Value: strconv.Itoa(at)})
		return nil
	case "flag":
		return u.flag(value)
	case "singleValueExtendedProperties":
		set, remove, refused := u.call.writtenProperties(value)
		if refused == nil {
			refused = u.headers(set, remove)
		}
		if refused == nil {
			refused = u.extended(set)
		}
		u.remove = append(u.remove, remove...)
		return refused
	case "multiValueExtendedProperties":
		set, refused := writtenMultiple(value)
		u.set = append(u.set, set...)
		return refused
	}
	return u.other(name)
}

// headers refuses to change the headers of a received message without the permission for
// that, if they count as sensitive.
func (u *update) headers(set []ews.ExtendedProperty, remove []ews.ExtendedField) *refusal {
	if u.item == nil || u.item.Draft() || !u.call.server.opts.SensitiveHeaders || u.call.server.may(u.call.app, []string{"Mail-Advanced.ReadWrite.All"}) {
		return nil
	}
	changed := slices.Clone(remove)
	for _, p := range set {
		changed = append(changed, p.Field)
	}
	if slices.ContainsFunc(changed, func(f ews.ExtendedField) bool { return mailstore.Key(f).Set == ews.SetInternetHeaders }) {
		return accessDenied()
	}
	return nil
}

// extended adds extended properties. It refuses to set the flags of an existing message.
func (u *update) extended(set []ews.ExtendedProperty) *refusal {
	for _, p := range set {
		if mailstore.Key(p.Field) == mailstore.TagFlags && u.item != nil {
			return refuse(http.StatusBadRequest, "ErrorInvalidProperty", "The property Integer 0xe07 is read-only.")
		}
		u.set = append(u.set, p)
	}
	return nil
}

// other refuses what cannot be changed.
func (u *update) other(name string) *refusal {
	switch {
	case !slices.Contains(draftOnly, name):
		return refuse(http.StatusBadRequest, "ErrorInvalidProperty", "The property '"+name+"' is read-only and cannot be set.")
	case u.item.Draft():
		return lacks("changes of " + name + " in a draft")
	case u.call.server.opts.Sensitive && !u.call.server.may(u.call.app, []string{"Mail-Advanced.ReadWrite.All"}):
		return accessDenied()
	}
	return refuse(http.StatusBadRequest, "ErrorInvalidPropertySet", "The property '"+name+"' can be set in drafts only.")
}

func (u *update) receipt(name string, asked bool) {
	keys := []ews.ExtendedField{mailstore.TagDeliveryReport}
	if name == "isReadReceiptRequested" {
		keys = []ews.ExtendedField{mailstore.TagReadReceipt, mailstore.TagNonReceipt}
		u.unasked = !asked
	}
	for _, key := range keys {
		u.set = append(u.set, ews.ExtendedProperty{Field: key, Value: strconv.FormatBool(asked)})
	}
}

// flag reads a followupFlag, whose times must be in UTC.
func (u *update) flag(value any) *refusal {
	o, ok := value.(object)
	if !ok {
		return bad("flag must be an object.")
	}
	var f ews.Flag
	for name, v := range o {
		switch name {
		case "flagStatus":
			for status, known := range flagStatuses {
				if strings.EqualFold(status, asText(v)) {
					f.Status = known
				}
			}
			if f.Status == "" {
				return bad("Requested value '%s' was not found.", asText(v))
			}
		case "startDateTime", "dueDateTime", "completedDateTime":
			t, ok := zoned(v)
			if !ok {
				return lacks("a " + name + " that is not in UTC")
			}
			*map[string]*time.Time{"startDateTime": &f.Start, "dueDateTime": &f.Due, "completedDateTime": &f.Complete}[name] = t
		default:
			return bad("The property '%s' does not exist on type 'microsoft.graph.followupFlag'.", name)
		}
	}
	if f.Status == "" {
		return bad("A flag needs a flagStatus.")
	}
	set, remove := mailstore.FlagProperties(f)
	u.set, u.remove = append(u.set, set...), append(u.remove, remove...)
	return nil
}

// zoned reads a dateTimeTimeZone in UTC.
func zoned(v any) (time.Time, bool) {
	o, _ := v.(object)
	text := strings.TrimSuffix(asText(o["dateTime"]), "Z")
	t, err := time.Parse("2006-01-02T15:04:05.9999999", text)
	return t.UTC(), err == nil && strings.EqualFold(asText(o["timeZone"]), "UTC")
}

func asText(v any) string {
	s, _ := v.(string)
	return s
}

// capital writes a name as EWS does.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
}
