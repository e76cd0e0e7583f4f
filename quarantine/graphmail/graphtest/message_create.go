package graphtest

import (
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// createMessage makes a draft, from JSON or from MIME in base64
// (https://learn.microsoft.com/en-us/graph/api/user-post-messages).
func createMessage(c *call) (*answer, *refusal) {
	if kind, _, _ := strings.Cut(c.in.header.Get("Content-Type"), ";"); strings.EqualFold(strings.TrimSpace(kind), "text/plain") {
		return c.createFromMIME()
	}
	return c.createFromJSON(c.box.Named(ews.FolderDrafts))
}

// createInFolder makes a message in a folder, from JSON only: MIME is documented but
// refused there.
func createInFolder(c *call) (*answer, *refusal) {
	f, refused := c.folder(c.arg("folder"))
	if refused != nil {
		return nil, refused
	}
	if !strings.HasPrefix(strings.ToLower(c.in.header.Get("Content-Type")), "application/json") {
		return nil, refuse(http.StatusBadRequest, "UnableToDeserializePostBody", "Unable to deserialize the POST body.")
	}
	if f.Search != nil || f.Recoverable() {
		return nil, accessDenied()
	}
	return c.createFromJSON(f)
}

// createFromMIME makes a draft. If the message is too large, nothing is made, though the
// answer is 200.
func (c *call) createFromMIME() (*answer, *refusal) {
	raw, err := decodeBase64(strings.Join(strings.Fields(string(c.in.body)), ""))
	if err != nil || len(raw) == 0 {
		return nil, refuse(http.StatusBadRequest, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content.")
	}
	if len(raw) > c.server.opts.MaxMIME || c.strikes(faultNothing) {
		return c.nothing(), nil
	}
	return c.created(c.box.Named(ews.FolderDrafts), mailstore.New{MIME: raw})
}

// nothing returns the answer for a message that was made, although none was.
func (c *call) nothing() *answer {
	a := jsonAnswer(http.StatusOK, object{"@odata.context": c.context() + "/$entity"})
	a.odd = true
	return a
}

func (c *call) created(f *mailstore.Folder, n mailstore.New) (*answer, *refusal) {
	if f.Mailbox.Full(int64(len(n.MIME))) {
		return nil, full()
	}
	it := f.Create(n)
	c.acted = true
	c.forget(it)
	return jsonAnswer(http.StatusCreated, c.entity(c.message(it, nil, false))), nil
}

// composed are the properties of a new message that become its MIME.
type composed struct {
	edit eml.Edit
}

// createFromJSON makes a message from properties. With the extended property Integer
// 0x0E07 set to 4 it is not a draft, and keeps the times in 0x0E06 and 0x0039.
func (c *call) createFromJSON(f *mailstore.Folder) (*answer, *refusal) {
	o, refused := c.json(false, append([]string{"attachments", "singleValueExtendedProperties", "multiValueExtendedProperties"}, messageNames...)...)
	if refused != nil {
		return nil, refused
	}
	m := &composed{}
	rest := make(object)
	for name, value := range o {
		taken, refused := m.take(name, value)
		if refused != nil {
			return nil, refused
		}
		if !taken {
			rest[name] = value
		}
	}
	u := &update{call: c}
	if refused := u.newOne(rest); refused != nil {
		return nil, refused
	}
	if c.strikes(faultNothing) {
		return c.nothing(), nil
	}
	if _, ok := o["internetMessageId"]; !ok {
		m.field("Message-ID", "<"+hex.EncodeToString(c.org.Random(16))+"@"+c.server.exchange.Domain()+">")
	}
	if m.edit.Body == nil {
		m.edit.Body = &eml.Body{}
	}
	m.edit.Fields = append(m.edit.Fields, eml.Field{Name: "MIME-Version", Value: "1.0"}, eml.Field{Name: "Date", Value: c.org.Now().Format(time.RFC1123Z)})
	n := mailstore.New{MIME: eml.Parse(nil).Edit(m.edit), Composed: true, Properties: u.set}
	if u.isRead != nil {
		n.Properties = append(n.Properties, mailstore.WithReadState(u.set, *u.isRead))
	}
	return c.created(f, n)
}

// newOne reads the properties of a new message that do not become its MIME.
func (u *update) newOne(o object) *refusal {
	for name := range o {
		switch name {
		case "isRead", "isReadReceiptRequested", "isDeliveryReceiptRequested", "categories", "importance", "inferenceClassification",
			"flag", "singleValueExtendedProperties", "multiValueExtendedProperties":
		default:
			return refuse(http.StatusBadRequest, "ErrorInvalidPropertySet", "The property '"+name+"' is read-only and cannot be set.")
		}
	}
	return u.readAll(o)
}

// take reads a property that becomes part of the MIME and reports whether it is such a
// property.
func (m *composed) take(name string, value any) (bool, *refusal) {
	wrong := bad("Cannot convert the value of '%s' to the expected type.", name)
	header := map[string]string{
		"from": "From", "sender": "Sender", "toRecipients": "To", "ccRecipients": "Cc", "bccRecipients": "Bcc", "replyTo": "Reply-To",
	}[name]
	switch {
	case name == "from" || name == "sender":
		value = []any{value}
		fallthrough
	case header != "":
		people, ok := addresses(value)
		if !ok {
			return true, wrong
		}
		for _, a := range people {
			if name == "replyTo" && !strings.Contains(a.Email, "@") {
				return true, refuse(http.StatusBadRequest, "ErrorInvalidRecipients", "At least one recipient is not valid.")
			}
		}
		m.field(header, eml.FormatAddresses(people))
		return true, nil
	case name == "subject" || name == "internetMessageId":
		text, ok := value.(string)
		if !ok || strings.ContainsAny(text, "\r\n") {
			return true, wrong
		}
		m.field(map[string]string{"subject": "Subject", "internetMessageId": "Message-ID"}[name], text)
		return true, nil
	case name == "body":
		o, ok := value.(object)
		text, isText := o["content"].(string)
		if !ok || !isText {
			return true, wrong
		}
		m.edit.Body = &eml.Body{HTML: strings.EqualFold(asText(o["contentType"]), "html"), Text: text}
		return true, nil
	case name == "internetMessageHeaders":
		return true, m.headers(value)
	case name == "attachments":
		return true, m.files(value)
	}
	return false, nil
}

func (m *composed) field(name, value string) {
	m.edit.Fields = append(m.edit.Fields, eml.Field{Name: name, Value: value})
}

// maxHeaders is how many headers a message may be made with.
const maxHeaders = 5

// headers reads internetMessageHeaders, of which only those that begin with x- may be
// set.
func (m *composed) headers(value any) *refusal {
	rows, _ := value.([]any)
	if len(rows) > maxHeaders {
		return refuse(http.StatusBadRequest, "InvalidInternetMessageHeaderCollection", "Maximum number of headers in one message should be less than or equal to 5.")
	}
	for _, row := range rows {
		o, _ := row.(object)
		name, text := asText(o["name"]), asText(o["value"])
		if !strings.HasPrefix(strings.ToLower(name), "x-") {
			return refuse(http.StatusBadRequest, "InvalidInternetMessageHeader", "The internet message header name '"+name+"' should start with 'x-' or 'X-'.")
		}
		if strings.ContainsAny(name+text, "\r\n") {
			return bad("A header must be one line.")
		}
		m.field(name, text)
	}
	return nil
}

// files reads the attachments of a new message: files only.
func (m *composed) files(value any) *refusal {
	rows, ok := value.([]any)
	if !ok {
		return bad("attachments must be an array.")
	}
	for _, row := range rows {
		f, refused := fileOf(row)
		if refused != nil {
			return refused
		}
		m.edit.Files = append(m.edit.Files, *f)
	}
	return nil
}

// fileOf reads a fileAttachment.
func fileOf(v any) (*eml.File, *refusal) {
	o, ok := v.(object)
	if !ok {
		return nil, bad("An attachment must be an object.")
	}
	if kind := strings.TrimPrefix(asText(o["@odata.type"]), "#"); !strings.EqualFold(kind, "microsoft.graph.fileAttachment") {
		return nil, lacks("creation of an attachment of type " + kind)
	}
	f := &eml.File{}
	for name, value := range o {
		text, isText := value.(string)
		switch {
		case strings.HasPrefix(name, "@odata."), value == nil:
		case name == "isInline":
			f.Inline, _ = value.(bool)
		case !isText && name != "size":
			return nil, bad("Cannot convert the value of '%s' to the expected type.", name)
		case name == "name":
			f.Name = text
		case name == "contentType":
			f.ContentType = text
		case name == "contentId":
			f.ContentID = text
		case name == "contentLocation":
			f.Location = text
		case name == "contentBytes":
			b, err := decodeBase64(text)
			if err != nil {
				return nil, bad("contentBytes is not base64.")
			}
			f.Content = b
		default:
			return nil, bad("The property '%s' of an attachment cannot be set.", name)
		}
	}
	if f.Name == "" {
		return nil, bad("An attachment needs a name.")
	}
	if f.ContentType == "" {
		f.ContentType = "application/octet-stream"
	}
	return f, nil
}

// addresses reads an array of recipients.
func addresses(v any) ([]eml.Address, bool) {
	rows, ok := v.([]any)
	var all []eml.Address
	for _, row := range rows {
		o, isObject := row.(object)
		e, too := o["emailAddress"].(object)
		a := eml.Address{Name: asText(e["name"]), Email: asText(e["address"])}
		if !isObject || !too || strings.ContainsAny(a.Name+a.Email, "\r\n") {
			return nil, false
		}
		all = append(all, a)
	}
	return all, ok
}
