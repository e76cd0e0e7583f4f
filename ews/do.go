package ews

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// Bounds of requests and responses of [Client.Do], in bytes.
const (
	maxDoBody         = 16 << 20
	defaultDoResponse = 32 << 20
)

// DoRequest describes an operation for which this package has no method.
type DoRequest struct {
	// Body is the content of the SOAP body: one element in the namespace of EWS messages,
	// such as <m:GetServerTimeZones ReturnFullTimeZoneData="false"/>. The prefixes s
	// (SOAP), t (types) and m (messages) are already declared. It must be well-formed,
	// without a document type, and at most 16 MiB long. Exchange validates it against its
	// schema, including the order of elements.
	Body []byte

	// ReadOnly declares that the operation changes nothing, so that it may be repeated if
	// the server is busy or the connection breaks, as set by ReadAttempts of [Options].
	// Never set it for an operation that writes: after an error its outcome may be
	// unknown ([Ambiguous]), and a repetition could carry it out twice.
	ReadOnly bool

	// Least is the oldest schema version that supports the operation. With an older
	// server, the error is [ErrUnsupportedVersion]. Default: any.
	Least Version

	// MaxResponse bounds the decompressed response, in bytes. Default: 32 MiB; at most
	// 256 MiB.
	MaxResponse int64
}

// DoResponse is the response to an operation.
type DoResponse struct {
	Operation Operation

	// XML is the response element, such as <m:GetServerTimeZonesResponse>, as the server
	// sent it, in UTF-8, with declarations of the namespaces it inherits. It may contain
	// references to characters that XML 1.0 forbids, such as &#x1F;, which package
	// encoding/xml rejects. Text in it that comes from senders is untrusted.
	XML []byte

	RequestID string // the server's request-id header, for its administrator
	Server    string // X-FEServer and X-TargetBEServer, if given
}

// Do sends an operation for which this package has no method. It is authenticated,
// throttled, impersonated, and reported to hook and log, as the methods for single
// operations are, and returns the same errors. The client chooses the schema version, and
// steps down to an older one if the server refuses it. Without ReadOnly, the operation is
// not repeated after it may have been carried out.
//
// If response messages report an error, or a warning with a code other than NoError, the
// error joins a [*ResponseError] for each, up to five, and the response is returned as
// well: the other members of a batch may have been carried out. With any other error the
// response is nil. The response is held in memory as a whole, so Do is not suited to
// operations that stream notifications (GetStreamingEvents).
//
// The operations are listed at
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/ews-operations-in-exchange.
func (c *Client) Do(ctx context.Context, req DoRequest) (*DoResponse, error) {
	op, err := req.operation()
	if err == nil {
		err = c.checkView()
	}
	if err != nil {
		return nil, &requestError{op, c.mailbox, err}
	}
	keep := req.MaxResponse
	if keep == 0 {
		keep = defaultDoResponse
	}
	t := task{
		op: op, least: req.Least, what: string(op), keep: keep,
		encode: func(e *xmlwire.Encoder, _ Version) { e.Raw(req.Body) },
	}
	p := c.patience(op)
	p.left = 1
	if req.ReadOnly {
		p.left = max(c.attempts, 1)
	}
	for {
		var resp *DoResponse
		var refusals []error
		err := c.attempt(ctx, &t, func(a *answer) (err error) {
			resp, refusals, err = a.whole()
			return err
		})
		if err == nil {
			err = errors.Join(refusals...)
		} else {
			resp = nil
		}
		if err != nil && req.ReadOnly {
			err = &readOnlyError{err}
		}
		if err == nil || !p.again(ctx, err) {
			return resp, p.outcome(err)
		}
	}
}

// operation checks the request and returns the name of its operation.
func (req *DoRequest) operation() (Operation, error) {
	field := func(problem string, args ...any) error { return wrong("DoRequest.Body", problem, args...) }
	switch body := bytes.TrimSpace(req.Body); {
	case len(body) == 0:
		return "", field("is empty: use the element of the operation")
	case len(body) > maxDoBody:
		return "", field("is longer than 16 MiB")
	case req.MaxResponse < 0 || req.MaxResponse > maxAnswer:
		return "", wrong("DoRequest.MaxResponse", "is %d: use a number of bytes up to 256 MiB, or 0 for the default", req.MaxResponse)
	case req.Least != 0 && (req.Least < Exchange2010 || req.Least > Exchange2013SP1):
		return "", wrong("DoRequest.Least", "is %v: use one of this package's versions", req.Least)
	}
	root, err := onlyElement(req.Body)
	switch {
	case err != nil:
		return "", field("cannot be sent: %v", err)
	case root.Space != xmlwire.URIMessages:
		return "", field("is not in the namespace of EWS messages: write the prefix m, as in <m:GetServerTimeZones>")
	}
	return Operation(strings.TrimSuffix(root.Local, "Request")), nil // as in GetUserAvailabilityRequest
}

