package graphtest

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// messageField is a property of a message, see
// https://learn.microsoft.com/en-us/graph/api/resources/message.
type messageField struct {
	name  string
	get   func(*call, *mailstore.Item) any
	asked bool // returned only by $select
}

var messageFields = []messageField{
	{name: "createdDateTime", get: timeOf(mailstore.TagCreated)},
	{name: "lastModifiedDateTime", get: timeOf(mailstore.TagModified)},
	{name: "changeKey", get: func(_ *call, it *mailstore.Item) any { return it.ChangeKey() }},
	{name: "categories", get: func(_ *call, it *mailstore.Item) any {
		return append([]string{}, it.Properties()[mailstore.PropKeywords].Values...)
	}},
	{name: "receivedDateTime", get: timeOf(mailstore.TagDeliveryTime)},
	{name: "sentDateTime", get: timeOf(mailstore.TagSubmitTime)},
	{name: "hasAttachments", get: func(_ *call, it *mailstore.Item) any {
		return slices.ContainsFunc(it.Attachments(), func(a ews.Attachment) bool { return !a.IsInline })
	}},
	{name: "internetMessageId", get: textOf(mailstore.TagMessageID)},
	{name: "subject", get: textOf(mailstore.TagSubject)},
	{name: "bodyPreview", get: preview},
	{name: "importance", get: func(_ *call, it *mailstore.Item) any { return strings.ToLower(it.Importance()) }},
	{name: "parentFolderId", get: func(_ *call, it *mailstore.Item) any { return restID(it.Folder.ID()) }},
	{name: "conversationId", get: func(_ *call, it *mailstore.Item) any {
		topic := mailstore.Fold(it.Properties().Text(mailstore.TagTopic))
		return toREST.Replace(mailstore.Conversation(it.Folder.Mailbox.GUID(), []byte(topic)))
	}},
	{name: "conversationIndex", get: textOf(mailstore.TagConversationIndex)},
	{name: "isDeliveryReceiptRequested", get: boolOf(mailstore.TagDeliveryReport)},
	{name: "isReadReceiptRequested", get: boolOf(mailstore.TagReadReceipt)},
	{name: "isRead", get: func(_ *call, it *mailstore.Item) any { return it.Read() }},
	{name: "isDraft", get: func(_ *call, it *mailstore.Item) any { return it.Draft() }},
	{name: "webLink", get: func(c *call, it *mailstore.Item) any {
		return "https://" + c.server.importHost() + "/owa/?ItemID=" + restID(it.ID()) + "&exvsurl=1&viewmodel=ReadMessageItem"
	}},
	{name: "inferenceClassification", get: func(_ *call, it *mailstore.Item) any {
		if p, ok := it.Properties()[inference]; ok && p.Value == "1" {
			return "other"
		}
		return "focused"
	}},
	{name: "body", get: bodyOf},
	{name: "uniqueBody", get: uniqueBody, asked: true},
	{name: "sender", get: personOf(mailstore.TagSenderName, mailstore.TagSenderSMTP, mailstore.TagSenderAddress)},
	{name: "from", get: personOf(mailstore.TagFromName, mailstore.TagFromSMTP, mailstore.TagFromAddress)},
	{name: "toRecipients", get: peopleOf("To")},
	{name: "ccRecipients", get: peopleOf("Cc")},
	{name: "bccRecipients", get: peopleOf("Bcc")},
	{name: "replyTo", get: peopleOf("Reply-To")},
	{name: "flag", get: flagOf},
	{name: "internetMessageHeaders", asked: true, get: func(_ *call, it *mailstore.Item) any {
		all := []object{}
		for _, f := range it.Headers() {
			all = append(all, object{"name": f.Name, "value": f.Value})
		}
		return all
	}},
}

// inference is where the store keeps inferenceClassification: in effect
// PidLidInferenceClassification, although that property is not documented.
var inference = ews.ExtendedField{GUID: "23239608-685d-4732-9c55-4c95cb4e8e33", Name: "InferenceClassificationResult", Type: ews.TypeInteger}

// messageNames are the properties that $select accepts.
var messageNames = func() []string {
	names := []string{"id"}
	for _, f := range messageFields {
		names = append(names, f.name)
	}
	return names
}()

