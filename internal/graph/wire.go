package graph

import (
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
	"github.com/ewsquarantine/ewsquarantine/internal/wirelog"
)

// watch begins to record the exchange of a call.
func (k call) watch(log *wirelog.Log[*wireBody]) *wirelog.Exchange[*wireBody] {
	x := log.Begin()
	if x != nil {
		x.Request.content, x.Response.content = k.raw != nil, k.opaque
	}
	return x
}

// gets records the beginning of an answer.
func gets(x *wirelog.Exchange[*wireBody], resp *http.Response) {
	x.Gets(resp)
	if x != nil && resp.StatusCode >= 300 {
		x.Response.content = false // it contains the reason
	}
}

// tapped returns a reader of the body of a request that shows what passes.
func tapped(x *wirelog.Exchange[*wireBody], r io.Reader) io.Reader {
	if x == nil {
		return r
	}
	return io.TeeReader(r, x.Request)
}

// tappedAnswer returns a reader of the body of an answer that shows what passes.
func tappedAnswer(x *wirelog.Exchange[*wireBody], body io.ReadCloser) io.ReadCloser {
	if x == nil {
		return body
	}
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(body, x.Response), body}
}

// show writes the exchange of a call, without the secrets that were sent. If the call
// goes elsewhere, the query of its link is a secret.
func (k call) show(x *wirelog.Exchange[*wireBody], c Call, link *url.URL, secrets *redact.Watch, err error) {
	if x == nil {
		return
	}
	place := link.String()
	if k.elsewhere {
		place = link.Scheme + "://" + link.Host + link.EscapedPath() + "?" + wirelog.Hidden
	}
	x.Write(fmt.Sprintf("%s, %s %s, payer %q, attempt %d", c.Operation, k.method, place, c.Payer, c.Attempt), err, secrets.StrikeLong)
}
