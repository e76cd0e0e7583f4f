package graphtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// incoming is a request as received over a socket or directly, or as part of a batch.
type incoming struct {
	method string
	base   string // scheme and host of the Graph host, as the client addresses it
	path   string // escaped, including the version
	query  string // raw
	header http.Header
	body   []byte
	length int64 // length of the body according to the request; -1: not given
	part   bool  // it is part of a batch
	socket bool
}

// call is the handling of one request.
type call struct {
	server    *Server
	in        *incoming
	entry     *Request
	number    int
	app       string
	route     *route
	args      []string
	query     *query
	org       *mailstore.Organisation // set while the store is locked
	box       *mailstore.Mailbox      // mailbox of the user or mailbox in the path, if any
	lists     []ewstest.Entry         // lists of the address book, where they are needed
	importing bool                    // it is at the import host
	immutable bool                    // immutable ids were requested
	plain     bool                    // bodies were requested as text
	maxPage   int                     // requested by Prefer; 0: not given
	fault     *Fault                  // fault that strikes
	claimed   bool
	acted     bool
	running   *spending              // where the request counts as running
	batch     map[string]parsedQuery // queries of the batch that it is part of, by text; nil: not part of a batch
}

func (c *call) requestID() string {
	return fmt.Sprintf("00000000-6772-4170-8000-%012x", c.number)
}

func (c *call) clientID() string {
	if id := c.in.header.Get("client-request-id"); id != "" {
		return id
	}
	return c.requestID()
}

// preferences reads the Prefer headers. Unknown preferences are ignored, as RFC 7240
// requires.
func (c *call) preferences() {
	for _, line := range c.in.header.Values("Prefer") {
		for p := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
			value = strings.Trim(value, `"`)
			switch strings.ToLower(name) {
			case "idtype":
				c.immutable = strings.EqualFold(value, "ImmutableId")
			case "outlook.body-content-type":
				c.plain = strings.EqualFold(value, "text")
			case "odata.maxpagesize":
				c.maxPage, _ = strconv.Atoi(value)
			}
		}
	}
}

// arg returns the value of a placeholder in the path.
func (c *call) arg(name string) string {
	for i, s := range c.route.segments {
		if s == "{"+name+"}" {
			return c.args[i]
		}
	}
	return ""
}

// json reads the body as an object whose properties must all be known. If fold is set,
// their names may be in any case.
func (c *call) json(fold bool, known ...string) (object, *refusal) {
	if refused := c.isJSON(); refused != nil {
		return nil, refused
	}
	v, err := decode(c.in.body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "UnableToDeserializePostBody", "Unable to deserialize the POST body: "+err.Error())
	}
	o := make(object, len(v))
	for name, value := range v {
		found := ""
		for _, k := range known {
			if k == name || fold && strings.EqualFold(k, name) {
				found = k
			}
		}
		if found == "" && !strings.HasPrefix(name, "@odata.") {
			return nil, bad("The property '%s' does not exist on this type, or graphtest does not take it here.", name)
		}
		if found != "" {
			o[found] = value
		}
	}
	return o, nil
}

// isJSON refuses a body of another kind.
func (c *call) isJSON() *refusal {
	kind := c.in.header.Get("Content-Type")
	if base, _, _ := strings.Cut(kind, ";"); !strings.EqualFold(strings.TrimSpace(base), "application/json") {
		return bad("A valid Content-Type header is required: application/json.")
	}
	return nil
}

// packed refuses a compressed body. Microsoft's SDK for Go compresses bodies at first,
// and then sends them uncompressed. It is not known whether real servers unpack them.
func (c *call) packed() *refusal {
	switch kind := c.in.header.Get("Content-Encoding"); strings.ToLower(kind) {
	case "", "identity":
		return nil
	default:
		return refuse(http.StatusUnsupportedMediaType, "BadRequest", "The content encoding '"+kind+"' of the request is not supported.")
	}
}

func decode(b []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v object
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more behind the object")
	}
	if v == nil {
		return nil, errors.New("it is not an object")
	}
	return v, nil
}