// stamp formats a time, to the second as Graph does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func timeOf(key ews.ExtendedField) func(*call, *mailstore.Item) any {
	return func(_ *call, it *mailstore.Item) any {
		p, ok := it.Property(key)
		t, err := mailstore.ParseTime(p.Value)
		if !ok || err != nil {
			return nil
		}
		return stamp(t)
	}
}

func textOf(key ews.ExtendedField) func(*call, *mailstore.Item) any {
	return func(_ *call, it *mailstore.Item) any {
		if p, ok := it.Property(key); ok {
			return p.Value
		}
		return nil
	}
}

func boolOf(key ews.ExtendedField) func(*call, *mailstore.Item) any {
	return func(_ *call, it *mailstore.Item) any { return it.Properties().Bool(key) }
}

// longestPreview is the maximum number of characters in a bodyPreview.
const longestPreview = 255

func preview(_ *call, it *mailstore.Item) any {
	text, html := it.Content().Body()
	if html {
		text = eml.PlainText(text)
	}
	if r := []rune(text); len(r) > longestPreview {
		text = string(r[:longestPreview])
	}
	return text
}

func bodyOf(c *call, it *mailstore.Item) any {
	return c.bodyObject(it.Content().Body())
}

func uniqueBody(c *call, it *mailstore.Item) any {
	return c.bodyObject(it.Content().Unique())
}

func (c *call) bodyObject(text string, html bool) object {
	if html && c.plain {
		text, html = eml.PlainText(text), false
	}
	if html {
		return object{"contentType": "html", "content": text}
	}
	return object{"contentType": "text", "content": text}
}

// personOf returns a person by SMTP address or, if none is kept, by the X.500 name of a
// mailbox of the organisation.
func personOf(name, smtp, other ews.ExtendedField) func(*call, *mailstore.Item) any {
	return func(_ *call, it *mailstore.Item) any {
		p := it.Properties()
		address := cmp.Or(p.Text(smtp), p.Text(other))
		if p.Text(name) == "" && address == "" {
			return nil
		}
		return recipient(eml.Address{Name: p.Text(name), Email: address})
	}
}

func peopleOf(header string) func(*call, *mailstore.Item) any {
	return func(_ *call, it *mailstore.Item) any {
		all := []object{}
		for _, a := range it.Content().Addresses(header) {
			all = append(all, recipient(a))
		}
		return all
	}
}

func recipient(a eml.Address) object {
	if a.Name == "" {
		a.Name = a.Email
	}
	return object{"emailAddress": object{"name": a.Name, "address": a.Email}}
}

// flagStatuses are the names of the states of a flag in EWS.
var flagStatuses = map[string]string{"notFlagged": "NotFlagged", "complete": "Complete", "flagged": "Flagged"}

func flagOf(_ *call, it *mailstore.Item) any {
	f := it.Flag()
	o := object{"flagStatus": strings.ToLower(f.Status[:1]) + f.Status[1:]}
	for name, t := range map[string]time.Time{"startDateTime": f.Start, "dueDateTime": f.Due, "completedDateTime": f.Complete} {
		if !t.IsZero() {
			o[name] = object{"dateTime": t.UTC().Format("2006-01-02T15:04:05.0000000"), "timeZone": "UTC"}
		}
	}
	return o
}

// eventTypes are the types of meeting messages.
var eventTypes = map[string]string{
	"MeetingRequest": "#microsoft.graph.eventMessageRequest", "MeetingResponse": "#microsoft.graph.eventMessageResponse",
	"MeetingMessage": "#microsoft.graph.eventMessage", "MeetingCancellation": "#microsoft.graph.eventMessage",
}

// meetingTypes are the names of the kinds of meeting messages, by the beginning of their
// class. The third is spelled as Graph spells it.
var meetingTypes = []struct{ class, name string }{
	{"IPM.Schedule.Meeting.Request", "meetingRequest"}, {"IPM.Schedule.Meeting.Canceled", "meetingCancelled"},
	{"IPM.Schedule.Meeting.Resp.Tent", "meetingTenativelyAccepted"}, {"IPM.Schedule.Meeting.Resp.Neg", "meetingDeclined"},
	{"IPM.Schedule.Meeting.Resp", "meetingAccepted"},
}

func meetingType(it *mailstore.Item) string {
	class := mailstore.Fold(it.Class())
	for _, t := range meetingTypes {
		if strings.HasPrefix(class, mailstore.Fold(t.class)) {
			return t.name
		}
	}
	return "none"
}

