package ews

import (
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// fault reads a SOAP fault. The code is in the detail; older kinds of fault
// have only a faultcode, such as a:ErrorServerBusy or soap:Client.
func (a *answer) fault() error {
	e := &ResponseError{
		Operation: a.op, Mailbox: a.client.mailbox, Fault: true,
		HTTPStatus: a.status, RequestID: a.requestID, Server: a.server,
	}
	var fallback, text string
	d, depth := a.d, a.d.Depth()
	for d.NextChild(depth) {
		switch d.Local() {
		case "faultcode":
			code := strings.TrimSpace(d.Text())
			fallback = code[strings.LastIndexByte(code, ':')+1:]
		case "faultstring":
			text = d.Text()
		case "detail":
			a.faultDetail(e)
		}
	}
	if err := d.Err(); err != nil && e.Code == "" {
		return a.unreadable(err)
	}
	if e.Code == "" {
		e.Code = ResponseCode(fallback)
	}
	if strings.TrimSpace(e.Message) == "" {
		e.Message = text
	}
	return e
}

func (a *answer) faultDetail(e *ResponseError) {
	d, depth := a.d, a.d.Depth()
	for d.NextChild(depth) {
		switch d.Local() {
		case "ResponseCode":
			e.Code = ResponseCode(strings.TrimSpace(d.Text()))
		case "Message":
			e.Message = d.Text()
		case "MessageXml":
			messageXML(d, e)
		case "Violation":
			addViolation(e, d.Text())
		}
	}
}

// messageXML reads the details that accompany a message. Namespaces differ
// between faults and response messages, and the content is open-ended, so only
// local names count.
func messageXML(d *xmlwire.Decoder, e *ResponseError) {
	depth := d.Depth()
	for d.NextChild(depth) {
		switch d.Local() {
		case "Value":
			name := d.AttrInterned("Name")
			text := strings.TrimSpace(d.Text())
			switch name {
			case "BackOffMilliseconds":
				e.BackOff = max(e.BackOff, milliseconds(text))
			case "InnerErrorResponseCode":
				e.Inner = ResponseCode(text)
			}
		case "BackOffMilliseconds":
			e.BackOff = max(e.BackOff, milliseconds(d.Text()))
		case "InnerErrorResponseCode":
			e.Inner = ResponseCode(strings.TrimSpace(d.Text()))
		case "FieldURI":
			e.Property = d.AttrInterned("FieldURI")
		case "IndexedFieldURI":
			e.Property = d.AttrInterned("FieldURI") + " " + d.AttrInterned("FieldIndex")
		case "ExtendedFieldURI":
			var f ExtendedField
			decodeExtendedField(d, &f)
			e.Property = f.describe()
		case "Violation":
			addViolation(e, d.Text())
		default:
			// Some servers wrap the values in another element.
			if d.Depth() < depth+4 {
				messageXML(d, e)
			}
		}
	}
}

// addViolation appends a schema violation to the message.
func addViolation(e *ResponseError, text string) {
	if text = strings.TrimSpace(text); text != "" {
		e.Message = strings.TrimSpace(e.Message + " " + text)
	}
}

// describe returns a readable name of an extended field.
func (f ExtendedField) describe() string {
	set := string(f.Set)
	if set == "" {
		set = f.GUID
	}
	switch {
	case set == "":
		return "0x" + strconv.FormatUint(uint64(f.Tag), 16)
	case f.Name != "":
		return set + "/" + f.Name
	}
	return set + "/0x" + strconv.FormatUint(uint64(f.ID), 16)
}
