package graphtest

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// session is an import session.
type session struct {
	app     string
	mailbox mailstore.GUID
	expires time.Time
}

// createImportSession answers with an address on another host. Until the address expires,
// anyone who has it can post items to it without a token
// (https://learn.microsoft.com/en-us/graph/api/mailbox-createimportsession).
func createImportSession(c *call) (*answer, *refusal) {
	if len(c.in.body) > 0 && strings.TrimSpace(string(c.in.body)) != "{}" {
		return nil, bad("createImportSession takes no body.")
	}
	s := c.server
	expires := s.opts.Now().Add(s.opts.ImportLifetime)
	s.mu.Lock()
	maps.DeleteFunc(s.sessions, func(_ string, old session) bool { return s.opts.Now().Sub(old.expires) > s.opts.ImportLifetime })
	secret := "eyJ0eXAiOiJKV1QifQ." + s.secret("import") + ".x"
	s.sessions[secret] = session{c.app, c.box.GUID(), expires}
	s.mu.Unlock()
	path := importPath + "Mailboxes('" + url.PathEscape(s.mailboxID(c.box)) + "')/importItem?authtoken=" + secret
	status := http.StatusOK
	if s.opts.OtherSpellings {
		status = http.StatusCreated
	}
	a := jsonAnswer(status, object{
		"@odata.context": c.in.base + "/v1.0/$metadata#microsoft.graph.mailboxItemImportSession",
		"importUrl":      s.importBase(c) + path, "expirationDateTime": expires.UTC().Format("2006-01-02T15:04:05.0000000Z"),
	})
	a.odd = s.opts.OtherSpellings
	return a, nil
}

// importBase returns the scheme and host of the import host, to be reached in the same
// way as the request.
func (s *Server) importBase(c *call) string {
	if !c.in.socket {
		return "https://" + s.importHost()
	}
	s.socket.mu.Lock()
	defer s.socket.mu.Unlock()
	if len(s.socket.addrs) == 2 && strings.HasSuffix(c.in.base, "//"+s.socket.addrs[0]) {
		return s.scheme() + s.socket.addrs[1]
	}
	return c.in.base // mounted in another server
}

// ExpireImports makes all import URLs issued so far expire.
func (s *Server) ExpireImports() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for secret, one := range s.sessions {
		one.expires = s.opts.Now()
		s.sessions[secret] = one
	}
}

var importRoute = route{operation: OpImportItem, method: http.MethodPost, segments: []string{"import"}, serve: importItem, acts: true}

func unauthorized(text string) *refusal { return refuse(http.StatusUnauthorized, "", text) }

// importItem creates an item from a stream
// (https://learn.microsoft.com/en-us/graph/import-exchange-mailbox-item).
func importItem(c *call) (*answer, *refusal) {
	if refused := c.openSession(); refused != nil {
		return nil, refused
	}
	if refused := c.server.enter(c); refused != nil {
		return nil, refused
	}
	o, refused := c.json(false, "FolderId", "Mode", "Data", "ItemId", "ChangeKey")
	if refused != nil {
		return nil, refuse(http.StatusBadRequest, "", refused.text)
	}
	data, err := decodeBase64(asText(o["Data"]))
	if err != nil || len(data) == 0 {
		return nil, refuse(http.StatusBadRequest, "", "Data is not a base64 string of an exported item.")
	}
	f, refused := c.folder(asText(o["FolderId"]))
	switch {
	case refused != nil:
		return nil, refused
	case f.Search != nil || f.Recoverable():
		return nil, accessDenied()
	case c.box.Full(int64(len(data))):
		return nil, full()
	}
	var old *mailstore.Item
	if old, refused = c.importMode(o, f); refused != nil {
		return nil, refused
	}
	if c.strikes(faultNothing) {
		return jsonAnswer(http.StatusOK, object{"itemId": c.spell(restID(mailstore.ID{Mailbox: c.box.GUID(), Kind: mailstore.KindItem, Number: 1 << 40})), "changeKey": mailstore.FormatChange(mailstore.KindItem, 1)}), nil
	}
	it, err := f.Import(data, false)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "", "The data of the item is corrupt.")
	}
	if old != nil {
		it.TakePlaceOf(old)
	}
	c.acted = true
	c.forget(it)
	return jsonAnswer(http.StatusOK, object{"itemId": c.idOf(it), "changeKey": it.ChangeKey()}), nil
}

// openSession checks the address, which must come without a token.
func (c *call) openSession() *refusal {
	if c.in.method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, "", "The requested resource does not support http method '"+c.in.method+"'.")
	}
	if c.in.header.Get("Authorization") != "" {
		return unauthorized("The request must not have an Authorization header.")
	}
	values, err := url.ParseQuery(c.in.query)
	path, escaped := url.PathUnescape(c.in.path)
	s := c.server
	s.mu.Lock()
	one, ok := s.sessions[values.Get("authtoken")]
	s.mu.Unlock()
	if err != nil || escaped != nil || !ok {
		return unauthorized("The import session is not valid.")
	}
	c.box = c.org.ByGUID(one.mailbox)
	c.app = one.app
	if path != importPath+"Mailboxes('"+s.mailboxID(c.box)+"')/importItem" {
		return refuse(http.StatusConflict, "", "Invalid import session. The target session is expected in mailbox "+s.mailboxID(c.box)+".")
	}
	switch {
	case !s.opts.Now().Before(one.expires):
		return unauthorized("The import session has expired.")
	case c.box.Moving:
		return refuse(http.StatusServiceUnavailable, "", "The mailbox is being moved.")
	case c.box.Gone:
		return refuse(http.StatusNotFound, "", "The mailbox was not found.")
	}
	return nil
}

// importMode reads the mode: create, without an item, or update, of an item with the
// change key.
func (c *call) importMode(o object, f *mailstore.Folder) (*mailstore.Item, *refusal) {
	id, hasID := o["ItemId"]
	change, hasChange := o["ChangeKey"]
	switch asText(o["Mode"]) {
	case "create":
		if hasID || hasChange {
			return nil, refuse(http.StatusBadRequest, "", "ItemId and ChangeKey must not be given with the mode create.")
		}
		return nil, nil
	case "update":
		it, refused := c.anyItem(asText(id))
		switch {
		case refused != nil:
			return nil, refused
		case it.Folder != f || it.Associated:
			return nil, itemNotFound()
		case !hasChange || asText(change) != it.ChangeKey():
			return nil, refuse(http.StatusPreconditionFailed, "", "The change key does not match.")
		}
		return it, nil
	}
	return nil, refuse(http.StatusBadRequest, "", "Mode must be create or update.")
}
