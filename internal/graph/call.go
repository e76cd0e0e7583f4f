package graph

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// version is the version of Graph, which precedes each path.
const version = "/v1.0"

// call is a request.
type call struct {
	op     string // for people, such as "GET message"
	payer  string
	method string
	route  route
	params []Param
	header map[string]string
	body   any // to be encoded as JSON; nil for none
	// raw is a body that is sent as it is: content, or JSON with contents in it.
	raw []byte
	// content is a body that is streamed, and can be sent only once; its length is not
	// known.
	content io.Reader
	// size is the approximate length of content, for the budget.
	size int64
	// read means that the request changes nothing, and may be repeated. Without it the
	// request is a write.
	read bool
	// follows means that, in a batch, the request is useless if the one before it fails.
	follows bool
	// link is used as it is instead of route and params.
	link *url.URL
	// elsewhere means that link leads to the import host, to be used without sign-in.
	elsewhere bool
	// want lists the statuses that mean success.
	want []int
	// opaque means that the answer is content, not JSON.
	opaque bool
	// limit bounds the answer. Default: maxAnswer.
	limit int64
	// sends counts how often the request has been sent. nil: not yet.
	sends *int
}

// maxAnswer bounds an answer that is read whole.
const maxAnswer = 64 << 20

// get returns a read.
func get(op, payer string, r route, params ...Param) call {
	return call{op: op, payer: payer, method: http.MethodGet, route: r, params: params, read: true, want: []int{http.StatusOK}}
}

// write returns a request that changes something.
func write(op, payer, method string, r route, body any, want ...int) call {
	return call{op: op, payer: payer, method: method, route: r, body: body, want: want}
}

// address returns the URL of a call.
func (c *Client) address(k call) (*url.URL, error) {
	if k.link != nil {
		return k.link, nil
	}
	if k.route.err != nil {
		return nil, k.route.err
	}
	text := c.root.String() + version + k.route.path
	if len(k.params) > 0 {
		text += "?" + query(k.params)
	}
	return url.Parse(text)
}

// encoded returns the body, or nil if the call has no body or streams it.
func (k call) encoded() ([]byte, error) {
	if k.body == nil {
		return k.raw, nil
	}
	text, err := json.Marshal(k.body)
	if err != nil {
		return nil, fmt.Errorf("encoding the request: %w", err)
	}
	return text, nil
}

// newGUID returns a random UUID (RFC 9562, version 4).
func newGUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0F | 0x40
	b[8] = b[8]&0x3F | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
