package graphtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// subjects returns the subjects that a filter finds in Alice's mailbox.
func (c *caller) subjects(text string) []string {
	c.t.Helper()
	return column(c.want(200, "GET", user(alice)+"/messages"+filter(text)+"&$select=subject", nil).rows(), "subject")
}

func TestFilters(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	box := c.srv.Mailbox(alice)
	at := func(m int) time.Time { return time.Date(2026, 11, 24, 10, m, 0, 0, time.UTC) }
	box.DeliverWith(letter("it's", false), ewstest.Delivery{Received: at(1), Categories: []string{"Red", "blue"}})
	box.DeliverWith(letter("a+b", false), ewstest.Delivery{Received: at(2), Read: true})
	box.DeliverWith(letter("50%", false), ewstest.Delivery{
		Received: at(3), Importance: "High",
		Extended: []ews.ExtendedProperty{
			{Field: ews.ExtendedField{GUID: strings.Trim(set, "{}"), Name: "QuarantineOperation", Type: ews.TypeString}, Value: "Op"},
			{Field: ews.ExtendedField{Tag: 0x1080, Type: ews.TypeInteger}, Value: "7"},
		},
	})
	for text, want := range map[string][]string{
		"internetMessageId eq '<it''s@evil.example>'":                        {"it's"},
		"internetMessageId eq '<A+B@EVIL.example>'":                          {"a+b"},
		"internetMessageId eq 'a+b@evil.example'":                            {},
		"subject eq '50%'":                                                   {"50%"},
		"startswith(subject,'IT')":                                           {"it's"},
		"contains(subject, '+')":                                             {"a+b"},
		"from/emailAddress/address eq 'eve@evil.example' and isRead eq true": {"a+b"},
		"receivedDateTime ge 2026-11-24T10:02:00Z and receivedDateTime lt 2026-11-24T10:03:00Z": {"a+b"},
		"not (isRead eq false)":                {"a+b"},
		"isRead eq true or subject eq 'it''s'": {"a+b", "it's"},
		"categories/any(a:a eq 'RED')":         {"it's"},
		"hasAttachments eq true":               {},
		"importance eq 'high'":                 {"50%"},
		"contains(body/content,'HELLO a')":     {"a+b"},
		"singleValueExtendedProperties/any(ep:ep/id eq '" + stamp + "' and ep/value eq 'op')":                                               {"50%"},
		"singleValueExtendedProperties/any(ep:ep/id eq '" + stamp + "' and ep/value ne null)":                                               {"50%"},
		"singleValueExtendedProperties/any(ep:ep/id eq '" + stamp + "' and ep/value eq null)":                                               {"a+b", "it's"},
		"singleValueExtendedProperties/any(x:x/id eq 'String 0x007D' and contains(x/value,'subject: a'))":                                   {"a+b"},
		"singleValueExtendedProperties/any(ep:ep/id eq 'Integer 0x1080' and cast(ep/value,Edm.Int32) gt 6)":                                 {"50%"},
		"singleValueExtendedProperties/any(ep:ep/id eq 'String {00020386-0000-0000-c000-000000000046} Name Subject' and ep/value eq 'a+b')": {},
		"singleValueExtendedProperties/any(ep:ep/id eq '" + strings.Replace(stamp, "Quar", "quar", 1) + "' and ep/value eq 'op')":           {}, // names are case-sensitive
	} {
		assert.Equal(t, want, c.subjects(text), text)
	}
	bare := c.want(200, "GET", user(alice)+"/messages?$filter=subject%20eq%20'a+b'", nil)
	assert.Empty(t, bare.rows(), "a bare + is a blank")
}

