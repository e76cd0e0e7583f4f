package graphtest

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// listMessages lists the whole visible mailbox, including Deleted Items, Drafts and Sent
// Items, but not Recoverable Items and the archive
// (https://learn.microsoft.com/en-us/graph/api/user-list-messages).
func listMessages(c *call) (*answer, *refusal) {
	var all []*mailstore.Folder
	c.box.Named(ews.FolderMsgFolderRoot).Walk(func(f *mailstore.Folder) {
		if f.Search == nil {
			all = append(all, f)
		}
	})
	return c.listIn(all)
}

// listFolderMessages lists one folder, which may be a search folder.
func listFolderMessages(c *call) (*answer, *refusal) {
	f, refused := c.folder(c.arg("folder"))
	if refused != nil {
		return nil, refused
	}
	return c.listIn([]*mailstore.Folder{f})
}

func (c *call) listIn(folders []*mailstore.Folder) (*answer, *refusal) {
	if refused := c.messageQuery(); refused != nil {
		return nil, refused
	}
	if refused := c.ordered(); refused != nil {
		return nil, refused
	}
	meets := func(*mailstore.Item) bool { return true }
	if c.strikes(faultUnfiltered) {
		c.query.filter = nil
	}
	if c.query.filter != nil {
		var refused *refusal
		if meets, refused = messageTerms.compile(c.query.filter); refused != nil {
			return nil, refused
		}
	}
	var found []*mailstore.Item
	count := 0
	clauses := lookups(c.query.filter)
	for _, f := range folders {
		count += f.Count()
		f.Each(clauses, func(it *mailstore.Item) {
			if isMail(it) && meets(it) {
				found = append(found, it)
			}
		})
	}
	c.sort(found)
	return paged(c, found, count, func(it *mailstore.Item) object { return c.message(it, c.query, true) }), nil
}

// ordered checks $orderby: its properties must lead the filter.
func (c *call) ordered() *refusal {
	if c.query.orderBy == "" {
		return nil
	}
	name, direction, _ := strings.Cut(c.query.orderBy, " ")
	if name != "receivedDateTime" || direction != "" && direction != "asc" && direction != "desc" {
		return lacks("$orderby=" + c.query.orderBy)
	}
	if used := paths(c.query.filter); len(used) > 0 && used[0] != name {
		return refuse(400, "InefficientFilter", "The restriction or sort order is too complex for this operation.")
	}
	return nil
}

// sort puts messages into order: the newest first, unless requested otherwise.
func (c *call) sort(all []*mailstore.Item) {
	sign := -1
	if name, direction, _ := strings.Cut(c.query.orderBy, " "); name != "" && direction != "desc" {
		sign = 1
	}
	times := make(map[*mailstore.Item]time.Time, len(all))
	for _, it := range all {
		t, _ := storedTime(mailstore.TagDeliveryTime)(it).(time.Time)
		times[it] = t
	}
	slices.SortStableFunc(all, func(a, b *mailstore.Item) int {
		return sign * cmp.Or(times[a].Compare(times[b]), cmp.Compare(a.ID().Number, b.ID().Number))
	})
}

// lookups returns the index lookups by which folders can narrow a filter.
func lookups(n node) [][]mailstore.Lookup {
	switch n := n.(type) {
	case both:
		return append(lookups(n.left), lookups(n.right)...)
	case either:
		left, right := lookups(n.left), lookups(n.right)
		if len(left) == 1 && len(right) == 1 {
			return [][]mailstore.Lookup{append(left[0], right[0]...)}
		}
	case comparison:
		if text, ok := n.value.(string); ok && n.path == "internetMessageId" && n.op == "eq" {
			if l, ok := mailstore.Equal(mailstore.TagMessageID, text); ok {
				return [][]mailstore.Lookup{{l}}
			}
		}
	case quantifier:
		return extendedLookups(n)
	}
	return nil
}

func extendedLookups(n quantifier) [][]mailstore.Lookup {
	b, ok := n.body.(both)
	if !ok || n.path != "singleValueExtendedProperties" {
		return nil
	}
	ids, ok := alternatives(b.left, n.variable+"/id")
	value, compares := b.right.(comparison)
	if !ok || !compares || len(ids) != 1 || value.path != n.variable+"/value" || value.cast != "" {
		return nil
	}
	f, _, refused := extendedID(ids[0], false)
	if refused != nil {
		return nil
	}
	var l mailstore.Lookup
	indexed := false
	switch text, isText := value.value.(string); {
	case isText && value.op == "eq":
		l, indexed = mailstore.Equal(mailstore.Key(f), text)
	case value.value == nil && value.op == "ne":
		l, indexed = mailstore.Having(mailstore.Key(f))
	}
	if !indexed {
		return nil
	}
	return [][]mailstore.Lookup{{l}}
}

// defaultTop is how many rows a page has unless another number is requested.
const defaultTop = 10

// paged answers with a page of rows and a link to the rest. The link counts by $skip, so
// rows shift if some of them disappear meanwhile.
func paged[T any](c *call, rows []T, count int, write func(T) object) *answer {
	if c.strikes(faultNotFound) {
		rows = nil
	}
	begin, size := min(c.query.skip, len(rows)), c.pageSize()
	end := min(begin+size, len(rows))
	if c.strikes(faultEmptyPage) {
		end = begin
	}
	value := []object{}
	for _, row := range rows[begin:end] {
		value = append(value, write(row))
	}
	o := object{"@odata.context": c.context(), "value": value}
	if c.query.count {
		o["@odata.count"] = count
	}
	if end < len(rows) && !c.strikes(faultNoLink) {
		o["@odata.nextLink"] = c.link("$skip", strconv.Itoa(end))
	}
	return jsonAnswer(200, o)
}

func (c *call) pageSize() int {
	size := defaultTop
	if c.maxPage > 0 {
		size = min(c.maxPage, maxTop)
	}
	if c.query.top > 0 {
		size = c.query.top
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if c.server.page > 0 {
		size = min(size, c.server.page)
	}
	return size
}

// link returns the address of the request with one parameter changed. The others stay
// exactly as they were written.
func (c *call) link(name, value string) string {
	var parts []string
	for part := range strings.SplitSeq(c.in.query, "&") {
		key, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(key); part != "" && (err != nil || plain != name) {
			parts = append(parts, part)
		}
	}
	return c.in.base + c.in.path + "?" + strings.Join(append(parts, name+"="+url.QueryEscape(value)), "&")
}

// context returns the OData context of the answer.
func (c *call) context() string {
	what := strings.TrimPrefix(c.in.path, "/v1.0/")
	if c.query != nil && c.query.selects != nil {
		what += "(" + strings.Join(c.query.selects, ",") + ")"
	}
	return c.in.base + "/v1.0/$metadata#" + what
}

// entity adds the context of a single object.
func (c *call) entity(o object) object {
	o["@odata.context"] = c.context() + "/$entity"
	return o
}
