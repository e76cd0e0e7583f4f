package ewstest

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// smartResponse is a message made from another one.
type smartResponse struct {
	prefix  string // for the subject
	forward bool
	all     bool // to all recipients
	verb    int  // for PidTagLastVerbExecuted of the other message
	icon    int  // and its PidTagIconIndex
}

// smartResponses are the response objects that create a new message. See
// https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-respond-to-email-messages-by-using-ews-in-exchange.
var smartResponses = map[string]*smartResponse{
	"ReplyToItem":    {prefix: "RE: ", verb: 102, icon: 261},
	"ReplyAllToItem": {prefix: "RE: ", all: true, verb: 103, icon: 261},
	"ForwardItem":    {prefix: "FW: ", forward: true, verb: 104, icon: 262},
}

// respond creates a reply or a forward, and saves or sends it as create does.
func (c *call) respond(f *mailstore.Folder, n *ewsschema.Node) (*mailstore.Item, *refusal) {
	kind := smartResponses[n.Local]
	disposition, given := c.op.Attr("MessageDisposition")
	if !given {
		return nil, refuseText("ErrorMessageDispositionRequired", "The MessageDisposition attribute is required for responses.")
	}
	it, refused := c.referenced(n)
	switch {
	case refused != nil:
		return nil, refused
	case !kind.forward && (!messageKinds[it.Kind()] || it.Draft()), it.Associated:
		return nil, refuse("ErrorInvalidReferenceItem")
	}
	sending := disposition != "SaveOnly"
	if f == nil {
		if c.who.box == nil {
			return nil, refuse("ErrorMissingEmailAddress")
		}
		f = c.who.box.Named(ews.FolderDrafts)
		if sending {
			f = c.who.box.Named(ews.FolderSentItems)
		}
	}
	item, refused := c.response(kind, n, it)
	if refused == nil {
		refused = fitting("Message", f)
	}
	if refused != nil {
		return nil, refused
	}
	made, refused := c.store(f, item, sending)
	if refused == nil && sending && it.Folder != nil && c.who.opens(it.Folder.Mailbox) {
		it.Update([]ews.ExtendedProperty{
			{Field: tagLastVerb, Value: strconv.Itoa(kind.verb)}, {Field: tagIcon, Value: strconv.Itoa(kind.icon)},
			{Field: tagLastVerbTime, Value: ews.FormatTime(c.opts.Now())},
		}, nil, true)
	}
	return made, refused
}

// What a message records about the response to it; see [MS-OXOMSG], section 2.2.1.
var (
	tagIcon         = ews.ExtendedField{Tag: 0x1080, Type: ews.TypeInteger}
	tagLastVerb     = ews.ExtendedField{Tag: 0x1081, Type: ews.TypeInteger}
	tagLastVerbTime = ews.ExtendedField{Tag: 0x1082, Type: ews.TypeSystemTime}
)

// response returns the message of a response. The request's elements replace what would
// be taken from the other message; if it has a Body, nothing is quoted.
func (c *call) response(kind *smartResponse, n *ewsschema.Node, it *mailstore.Item) (*mailstore.New, *refusal) {
	said := &ewsschema.Node{Space: n.Space, Local: "Message"}
	for _, k := range n.Kids() {
		switch k.Local {
		case "ReferenceItemId", "NewBodyContent":
		case "IsSpecificMessageReply":
			return nil, lacks.refusal(c.opts.Version, k.Local, true)
		default:
			said.Children = append(said.Children, k)
		}
	}
	item, refused := c.newItem(said, "IPM.Note")
	if refused != nil {
		return nil, refused
	}
	content := it.Content()
	topic := it.Properties().Text(mailstore.TagTopic)
	taken := append(answered(kind, it), eml.Field{Name: "Subject", Value: kind.prefix + topic})
	for _, k := range said.Children {
		taken = slices.DeleteFunc(taken, func(f eml.Field) bool { return f.Name == addressFields[k.Local] || f.Name == k.Local })
	}
	edit := eml.Edit{Fields: append(taken, eml.Field{Name: "Thread-Topic", Value: topic}), Files: carried(content, kind.forward)}
	if id := content.Header("Message-ID"); id != "" {
		edit.Fields = append(edit.Fields, eml.Field{Name: "In-Reply-To", Value: id}, eml.Field{Name: "References", Value: strings.TrimSpace(content.Header("References") + " " + id)})
	}
	if !said.Child("Body").Exists() {
		edit.Body = quoted(content, n.Child("NewBodyContent"))
	}
	item.MIME = eml.Parse(item.MIME).Edit(edit)
	return item, nil
}

// answered returns the recipients of a reply: the people to answer and, for a reply to
// all, the recipients of the message, but not the owner of the mailbox.
func answered(kind *smartResponse, it *mailstore.Item) []eml.Field {
	if kind.forward {
		return nil
	}
	content := it.Content()
	to := content.Addresses("Reply-To")
	if len(to) == 0 {
		to = content.Addresses("From")
	}
	var cc []eml.Address
	if kind.all {
		seen := make(map[string]bool)
		for _, a := range to {
			seen[strings.ToLower(a.Email)] = true
		}
		others := func(header string) (all []eml.Address) {
			for _, a := range content.Addresses(header) {
				if key := strings.ToLower(a.Email); !seen[key] && !it.Folder.Mailbox.Has(a.Email) {
					seen[key] = true
					all = append(all, a)
				}
			}
			return all
		}
		to = append(slices.Clip(to), others("To")...)
		cc = others("Cc")
	}
	return []eml.Field{{Name: "To", Value: eml.FormatAddresses(to)}, {Name: "Cc", Value: eml.FormatAddresses(cc)}}
}

// carried returns the attachments that a response takes over: a forward takes all of
// them, a reply only the pictures within the text.
func carried(m *eml.Message, forward bool) []eml.File {
	var all []eml.File
	for _, a := range m.Attachments() {
		if !forward && !a.Inline {
			continue
		}
		b, _ := io.ReadAll(a.Open())
		all = append(all, eml.File{Name: a.Name, ContentType: a.ContentType, ContentID: a.ContentID, Location: a.Location, Inline: a.Inline, Item: a.Item, Content: b})
	}
	return all
}

// quoted returns the text of a response: the new text, and below it the text of the other
// message. It is HTML if either of the two is.
func quoted(m *eml.Message, comment *ewsschema.Node) *eml.Body {
	text, rich := m.Body()
	added := comment.Content()
	addedRich := comment.Get("BodyType") == "HTML"
	var head strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&head, "%s: %s\r\n", name, value)
		}
	}
	line("From", m.Header("From"))
	if at, ok := m.Date(); ok {
		line("Sent", at.Format(time.RFC1123))
	}
	line("To", m.Header("To"))
	line("Cc", m.Header("Cc"))
	line("Subject", m.Header("Subject"))
	if !rich && !addedRich {
		return &eml.Body{Text: added + "\r\n\r\n________________________________\r\n" + head.String() + "\r\n" + text}
	}
	if !rich {
		text = eml.Page(text)
	}
	if !addedRich {
		added = strings.ReplaceAll(html.EscapeString(added), "\n", "<br>\n")
	}
	quote := strings.ReplaceAll(html.EscapeString(head.String()), "\n", "<br>\n")
	return &eml.Body{HTML: true, Text: "<div>" + added + "</div><hr><div>" + quote + "</div>" + text}
}
