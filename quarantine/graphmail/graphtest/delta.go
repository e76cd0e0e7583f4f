package graphtest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// deltaState is the state that a delta link stands for.
type deltaState struct {
	path  string // path that it belongs to
	query *query
	known map[uint64]deltaEntry // what the client knows once it has read the pages
	rows  []deltaRow            // still to be read
	next  bool                  // pages follow: the link is a nextLink
}

// deltaEntry is what the client was told about an object.
type deltaEntry struct {
	change uint64
	object uint64
	id     string
}

// deltaRow is a row: an object, or the removal of one.
type deltaRow struct {
	number  uint64
	removed string
}

// source describes the objects that a delta tracks.
type source struct {
	now   func() map[uint64]deltaEntry
	write func(number uint64, q *query) object // nil: it is gone meanwhile
	kind  string
	// lost leaves out objects that were reported before and have come back under another
	// number.
	lost bool
}

// maxLinks is how many links the server remembers; older ones are answered with 410.
const maxLinks = 10_000

// ForgetDeltas invalidates all delta links: they are answered with 410 SyncStateNotFound.
func (s *Server) ForgetDeltas() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.deltas)
}

// deltaMessages reports what came into a folder, changed and left it since a link was
// issued. With immutable ids, messages that were moved away and back are lost
// (https://learn.microsoft.com/en-us/graph/api/message-delta).
func deltaMessages(c *call) (*answer, *refusal) {
	f, refused := c.folder(c.arg("folder"))
	if refused != nil {
		return nil, refused
	}
	if f.Search != nil {
		return nil, lacks("the delta of a search folder")
	}
	if refused := c.messageQuery(); refused != nil {
		return nil, refused
	}
	meets, refused := c.deltaFilter()
	if refused != nil {
		return nil, refused
	}
	return c.delta(source{
		kind: "#microsoft.graph.message", lost: c.immutable,
		now: func() map[uint64]deltaEntry {
			all := make(map[uint64]deltaEntry)
			for _, it := range f.Items() {
				if isMail(it) && meets(it) {
					all[it.ID().Number] = deltaEntry{it.Change(), it.Object(), c.idOf(it)}
				}
			}
			return all
		},
		write: func(number uint64, q *query) object {
			if it := c.box.Item(number); it != nil && it.Folder == f {
				return c.message(it, q, true)
			}
			return nil
		},
	})
}

// deltaFilter reads the only filter that a delta supports: the time from which on
// messages were received.
func (c *call) deltaFilter() (func(*mailstore.Item) bool, *refusal) {
	q := c.firstQuery()
	if q.orderBy != "" && q.orderBy != "receivedDateTime desc" {
		return nil, lacks("$orderby=" + q.orderBy)
	}
	if q.filter == nil {
		return func(*mailstore.Item) bool { return true }, nil
	}
	n, ok := q.filter.(comparison)
	if _, isTime := n.value.(time.Time); !ok || n.path != "receivedDateTime" || n.op != "ge" && n.op != "gt" || !isTime {
		return nil, filterRefused("a delta can be filtered by receivedDateTime ge or gt only")
	}
	return messageTerms.compile(n)
}

// firstQuery returns the query that the delta began with.
func (c *call) firstQuery() *query {
	v := c.query.values
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if state := c.server.deltas[v.Get("$skiptoken")+v.Get("$deltatoken")]; state != nil {
		return state.query
	}
	return c.query
}

// deltaFolders reports the changes to the folders of the mailbox, at any depth
// (https://learn.microsoft.com/en-us/graph/api/mailfolder-delta).
func deltaFolders(c *call) (*answer, *refusal) {
	if c.query.filter != nil || c.query.values.Has("changeType") {
		return nil, lacks("$filter and changeType of a delta of folders")
	}
	if refused := c.folderQuery(); refused != nil {
		return nil, refused
	}
	return c.delta(source{
		kind: "#microsoft.graph.mailFolder",
		now: func() map[uint64]deltaEntry {
			all := make(map[uint64]deltaEntry)
			top := c.box.Named(ews.FolderMsgFolderRoot)
			top.Walk(func(f *mailstore.Folder) {
				if f != top && isMailFolder(f) {
					all[f.ID().Number] = deltaEntry{change: f.Change(), id: restID(f.ID())}
				}
			})
			return all
		},
		write: func(number uint64, q *query) object {
			if f := c.box.Folder(number); f != nil {
				return c.mailFolder(f, q)
			}
			return nil
		},
	})
}

