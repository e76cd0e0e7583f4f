package graphtest

import (
	"net/http"
	"slices"
	"sort"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// entry is an object of the directory.
type entry struct {
	kind      string // user, group or orgContact
	id        string
	name      string
	mail      string
	upn       string
	addresses []string // with their types
	members   []string
}

// entries returns the directory. Users have mailboxes; dynamic distribution groups are
// not in Graph.
func (c *call) entries() []entry {
	var all []entry
	for _, box := range c.org.Mailboxes() {
		if box.Gone && !box.Moving {
			continue
		}
		e := entry{kind: "user", id: objectID("user", box.GUID().String()), name: box.DisplayName, mail: box.Address, upn: c.server.upn(box)}
		e.addresses = []string{"SMTP:" + box.Address}
		for _, p := range box.Proxies {
			e.addresses = append(e.addresses, "smtp:"+p)
		}
		all = append(all, e)
	}
	for _, l := range c.lists {
		switch {
		case l.Contact:
			all = append(all, contactEntry(l.Address, l.DisplayName))
		case !l.Dynamic:
			all = append(all, entry{
				kind: "group", id: GroupID(l.Address), name: l.DisplayName, mail: l.Address,
				addresses: []string{"SMTP:" + l.Address}, members: l.Members,
			})
		}
	}
	return all
}

func contactEntry(address, name string) entry {
	return entry{kind: "orgContact", id: objectID("contact", strings.ToLower(address)), name: name, mail: address, addresses: []string{"SMTP:" + address}}
}

// directoryFields are the properties of each kind; those after id are returned only by
// $select.
var directoryFields = map[string][]string{
	"user":       {"displayName", "mail", "userPrincipalName", "id", "proxyAddresses", "accountEnabled", "userType"},
	"group":      {"displayName", "mail", "id", "proxyAddresses", "mailEnabled", "securityEnabled", "groupTypes", "mailNickname"},
	"orgContact": {"displayName", "mail", "id", "proxyAddresses"},
}

func (e entry) object(selects []string, typed bool) object {
	all := object{
		"id": e.id, "displayName": e.name, "mail": e.mail, "userPrincipalName": e.upn, "proxyAddresses": e.addresses,
		"accountEnabled": true, "userType": "Member", "mailEnabled": true, "securityEnabled": false, "groupTypes": []string{},
		"mailNickname": strings.Split(e.mail, "@")[0],
	}
	o := object{"id": e.id}
	names := directoryFields[e.kind]
	for i, name := range names {
		if selects == nil && i <= slices.Index(names, "id") || slices.Contains(selects, name) {
			o[name] = all[name]
		}
	}
	if typed {
		o["@odata.type"] = "#microsoft.graph." + e.kind
	}
	return o
}

// directoryTerms are what a directory filter can compare without the header
// ConsistencyLevel: eventual, which the server does not support.
var directoryTerms = &terms[entry]{
	values: map[string]func(entry) any{
		"id":                func(e entry) any { return e.id },
		"mail":              func(e entry) any { return e.mail },
		"userPrincipalName": func(e entry) any { return e.upn },
		"displayName":       func(e entry) any { return e.name },
	},
	lists: map[string]func(entry) []string{
		"proxyAddresses": func(e entry) []string { return e.addresses },
	},
}

func listUsers(c *call) (*answer, *refusal)    { return c.directory("user") }
func listGroups(c *call) (*answer, *refusal)   { return c.directory("group") }
func listContacts(c *call) (*answer, *refusal) { return c.directory("orgContact") }

func (c *call) directory(kind string) (*answer, *refusal) {
	var rows []entry
	for _, e := range c.entries() {
		if e.kind == kind {
			rows = append(rows, e)
		}
	}
	return c.directoryPage(rows, kind, false)
}

// directoryPage answers with a page, of 100 rows unless another size is requested, and a
// link with $skiptoken.
func (c *call) directoryPage(rows []entry, kind string, typed bool) (*answer, *refusal) {
	q := c.query
	if refused := q.only(kind, directoryFields[kind]); refused != nil {
		return nil, refused
	}
	if q.count && !strings.EqualFold(c.in.header.Get("ConsistencyLevel"), "eventual") {
		return nil, refuse(http.StatusBadRequest, "Request_UnsupportedQuery", "$count is not supported without the ConsistencyLevel:eventual header.")
	}
	if c.strikes(faultNotFound) {
		rows = nil
	}
	if q.filter != nil && !c.strikes(faultUnfiltered) {
		meets, refused := directoryTerms.compile(q.filter)
		if refused != nil {
			return nil, refuse(http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified, or one that graphtest does not have.")
		}
		rows = slices.DeleteFunc(rows, func(e entry) bool { return !meets(e) })
	}
	begin := 0
	if text := q.values.Get("$skiptoken"); text != "" {
		// Clients must not make tokens of their own: a token names the object to continue
		// with.
		at := slices.IndexFunc(rows, func(e entry) bool { return "RFNwdAIAAQ."+e.id == text })
		if at < 0 {
			return nil, refuse(http.StatusBadRequest, "Directory_ExpiredPageToken", "The specified page token value has expired and can no longer be included in your request.")
		}
		begin = at
	}
	size := 100
	if q.top > 0 {
		size = q.top
	}
	c.server.mu.Lock()
	if c.server.page > 0 {
		size = min(size, c.server.page)
	}
	c.server.mu.Unlock()
	end := min(begin+size, len(rows))
	value := []object{}
	for _, e := range rows[begin:end] {
		value = append(value, e.object(q.selects, typed))
	}
	o := object{"@odata.context": c.context(), "value": value}
	if q.count {
		o["@odata.count"] = len(rows)
	}
	if end < len(rows) && !c.strikes(faultNoLink) {
		o["@odata.nextLink"] = c.link("$skiptoken", "RFNwdAIAAQ."+rows[end].id)
	}
	return jsonAnswer(http.StatusOK, o), nil
}

func notInDirectory(name string) *refusal {
	return refuse(http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+name+"' does not exist or one of its queried reference-property objects are not present.")
}

func getUser(c *call) (*answer, *refusal) {
	name := c.arg("user")
	return c.directoryEntry("user", func(e entry) bool { return strings.EqualFold(e.id, name) || strings.EqualFold(e.upn, name) }, name)
}

func getGroup(c *call) (*answer, *refusal) {
	name := c.arg("group")
	return c.directoryEntry("group", func(e entry) bool { return strings.EqualFold(e.id, name) }, name)
}

func (c *call) directoryEntry(kind string, is func(entry) bool, name string) (*answer, *refusal) {
	if len(c.query.expand) > 0 {
		return nil, lacks("$expand of a " + kind)
	}
	if refused := c.query.only(kind, directoryFields[kind]); refused != nil {
		return nil, refused
	}
	for _, e := range c.entries() {
		if e.kind == kind && is(e) {
			return jsonAnswer(http.StatusOK, c.entity(e.object(c.query.selects, false))), nil
		}
	}
	return nil, notInDirectory(name)
}

// listMembers lists the members of a group, including indirect ones; groups may contain
// one another. A cast selects one kind
// (https://learn.microsoft.com/en-us/graph/api/group-list-transitivemembers).
func listMembers(c *call) (*answer, *refusal) { return c.members(true) }

// listDirectMembers lists only the direct members of a group
// (https://learn.microsoft.com/en-us/graph/api/group-list-members).
func listDirectMembers(c *call) (*answer, *refusal) { return c.members(false) }

func (c *call) members(nested bool) (*answer, *refusal) {
	kind := ""
	if cast := c.arg("kind"); cast != "" {
		name, ok := strings.CutPrefix(cast, "microsoft.graph.")
		if !ok || directoryFields[name] == nil {
			return nil, noSegment(cast)
		}
		kind = name
	}
	all := c.entries()
	at := slices.IndexFunc(all, func(e entry) bool { return e.kind == "group" && strings.EqualFold(e.id, c.arg("group")) })
	if at < 0 {
		return nil, notInDirectory(c.arg("group"))
	}
	var rows []entry
	seen := map[string]bool{all[at].id: true}
	for queue := all[at].members; len(queue) > 0; queue = queue[1:] {
		e := find(all, queue[0], c.lists)
		if e == nil || seen[e.id] {
			continue
		}
		seen[e.id] = true
		if nested {
			queue = append(queue[:len(queue):len(queue)], e.members...)
		}
		if kind == "" || e.kind == kind {
			rows = append(rows, *e)
		}
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].id < rows[j].id })
	if kind == "" {
		return c.directoryPage(rows, "user", true)
	}
	return c.directoryPage(rows, kind, false)
}

// find returns the object with an address. A member that is not found elsewhere is a
// contact; a dynamic distribution group is not shown.
func find(all []entry, address string, lists []ewstest.Entry) *entry {
	for i, e := range all {
		if slices.ContainsFunc(e.addresses, func(a string) bool { return strings.EqualFold(a[len("smtp:"):], address) }) {
			return &all[i]
		}
	}
	if slices.ContainsFunc(lists, func(l ewstest.Entry) bool { return strings.EqualFold(l.Address, address) }) {
		return nil
	}
	e := contactEntry(address, address)
	return &e
}
