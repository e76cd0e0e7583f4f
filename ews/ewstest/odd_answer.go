package ewstest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// faulted refuses a whole request.
func (s *Server) faulted(r *refusal) *answer {
	if !s.opts.Odd.Has(OddBareFaults) {
		return s.twice(faultAnswer(r))
	}
	e := &encoder{}
	e.envelope()
	e.Open("s:Body")
	e.Open("s:Fault")
	e.faultCode(r)
	for range 3 {
		e.Close()
	}
	return s.twice(xmlAnswer(http.StatusOK, e.pieces()))
}

// twice marks a fault to be sent a second time, if the server has that oddity.
func (s *Server) twice(a *answer) *answer {
	a.again = s.opts.Odd.Has(OddTwoAnswers)
	return a
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

// connContext stores the connection where sendAgain finds it.
func connContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// sendAgain sends an answer a second time, after the first. net/http cannot do that, but
// lets others write to the connection once it has sent the whole first answer; it
// continues to serve the connection, whose answers lag by one from then on.
func (a *answer) sendAgain(w http.ResponseWriter, r *http.Request) {
	conn, ok := r.Context().Value(connKey{}).(net.Conn)
	if !a.again || !ok || http.NewResponseController(w).Flush() != nil {
		return
	}
	body, size := bodyOf(a.body)
	header := make(http.Header)
	maps.Copy(header, a.header)
	header.Set("Content-Length", strconv.FormatInt(size, 10))
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	_ = header.Write(&b)
	b.WriteString("\r\n")
	_, _ = io.Copy(conn, io.MultiReader(strings.NewReader(b.String()), body))
}

// newItems writes the ids of items that an operation has made.
func (c *call) newItems(it *mailstore.Item) {
	c.out.Open("m:Items")
	if !c.opts.Odd.Has(OddNoItemIDs) {
		c.out.writeItemID(it)
	}
	c.out.Close()
}