// onlyElement returns the name of the single element that a text consists of, as the
// server will read it within the envelope.
func onlyElement(body []byte) (root xml.Name, err error) {
	const end = "</s:Body>"
	framed := fmt.Appendf(nil, "<s:Body xmlns:s=%q xmlns:t=%q xmlns:m=%q>%s%s", xmlwire.URISOAP, xmlwire.URITypes, xmlwire.URIMessages, body, end)
	d := xml.NewDecoder(bytes.NewReader(framed))
	depth, elements := 0, 0
	for {
		token, err := d.Token()
		if err != nil {
			line, column := d.InputPos() // the text of the error quotes the body
			return root, fmt.Errorf("it is not well-formed XML 1.0, at line %d, byte %d of the SOAP body", line, column)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth > 64 {
				return root, errors.New("its elements are nested more than 64 deep")
			}
			if depth == 2 {
				elements++
				root = token.Name
			}
			if err := declared(token); err != nil {
				return root, err
			}
		case xml.EndElement:
			if depth--; depth > 0 {
				continue
			}
			if rest := int64(len(framed)) - d.InputOffset(); rest > 0 {
				return root, errors.New("it ends the SOAP body")
			}
			if elements != 1 {
				return root, fmt.Errorf("it has %d elements: use one", elements)
			}
			return root, nil
		case xml.CharData:
			if depth == 1 && len(bytes.TrimSpace(token)) > 0 {
				return root, errors.New("it has text outside its element")
			}
		case xml.ProcInst, xml.Directive:
			return root, errors.New("it has an XML declaration, a processing instruction or a document type: leave it out")
		}
	}
}

// declared returns an error if a name has an undeclared prefix, which encoding/xml takes
// for the namespace itself.
func declared(e xml.StartElement) error {
	names := []xml.Name{e.Name}
	for _, a := range e.Attr {
		if a.Name.Space != "xmlns" {
			names = append(names, a.Name)
		}
	}
	for _, n := range names {
		if n.Space != "" && !strings.ContainsAny(n.Space, ":/") {
			return fmt.Errorf("the prefix %s is not declared", quote(n.Space))
		}
	}
	return nil
}

// maxDoRefusals is the maximum number of refusals that an error lists.
const maxDoRefusals = 5

// maxMessageDepth is how deep response messages can be nested below the response element.
// They are deepest in GetUserAvailability.
const maxMessageDepth = 3

// whole reads the answer to its end.
func (a *answer) whole() (resp *DoResponse, refusals []error, err error) {
	begin, local := a.d.Offset(), a.d.Local()
	var declarations []byte
	for prefix, uri := range a.d.Inherited() {
		name := "xmlns"
		if prefix != "" {
			name += ":" + prefix
		}
		declarations = fmt.Appendf(declarations, ` %s="`, name)
		var b bytes.Buffer
		if err := xml.EscapeText(&b, []byte(uri)); err != nil {
			return nil, nil, a.unreadable(err)
		}
		declarations = append(append(declarations, b.Bytes()...), '"')
	}
	if err := a.walk(maxMessageDepth, &refusals); err != nil {
		return nil, nil, err
	}
	end := a.d.Offset()
	if err := a.finish(); err != nil {
		return nil, nil, err
	}
	from := max(0, bytes.LastIndexByte(a.body.kept[:begin], '<'))
	tag := a.body.kept[from:begin]
	name := bytes.IndexAny(tag, " \t\r\n/>")
	if name < 0 || !bytes.HasSuffix(tag[:name], []byte(local)) {
		return nil, nil, a.malformed("the response element has an odd start tag")
	}
	text := make([]byte, 0, int(end)-from+len(declarations))
	text = append(append(append(text, tag[:name]...), declarations...), a.body.kept[from+name:end]...)
	if more := len(refusals) - maxDoRefusals; more > 0 {
		refusals = append(refusals[:maxDoRefusals], fmt.Errorf("and %d more response messages report errors", more))
	}
	return &DoResponse{Operation: a.op, XML: text, RequestID: a.requestID, Server: a.server}, refusals, nil
}

// walk reads the current element and appends the refusals of its response messages.
func (a *answer) walk(levels int, refusals *[]error) error {
	d, depth := a.d, a.d.Depth()
	if _, ok := d.Attr("ResponseClass"); ok {
		m := a.message(func() {})
		if d.Err() != nil {
			return a.unreadable(d.Err())
		}
		a.messages++
		err, ok := a.outcome(m, "")
		if !ok {
			return a.malformed("a response message reports neither success nor failure")
		}
		if err != nil {
			*refusals = append(*refusals, err)
		}
		return nil
	}
	for d.NextChild(depth) {
		if levels > 0 {
			if err := a.walk(levels-1, refusals); err != nil {
				return err
			}
		}
	}
	if d.Err() != nil {
		return a.unreadable(d.Err())
	}
	return nil
}

// readOnlyError is the error of an operation that the caller declared to be read-only. It
// is not ambiguous, whatever this package thinks of the operation.
type readOnlyError struct{ err error }

func (e *readOnlyError) Error() string { return e.err.Error() }
func (e *readOnlyError) Unwrap() error { return e.err }

func (e *readOnlyError) verdict() verdict {
	v := verdict{notSent: NotSent(e.err), notExecuted: NotExecuted(e.err), transient: IsTransient(e.err), read: true}
	v.backOff, _ = BackOff(e.err)
	return v
}

// tooLargeError reports a response that is longer than the caller allows.
type tooLargeError int64

func (e tooLargeError) Error() string {
	return fmt.Sprintf("the response is larger than %d bytes (DoRequest.MaxResponse)", int64(e))
}

// Is makes tooLargeError match like the error for any other response that is too large.
func (tooLargeError) Is(target error) bool { return target == errTooLarge }
