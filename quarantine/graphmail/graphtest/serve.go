package graphtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// importPath is the prefix of the paths of the import host.
const importPath = "/api/gv1.0/"

func isImport(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, importPath) }

// ServeHTTP answers requests to both hosts, which differ in their paths, so the server
// can be mounted in another one. It also serves the token endpoint.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.answer(r, true).write(w)
}

// answer answers a request that came over a socket or directly.
func (s *Server) answer(r *http.Request, socket bool) *answer {
	in := &incoming{method: r.Method, path: r.URL.EscapedPath(), query: r.URL.RawQuery, header: r.Header.Clone(), length: r.ContentLength, socket: socket}
	scheme := "http"
	if r.TLS != nil || r.URL.Scheme == "https" {
		scheme = "https"
	}
	in.base = scheme + "://" + r.Host
	body, err := s.read(r)
	if err != nil {
		return &answer{drop: true}
	}
	in.body = body
	c := &call{server: s, in: in, importing: isImport(r)}
	c.preferences()
	a := s.handle(r.Context(), c, func() *refusal {
		if c.importing {
			return nil
		}
		app, refused := s.signIn(r)
		c.app = app
		return refused
	})
	if r.Context().Err() != nil {
		return &answer{drop: true}
	}
	return a
}

// read reads the body, but not much more of it than the Graph host accepts.
func (s *Server) read(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	if isImport(r) {
		var b bytes.Buffer
		b.Grow(int(min(max(r.ContentLength, 0), 1<<30)) + bytes.MinRead)
		_, err := b.ReadFrom(r.Body)
		return b.Bytes(), err
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, int64(s.opts.MaxBody)+1))
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body)
	}
	return b, err
}

// handle answers a request or a part of a batch.
func (s *Server) handle(ctx context.Context, c *call, signIn func() *refusal) *answer {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return &answer{drop: true}
	}
	c.entry = &Request{Method: c.in.method, URL: c.in.path, Header: c.in.header.Clone(), Body: cut(c.in.body), Part: c.in.part, Operation: OpUnknown}
	if c.in.query != "" {
		c.entry.URL += "?" + c.in.query
	}
	c.entry.Header.Del("Authorization")
	if c.importing {
		c.entry.URL = c.in.path // the token in the query is a secret
	}
	refused := signIn()
	c.entry.App = c.app
	if refused == nil {
		refused = c.packed()
	}
	if refused == nil {
		refused = c.routed()
	}
	c.number = s.log.begin(c.entry)
	a := c.run(ctx, refused)
	wait := s.opts.Latency
	if c.fault != nil {
		wait += c.fault.slow
	}
	pause(ctx, wait)
	s.leave(c)
	if a.header == nil {
		a.header = make(http.Header)
	}
	a.header.Set("Date", s.opts.Now().UTC().Format(http.TimeFormat))
	a.header.Set("request-id", c.requestID())
	a.header.Set("client-request-id", c.clientID())
	s.log.end(c, a)
	return a
}

// routed finds the operation.
func (c *call) routed() *refusal {
	if c.importing {
		c.route, c.args = &importRoute, nil
		if r := uploadRoutes[c.in.method]; r != nil && strings.Contains(c.in.path, "/AttachmentSessions(") {
			c.route = r
		}
		c.entry.Operation = c.route.operation
		return nil
	}
	r, args, refused := c.server.find(c.in.method, c.in.path)
	if refused != nil {
		return refused
	}
	c.route, c.args = r, args
	c.entry.Operation = r.operation
	return nil
}

// run serves the request unless it was refused already or a fault answers instead.
func (c *call) run(ctx context.Context, refused *refusal) *answer {
	if refused != nil {
		return refused.answer(c)
	}
	c.server.claim(c)
	if f := c.fault; f != nil && f.instead() && !f.acted {
		c.claim()
		if f.later > 0 {
			c.postpone(f.later)
		}
		return f.answer(c, nil)
	}
	a := c.acting(ctx)
	if f := c.fault; f != nil && f.instead() {
		c.claim()
		return f.answer(c, a)
	}
	return a
}

// postpone lets the server act on the request after a time. Its timer is never stopped:
// stopping it outside the bubble that it was made in would be an error.
func (c *call) postpone(d time.Duration) {
	s, entry := c.server, c.entry
	late := &call{
		server: s, in: c.in, entry: entry, number: c.number, app: c.app, route: c.route, args: c.args, importing: c.importing,
		immutable: c.immutable, plain: c.plain, maxPage: c.maxPage,
	}
	time.AfterFunc(d, func() {
		s.mu.Lock()
		closed := s.closed
		s.mu.Unlock()
		if closed {
			return
		}
		late.acting(context.Background()) // the client is gone
		s.leave(late)
		s.log.mu.Lock()
		defer s.log.mu.Unlock()
		entry.Acted = entry.Acted || late.acted
	})
}