// message returns a message as the query requests it; a list may show less of it.
func (c *call) message(it *mailstore.Item, q *query, list bool) object {
	if q == nil {
		q = &query{}
	}
	o := object{"@odata.etag": `W/"` + it.ChangeKey() + `"`, "id": c.idOf(it)}
	if kind := eventTypes[it.Kind()]; kind != "" {
		o["@odata.type"] = kind
		if q.selects == nil {
			o["meetingMessageType"] = meetingType(it)
		}
	}
	for _, f := range messageFields {
		if q.selects == nil && !f.asked || slices.Contains(q.selects, f.name) {
			o[f.name] = f.get(c, it)
		}
	}
	for _, e := range q.expand {
		switch e.name {
		case "attachments":
			o[e.name] = c.attachments(it, e.selects, true)
		case "singleValueExtendedProperties":
			if all := single(e.ids, list, it.Property); all != nil {
				o[e.name] = all
			}
		case "multiValueExtendedProperties":
			if all := multiple(e.ids, it.Property); all != nil {
				o[e.name] = all
			}
		}
	}
	return o
}

// messageQuery checks the parts of a query that depend on what is listed.
func (c *call) messageQuery() *refusal {
	q := c.query
	if q == nil {
		return nil
	}
	for _, e := range q.expand {
		switch e.name {
		case "attachments", "singleValueExtendedProperties", "multiValueExtendedProperties":
		default:
			return lacks("$expand of " + e.name)
		}
	}
	return q.only("message", messageNames)
}

// messageTerms are what a filter of messages can compare. Recipients and headers are
// refused, though the documentation says otherwise for some.
var messageTerms = &terms[*mailstore.Item]{
	values: map[string]func(*mailstore.Item) any{
		"internetMessageId":           storedText(mailstore.TagMessageID),
		"subject":                     storedText(mailstore.TagSubject),
		"from/emailAddress/address":   storedText(mailstore.TagFromSMTP),
		"from/emailAddress/name":      storedText(mailstore.TagFromName),
		"sender/emailAddress/address": storedText(mailstore.TagSenderSMTP),
		"sender/emailAddress/name":    storedText(mailstore.TagSenderName),
		"receivedDateTime":            storedTime(mailstore.TagDeliveryTime),
		"sentDateTime":                storedTime(mailstore.TagSubmitTime),
		"createdDateTime":             storedTime(mailstore.TagCreated),
		"lastModifiedDateTime":        storedTime(mailstore.TagModified),
		"isRead":                      func(it *mailstore.Item) any { return it.Read() },
		"isDraft":                     func(it *mailstore.Item) any { return it.Draft() },
		"hasAttachments":              func(it *mailstore.Item) any { return messageFields[6].get(nil, it) },
		"importance":                  func(it *mailstore.Item) any { return it.Importance() },
		"flag/flagStatus":             func(it *mailstore.Item) any { return it.Flag().Status },
		"body/content":                func(it *mailstore.Item) any { text, _ := it.Content().Body(); return text },
	},
	lists: map[string]func(*mailstore.Item) []string{
		"categories": func(it *mailstore.Item) []string { return it.Properties()[mailstore.PropKeywords].Values },
	},
	extended:   func(it *mailstore.Item, key ews.ExtendedField) (ews.ExtendedProperty, bool) { return it.Property(key) },
	substrings: true,
}

func storedText(key ews.ExtendedField) func(*mailstore.Item) any {
	return func(it *mailstore.Item) any {
		if p, ok := it.Property(key); ok {
			return p.Value
		}
		return nil
	}
}

func storedTime(key ews.ExtendedField) func(*mailstore.Item) any {
	return func(it *mailstore.Item) any {
		p, ok := it.Property(key)
		t, err := mailstore.ParseTime(p.Value)
		if !ok || err != nil {
			return nil
		}
		return t
	}
}

// etag returns the change key that If-Match requires, or "" if it requires none.
func (c *call) etag() string {
	text := strings.TrimPrefix(strings.TrimSpace(c.in.header.Get("If-Match")), "W/")
	text = strings.Trim(text, `"`)
	if text == "*" {
		return ""
	}
	return text
}

func decodeBase64(s string) ([]byte, error) { return base64.StdEncoding.DecodeString(s) }
