package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// reply is the answer to an operation while it is being written.
type reply struct {
	encoder
	operation string
	element   string // name of a response message
	empty     string // element that even an error message has
	extra     func() // writes what else an error message contains; nil for nothing
	code      ews.ResponseCode
	single    bool // the answer is itself a response message instead of containing some
	spoilt    bool // the schema does not allow it: a fault made it so, or real servers send it
}

func newReply(operation string, v Version) *reply {
	r := &reply{operation: operation, element: "m:" + operation + "ResponseMessage"}
	switch operation {
	case "GetItem", "CreateItem", "UpdateItem", "MoveItem", "CopyItem", "ArchiveItem":
		r.empty = "m:Items"
	case "GetAttachment", "CreateAttachment":
		r.empty = "m:Attachments"
	case "GetFolder", "CreateFolder", "CreateFolderPath", "UpdateFolder", "MoveFolder", "CopyFolder":
		r.empty = "m:Folders"
	}
	r.Grow(4 << 10)
	if operation == "GetStreamingEvents" {
		r.beginStreamed(v)
	} else {
		r.envelope()
		r.head(v)
		r.Open("s:Body")
	}
	if ewsschema.AnswersAlone(operation) {
		r.single, r.element = true, "m:"+operation+"Response"
		return r
	}
	r.response("m:" + operation + "Response")
	r.Open("m:ResponseMessages")
	return r
}

func (r *reply) response(element string) {
	r.Open(element)
	r.Attr("xmlns:m", xmlwire.URIMessages)
	r.Attr("xmlns:t", xmlwire.URITypes)
}

func (r *reply) finish() []piece {
	if !r.single {
		r.Close()
		r.Close()
	}
	r.Close()
	r.Close()
	return r.pieces()
}

func (r *reply) note(code ews.ResponseCode) {
	if r.code == "" {
		r.code = code
	}
}

// begin begins a response message.
func (r *reply) begin(class string) {
	if r.single {
		r.response(r.element)
	} else {
		r.Open(r.element)
	}
	r.Attr("ResponseClass", class)
}

// success writes a response message without an error.
func (r *reply) success(body func()) {
	r.note("NoError")
	r.begin("Success")
	r.Leaf("m:ResponseCode", "NoError")
	r.rest(body)
	r.Close()
}

// refused writes a response message with an error, or a warning.
func (r *reply) refused(f *refusal) {
	class := "Error"
	if f.code == "ErrorBatchProcessingStopped" || f.warning != nil {
		class = "Warning"
	}
	r.withClass(class, f, f.warning)
}

func (r *reply) withClass(class string, f *refusal, body func()) {
	r.note(f.code)
	r.begin(class)
	r.Leaf("m:MessageText", f.message())
	r.Leaf("m:ResponseCode", string(f.code))
	r.Int("m:DescriptiveLinkKey", 0)
	r.messageXML("m:MessageXml", f.field, f.values)
	if body == nil && r.extra != nil {
		body = r.extra
	}
	r.rest(body)
	r.Close()
}

// rest writes the content of a response message.
func (r *reply) rest(body func()) {
	switch {
	case body != nil:
		body()
	case r.empty != "":
		r.Open(r.empty)
		r.Close()
	}
}