// acting answers the request with the store locked. A batch is an exception: its parts
// lock the store one by one.
func (c *call) acting(ctx context.Context) (a *answer) {
	if c.route.operation == OpBatch {
		out, refused := batch(ctx, c)
		if refused != nil {
			return refused.answer(c)
		}
		return out
	}
	if segment := c.route.segments[0]; segment == "groups" || segment == "contacts" {
		c.lists = c.server.exchange.Entries()
	}
	c.server.exchange.Share(func(org *mailstore.Organisation) {
		c.org = org
		a = c.serve()
		c.org = nil
	})
	return a
}

// serve serves the request with the store locked.
func (c *call) serve() *answer {
	refused := c.checked()
	if refused == nil {
		var a *answer
		if a, refused = c.route.serve(c); refused == nil {
			return a
		}
	}
	return refused.answer(c)
}

// checked checks the query, the permissions, the mailbox and the budget.
func (c *call) checked() *refusal {
	s := c.server
	if c.importing {
		return nil // the operation does this itself
	}
	if len(c.in.body) > s.opts.MaxBody {
		return refuse(http.StatusRequestEntityTooLarge, "BadRequest", "The request body exceeds the maximum size.")
	}
	if !s.may(c.app, c.route.roles) {
		if c.route.segments[0] == "groups" || len(c.route.segments) < 3 {
			return refuse(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
		}
		return accessDenied()
	}
	var refused *refusal
	if c.query, refused = c.parsed(); refused != nil {
		return refused
	}
	if refused := c.addressed(); refused != nil {
		return refused
	}
	return s.enter(c)
}

// parsed reads the query. Parts of a batch often have the same query.
func (c *call) parsed() (*query, *refusal) {
	known := c.batch[c.in.query]
	if known.route != c.route {
		q, refused := parseQuery(c.in.query, c.route.params)
		if refused != nil || c.batch == nil {
			return q, refused
		}
		known = parsedQuery{c.route, q}
		c.batch[c.in.query] = known
	}
	q := *known.query
	return &q, nil
}

// parsedQuery is the parsed query of a part of a batch.
type parsedQuery struct {
	route *route
	query *query
}

// addressed finds the mailbox that the path names.
func (c *call) addressed() *refusal {
	if id := c.arg("mailbox"); id != "" {
		c.box = c.known(id, func(box *mailstore.Mailbox) bool { return c.server.mailboxID(box) == id })
		if c.box == nil || c.box.Gone {
			c.box = nil
			return refuse(http.StatusNotFound, "ErrorMailboxNotFound", "The mailbox was not found.")
		}
		return nil
	}
	if c.route.segments[0] != "users" || len(c.route.segments) < 3 {
		return nil
	}
	c.box = c.user(c.arg("user"))
	switch {
	case c.box == nil:
		return refuse(http.StatusNotFound, "ErrorInvalidUser", "The requested user '"+c.arg("user")+"' is invalid.")
	case c.box.Moving:
		return refuse(http.StatusServiceUnavailable, "ErrorMailboxStoreUnavailable", "The mailbox database is temporarily unavailable.")
	case c.box.Gone:
		return refuse(http.StatusNotFound, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise.")
	case !c.server.mayOpen(c.app, c.box):
		return accessDenied()
	}
	return nil
}

// user returns the mailbox of a user by id or UPN, nil if nobody has it.
func (c *call) user(name string) *mailstore.Mailbox {
	return c.known(strings.ToLower(name), func(box *mailstore.Mailbox) bool {
		return strings.EqualFold(name, objectID("user", box.GUID().String())) || strings.EqualFold(name, c.server.upn(box))
	})
}

// known returns the mailbox with a name, and remembers it: there may be many requests,
// and many mailboxes.
func (c *call) known(name string, is func(*mailstore.Mailbox) bool) *mailstore.Mailbox {
	s := c.server
	s.mu.Lock()
	box := s.found[name]
	s.mu.Unlock()
	if box != nil {
		return box
	}
	for _, box := range c.org.Mailboxes() {
		if is(box) {
			s.mu.Lock()
			s.found[name] = box
			s.mu.Unlock()
			return box
		}
	}
	return nil
}

// pause waits, on a bubble's clock inside a synctest bubble.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
