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

// incoming is a request as it came over either way, or as a part of a batch.
type incoming struct {
	method string
	base   string // scheme and host of the Graph host, as the client addresses it
	path   string // escaped, with the version
	query  string // raw
	header http.Header
	body   []byte
	length int64 // of the body as the request says; -1: it does not
	part   bool  // of a batch
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
	org       *mailstore.Organisation // while the store is locked
	box       *mailstore.Mailbox      // of the user or mailbox in the path, if there is one
	lists     []ewstest.Entry         // of the address book, where they are needed
	importing bool                    // at the import host
	immutable bool                    // ids that were asked for
	plain     bool                    // bodies as text
	maxPage   int                     // asked for by Prefer; 0: not
	fault     *Fault                  // that strikes
	claimed   bool
	acted     bool
	payer     payer
	paid      bool
	batch     map[string]parsedQuery // that it is a part of: queries by their texts; nil: of none
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

// preferences reads the Prefer headers. What is not known is ignored, as RFC 7240 wants.
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

// arg returns what stands in the path in place of a name.
func (c *call) arg(name string) string {
	for i, s := range c.route.segments {
		if s == "{"+name+"}" {
			return c.args[i]
		}
	}
	return ""
}

// json reads the body, an object whose properties are all among those that are known,
// written in any case if fold is set.
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

// packed refuses a body that is compressed, as Microsoft's SDK for Go sends it first: it then
// sends it plain. Whether real servers unpack it is not known.
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