// delta answers with a page.
func (c *call) delta(src source) (*answer, *refusal) {
	state, refused := c.deltaState(src)
	if refused != nil {
		return nil, refused
	}
	size := c.pageSize()
	page := state.rows[:min(size, len(state.rows))]
	value := []object{}
	for _, r := range page {
		if r.removed != "" {
			value = append(value, object{"@odata.type": src.kind, "id": r.removed, "@removed": object{"reason": "deleted"}})
		} else if o := src.write(r.number, state.query); o != nil {
			value = append(value, o)
		}
	}
	rest := &deltaState{path: state.path, query: state.query, known: state.known, rows: state.rows[len(page):]}
	rest.next = len(rest.rows) > 0
	link, name := "@odata.deltaLink", "$deltatoken"
	if rest.next {
		link, name = "@odata.nextLink", "$skiptoken"
	}
	o := object{"@odata.context": c.in.base + "/v1.0/$metadata#Collection(" + strings.TrimPrefix(src.kind, "#") + ")", "value": value}
	s := c.server
	s.mu.Lock()
	token := s.secret("delta")
	s.deltas[token] = rest
	s.links = append(s.links, token)
	if len(s.links) > maxLinks {
		delete(s.deltas, s.links[0])
		s.links = s.links[1:]
	}
	s.mu.Unlock()
	o[link] = c.in.base + c.in.path + "?" + name + "=" + token
	return jsonAnswer(http.StatusOK, o), nil
}

// deltaState returns the state with the rows to read now.
func (c *call) deltaState(src source) (*deltaState, *refusal) {
	v := c.query.values
	skip, delta := v.Get("$skiptoken"), v.Get("$deltatoken")
	if skip == "" && delta == "" {
		q := *c.query
		return c.changes(src, &deltaState{path: c.in.path, query: &q})
	}
	if len(v) > 1 {
		return nil, bad("A link of a delta must be used as it is.")
	}
	c.server.mu.Lock()
	state := c.server.deltas[skip+delta]
	c.server.mu.Unlock()
	if state == nil || state.path != c.in.path || state.next != (skip != "") {
		return nil, refuse(http.StatusGone, "SyncStateNotFound", "The sync state generation is not found; full synchronization is required.")
	}
	if state.next {
		return state, nil
	}
	return c.changes(src, state)
}

// changes compares the current objects with what the client knows.
func (c *call) changes(src source, old *deltaState) (*deltaState, *refusal) {
	kind := old.query.values.Get("changeType")
	if kind != "" && kind != "created" && kind != "updated" && kind != "deleted" {
		return nil, bad("Invalid changeType '%s'.", kind)
	}
	now := src.now()
	told := make(map[uint64]bool)
	for _, e := range old.known {
		told[e.object] = true
	}
	if c.strikes(faultReplayed) {
		old = &deltaState{path: old.path, query: old.query}
	}
	s := &deltaState{path: old.path, query: old.query, known: now}
	for _, number := range slices.Backward(slices.Sorted(maps.Keys(now))) {
		e := now[number]
		before, known := old.known[number]
		switch {
		case !known && src.lost && told[e.object]:
		case !known && (kind == "" || kind == "created"):
			s.rows = append(s.rows, deltaRow{number: number})
		case known && before.change != e.change && (kind == "" || kind == "updated"):
			s.rows = append(s.rows, deltaRow{number: number})
		}
	}
	for _, number := range slices.Sorted(maps.Keys(old.known)) {
		if _, there := now[number]; !there && (kind == "" || kind == "deleted") {
			s.rows = append(s.rows, deltaRow{removed: old.known[number].id})
		}
	}
	return s, nil
}