func TestFiltersAreRefused(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	many := strings.Repeat("isRead eq true or ", 120) + "isRead eq true"
	for text, code := range map[string]string{
		"toRecipients/any(r:r/emailAddress/address eq 'a@b')":                                 "ErrorInvalidUrlQueryFilter",
		"internetMessageHeaders/any(h:h/name eq 'x')":                                         "ErrorInvalidUrlQueryFilter",
		"bodyPreview eq 'x'":                                                                  "ErrorInvalidUrlQueryFilter",
		"singleValueExtendedProperties/any(ep:ep/value eq 'x')":                               "ErrorInvalidUrlQueryFilter",
		"singleValueExtendedProperties/any(ep:ep/id eq 'Integer 0x1080' and ep/value eq '7')": "ErrorInvalidUrlQueryFilter",
		"singleValueExtendedProperties/any(ep:ep/id eq 'nonsense' and ep/value eq '7')":       "BadRequest",
		"subject eq 'it's'":       "BadRequest",
		"subject = 'x'":           "BadRequest",
		"(subject eq 'x'":         "BadRequest",
		"subject eq x":            "BadRequest",
		"subject eq 5":            "BadRequest",
		"isRead eq 'true'":        "BadRequest",
		"isRead eq 1":             "BadRequest",
		"isRead gt false":         "BadRequest",
		"contains(isRead,'true')": "BadRequest",
		"receivedDateTime ge '2026-11-24T10:02:00Z'":      "BadRequest",
		"startswith(receivedDateTime,'2026')":             "BadRequest",
		"hasAttachments eq 2026-11-24T10:02:00Z":          "BadRequest",
		"importance eq null and receivedDateTime ge true": "BadRequest",
		"":                        "BadRequest",
		many:                      "ErrorRestrictionTooComplex",
		strings.Repeat("(", 5000): "ErrorRestrictionTooComplex",
	} {
		c.refused(400, code, "GET", user(alice)+"/messages"+filter(text), nil)
	}
	c.refused(400, "InefficientFilter", "GET", user(alice)+"/messages"+filter("isRead eq true")+"&$orderby=receivedDateTime", nil)
	for _, q := range []string{"?$top=0", "?$top=1001", "?$skip=-1", "?$count=1", "?$select=nonsense", "?surprise=1", "?$top=1&$top=2", "?$expand=singleValueExtendedProperties"} {
		c.refused(400, "BadRequest", "GET", user(alice)+"/messages"+q, nil)
	}
	for _, q := range []string{"?$search=%22x%22", "?$expand=extensions", "?$orderby=subject"} {
		c.refused(501, "NotImplemented", "GET", user(alice)+"/messages"+q, nil)
	}
	c.refused(400, "BadRequest", "GET", user(alice)+"/nonsense", nil)
	c.refused(400, "BadRequest", "GET", "/nonsense", nil)
	for method, path := range map[string]string{
		"GET": "/me/messages", "POST": user(alice) + "/messages/x/createReply", "DELETE": user(alice) + "/mailFolders/x",
	} {
		c.refused(501, "NotImplemented", method, path, nil)
	}
	c.refused(501, "NotImplemented", "GET", user(alice)+"/messages?includeHiddenMessages=true", nil)
	c.refused(405, "Request_BadRequest", "PUT", user(alice)+"/messages", nil)
	c.refused(501, "NotImplemented", "GET", c.url+"/beta"+user(alice)+"/messages", nil)
}

func TestPages(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	names := strings.Split("a b c d e f g h i j k l", " ")
	all := c.deliver(names...)
	first := c.want(200, "GET", user(alice)+"/messages?$select=subject", nil)
	require.Len(t, first.rows(), 10)
	assert.Equal(t, "l", first.rows()[0]["subject"], "the newest first")
	assert.ElementsMatch(t, []string{"@odata.etag", "id", "subject"}, keys(first.rows()[0]))
	second := c.want(200, "GET", first.str("@odata.nextLink"), nil)
	assert.Equal(t, []string{"b", "a"}, column(second.rows(), "subject"))
	assert.NotContains(t, second.body, "@odata.nextLink")

	// Rows shift when something disappears: "b" is missed.
	c.srv.Mailbox(alice).DeleteMessage(all[11].ID)
	second = c.want(200, "GET", first.str("@odata.nextLink"), nil)
	assert.Equal(t, []string{"a"}, column(second.rows(), "subject"))

	assert.Len(t, c.want(200, "GET", user(alice)+"/messages?$top=11", nil).rows(), 11)
	assert.Len(t, c.want(200, "GET", user(alice)+"/messages", nil, "Prefer", "odata.maxpagesize=3").rows(), 3)
	c.srv.LimitPages(2)
	assert.Len(t, c.want(200, "GET", user(alice)+"/messages?$top=11", nil).rows(), 2)
	c.srv.LimitPages(0)

	c.srv.FailNext("", graphtest.EmptyPage, graphtest.NoNextLink)
	empty := c.want(200, "GET", user(alice)+"/messages?$top=5", nil)
	assert.Empty(t, empty.rows())
	full := c.want(200, "GET", empty.str("@odata.nextLink"), nil)
	assert.Len(t, full.rows(), 5)
	assert.NotContains(t, full.body, "@odata.nextLink")
	assert.Equal(t, []string{"a", "c"}, column(c.want(200, "GET", user(alice)+"/messages?$top=2&$orderby=receivedDateTime%20asc&$filter=receivedDateTime%20ge%202026-11-24T10:00:00Z%20and%20subject%20ne%20'b'", nil).rows(), "subject"))
}

func keys(o object) []string {
	var all []string
	for k := range o {
		all = append(all, k)
	}
	return all
}

