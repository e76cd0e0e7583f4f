package ewstest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// refusal is the error of one response message, or of a whole request.
type refusal struct {
	code   ews.ResponseCode
	text   string  // empty: the usual text for the code
	values []value // for MessageXml
	field  string  // URI of the property at fault, for MessageXml

	warning func() // writes the content that goes with it; the refusal is then not an error
}

// value is a named value of MessageXml.
type value struct{ name, text string }

func refuse(code ews.ResponseCode) *refusal { return &refusal{code: code} }

func refuseText(code ews.ResponseCode, text string) *refusal {
	return &refusal{code: code, text: text}
}

// backOff returns a hint to wait, or nil if d is not positive.
func backOff(d time.Duration) []value {
	if d <= 0 {
		return nil
	}
	return []value{{"BackOffMilliseconds", strconv.FormatInt(d.Milliseconds(), 10)}}
}

func (r *refusal) message() string {
	if r.text != "" {
		return r.text
	}
	if text, ok := texts[r.code]; ok {
		return text
	}
	return "The operation failed: " + string(r.code) + "."
}

// encoder writes an answer; large content is kept apart until it is sent.
type encoder struct {
	xmlwire.Encoder
	large  [][][]byte
	heavy  int64    // bytes of it
	short  *float64 // share of large content that a fault keeps; nil: all
	nine   bool     // times have nine fractional digits, see [OddNanoseconds]
	millis bool     // times have a fraction
	links  bool     // the version has attachments that are links

	// What the caller may do in a folder, and whether it created an item.
	rightsIn func(*mailstore.Folder) mailstore.Rights
	made     func(*mailstore.Item) bool
	server   *Server // for the names of people; nil: nobody is known
}

// content writes an element that contains the base64 of content.
func (e *encoder) content(name string, content [][]byte, attrs ...string) {
	e.Open(name)
	for i := 0; i+1 < len(attrs); i += 2 {
		e.Attr(attrs[i], attrs[i+1])
	}
	if e.short != nil {
		content = shorten(content, *e.short)
	}
	e.Splice()
	e.large = append(e.large, content)
	for _, b := range content {
		e.heavy += int64(len(b))
	}
	e.Close()
}

// pieces returns the document.
func (e *encoder) pieces() []piece {
	b := e.Bytes()
	if len(e.large) == 0 {
		return []piece{{raw: b}}
	}
	var all []piece
	from := 0
	for i, at := range e.Splices() {
		all = append(all, piece{raw: b[from:at], content: e.large[i]})
		from = at
	}
	return append(all, piece{raw: b[from:]})
}

func (e *encoder) envelope() {
	e.References = true
	e.Declaration()
	e.Open("s:Envelope")
	e.Attr("xmlns:s", xmlwire.URISOAP)
}

// head writes the SOAP header of an answer, with the server's version.
func (e *encoder) head(v Version) {
	e.Open("s:Header")
	e.Open("h:ServerVersionInfo")
	e.Attr("xmlns:h", xmlwire.URITypes)
	e.version(v)
	e.Close()
	e.Close()
}

// version writes the attributes of ServerVersionInfo.
func (e *encoder) version(v Version) {
	d := versions[v]
	e.Attr("MajorVersion", strconv.Itoa(d.build.Major))
	e.Attr("MinorVersion", strconv.Itoa(d.build.Minor))
	e.Attr("MajorBuildNumber", strconv.Itoa(d.build.Build))
	e.Attr("MinorBuildNumber", strconv.Itoa(d.build.Revision))
	e.Attr("Version", d.info)
}

// messageXML writes the property at fault and named values.
func (e *encoder) messageXML(element, field string, values []value) {
	if len(values) == 0 && field == "" {
		return
	}
	e.Open(element)
	if field != "" {
		element := "t:FieldURI"
		if prefix(field) == "attachment" {
			element = "t:ExceptionFieldURI"
		}
		e.Open(element)
		e.Attr("FieldURI", field)
		e.Close()
	}
	for _, v := range values {
		e.Open("t:Value")
		e.Attr("Name", v.name)
		e.Text(v.text)
		e.Close()
	}
	e.Close()
}

// mustUnderstand is the code of the fault for a header that the server does not know. It
// is SOAP's own code, and the fault has no detail, because a detail is about the body.
const mustUnderstand = "MustUnderstand"

// faultAnswer refuses a whole request: HTTP 500 and a fault without a SOAP header.
func faultAnswer(r *refusal) *answer {
	e := &encoder{}
	e.envelope()
	e.Open("s:Body")
	e.Open("s:Fault")
	e.faultCode(r)
	if r.code == mustUnderstand {
		for range 3 {
			e.Close()
		}
		return xmlAnswer(500, e.pieces())
	}
	e.Open("detail")
	for _, leaf := range [][2]string{{"e:ResponseCode", string(r.code)}, {"e:Message", r.message()}} {
		e.Open(leaf[0])
		e.Attr("xmlns:e", xmlwire.URIErrors)
		e.Text(leaf[1])
		e.Close()
	}
	if len(r.values) > 0 {
		e.Open("t:MessageXml")
		e.Attr("xmlns:t", xmlwire.URITypes)
		for _, v := range r.values {
			// The details of schema violations have their own elements.
			if v.name == "LineNumber" || v.name == "LinePosition" || v.name == "Violation" {
				e.Leaf("t:"+v.name, v.text)
				continue
			}
			e.Open("t:Value")
			e.Attr("Name", v.name)
			e.Text(v.text)
			e.Close()
		}
		e.Close()
	}
	for range 4 {
		e.Close()
	}
	return xmlAnswer(500, e.pieces())
}

// bareFault refuses a whole request as a server that is not Exchange does: HTTP 500, or
// 200 with [OddBareFaults], and a SOAP fault without detail.
func (s *Server) bareFault(code, text string) *answer {
	e := &encoder{}
	e.envelope()
	e.Open("s:Body")
	e.Open("s:Fault")
	e.Leaf("faultcode", code)
	e.Leaf("faultstring", text)
	for range 3 {
		e.Close()
	}
	status := http.StatusInternalServerError
	if s.opts.Odd.Has(OddBareFaults) {
		status = http.StatusOK
	}
	return s.twice(xmlAnswer(status, e.pieces()))
}

// faultCode writes the part of a fault before its detail.
func (e *encoder) faultCode(r *refusal) {
	e.Open("faultcode")
	if r.code == mustUnderstand {
		e.Text("s:" + mustUnderstand)
	} else {
		e.Attr("xmlns:a", xmlwire.URITypes)
		e.Text("a:" + string(r.code))
	}
	e.Close()
	e.Open("faultstring")
	e.Attr("xml:lang", "en-US")
	e.Text(r.message())
	e.Close()
}