// The list of a mailbox contains what is visible: not permanently deleted messages, the
// archive, or other kinds of items.
func TestListOfMailbox(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	box := c.srv.Exchange().AddMailbox("dora@example.test", &ewstest.MailboxOptions{Archive: true})
	for name, folder := range map[string]ews.FolderName{
		"inbox": ews.FolderInbox, "trash": ews.FolderDeletedItems, "drafts": ews.FolderDrafts, "purges": ews.FolderRecoverableItemsPurges,
		"deletions": ews.FolderRecoverableItemsDeletions, "archive": ews.FolderArchiveMsgFolderRoot,
	} {
		box.DeliverWith(letter(name, false), ewstest.Delivery{Folder: box.Folder(folder)})
	}
	box.DeliverWith(letter("hidden", false), ewstest.Delivery{Associated: true})
	box.DeliverWith(letter("contact", false), ewstest.Delivery{Class: "IPM.Contact"})
	box.AddSearchFolder("All")
	got := c.want(200, "GET", user("dora@example.test")+"/messages", nil)
	assert.ElementsMatch(t, []string{"inbox", "trash", "drafts"}, column(got.rows(), "subject"))
	deletions := c.want(200, "GET", user("dora@example.test")+"/mailFolders/recoverableitemsdeletions/messages", nil)
	assert.Equal(t, []string{"deletions"}, column(deletions.rows(), "subject"))
}

// Users are found by id or UPN, not by another address.
func TestUsersInPaths(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	c.srv.Exchange().AddMailbox("eva@example.test", &ewstest.MailboxOptions{ProxyAddresses: []string{"eva.alias@example.test"}})
	c.srv.SetUPN("eva@example.test", "eva@corp.example.test")
	for _, name := range []string{"eva@corp.example.test", "EVA@corp.example.test", c.srv.UserID("eva@example.test")} {
		c.want(200, "GET", user(name)+"/messages", nil)
	}
	c.refused(404, "ErrorInvalidUser", "GET", user("eva@example.test")+"/messages", nil)
	c.refused(404, "ErrorInvalidUser", "GET", user("eva.alias@example.test")+"/messages", nil)
	c.refused(404, "Request_ResourceNotFound", "GET", user("eva@example.test"), nil)
	found := c.want(200, "GET", "/users"+filter("proxyAddresses/any(p:p eq 'smtp:Eva.Alias@example.test')")+"&$select=id,userPrincipalName,mail,proxyAddresses", nil)
	require.Len(t, found.rows(), 1)
	assert.Equal(t, "eva@corp.example.test", found.rows()[0]["userPrincipalName"])
	assert.Equal(t, []any{"SMTP:eva@example.test", "smtp:eva.alias@example.test"}, found.rows()[0]["proxyAddresses"])

	box := c.srv.Mailbox(bob)
	box.Remove(true)
	c.refused(503, "ErrorMailboxStoreUnavailable", "GET", user(bob)+"/messages", nil)
	box.Remove(false)
	c.refused(404, "MailboxNotEnabledForRESTAPI", "GET", user(bob)+"/messages", nil)
}

// A message shows only the extended properties that are named, with their ids as servers
// write them.
func TestExpand(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	long := strings.Repeat("x", 300)
	c.deliver("one")
	id := c.one(alice, "one")
	c.want(200, "PATCH", user(alice)+"/messages/"+id, object{"singleValueExtendedProperties": []object{
		{"id": "String {7F2B6F0E-3C5D-4A1B-9E0A-6D1C53A7E4B2} Name Long", "value": long},
		{"id": "Integer " + set + " Id 0x008012", "value": "5"},
	}})
	want := "?$expand=singleValueExtendedProperties($filter=id%20eq%20'String%20" + set + "%20Name%20Long'%20or%20id%20eq%20'integer%20" + set + "%20Id%200x8012'%20or%20id%20eq%20'Integer%200x0E07'%20or%20id%20eq%20'String%200x001A')"
	got := c.want(200, "GET", user(alice)+"/messages/"+id+want, nil).body["singleValueExtendedProperties"]
	assert.Equal(t, []any{
		object{"id": "String " + set + " Name Long", "value": long},
		object{"id": "Integer " + set + " Id 0x8012", "value": "5"},
		object{"id": "Integer 0xe07", "value": "0"},
		object{"id": "String 0x1a", "value": "IPM.Note"},
	}, got)
	row := c.want(200, "GET", user(alice)+"/messages"+want, nil).rows()[0]["singleValueExtendedProperties"].([]any)
	assert.Len(t, row[0].(object)["value"], 255, "lists cut")
	none := c.want(200, "GET", user(alice)+"/messages/"+id+"?$expand=singleValueExtendedProperties($filter=id%20eq%20'String%20"+set+"%20Name%20None')", nil)
	assert.NotContains(t, none.body, "singleValueExtendedProperties")
	headers := c.want(200, "GET", user(alice)+"/messages/"+id+"?$select=internetMessageHeaders", nil)
	assert.Contains(t, headers.body["internetMessageHeaders"], any(object{"name": "Subject", "value": "one"}))
}
