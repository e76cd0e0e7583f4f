package ewstest_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

const allKinds = "CopiedEvent CreatedEvent DeletedEvent ModifiedEvent MovedEvent NewMailEvent FreeBusyChangedEvent"

// subscribeXML requests a subscription to folders, or to all if none are given.
func subscribeXML(kind, kinds, rest string, folders ...string) string {
	all, ids := "", ""
	if len(folders) == 0 {
		all = ` SubscribeToAllFolders="true"`
	} else {
		ids = `<t:FolderIds>` + strings.Join(folders, "") + `</t:FolderIds>`
	}
	events := `<t:EventType>` + strings.ReplaceAll(kinds, " ", `</t:EventType><t:EventType>`) + `</t:EventType>`
	return `<m:Subscribe><m:` + kind + `SubscriptionRequest` + all + `>` + ids + `<t:EventTypes>` + events + `</t:EventTypes>` + rest + `</m:` + kind + `SubscriptionRequest></m:Subscribe>`
}

func pullXML(folders ...string) string {
	return subscribeXML("Pull", allKinds, `<t:Timeout>10</t:Timeout>`, folders...)
}

func getEventsXML(id, watermark string) string {
	return `<m:GetEvents><m:SubscriptionId>` + id + `</m:SubscriptionId><m:Watermark>` + watermark + `</m:Watermark></m:GetEvents>`
}

// puller holds a pull subscription.
type puller struct {
	*caller
	id, watermark string
	more          bool
	answer        string
}

func pull(c *caller, request string) *puller {
	c.t.Helper()
	answer := c.do(request)
	require.Equal(c.t, []string{"NoError"}, codes(answer), answer)
	return &puller{caller: c, id: texts(answer, "SubscriptionId")[0], watermark: texts(answer, "Watermark")[0]}
}

// next returns the next events.
func (p *puller) next() []string {
	p.t.Helper()
	p.answer = p.do(getEventsXML(p.id, p.watermark))
	require.Equal(p.t, []string{"NoError"}, codes(p.answer), p.answer)
	assert.Equal(p.t, []string{p.watermark}, texts(p.answer, "PreviousWatermark"))
	assert.Equal(p.t, []string{p.id}, texts(p.answer, "SubscriptionId"))
	all := texts(p.answer, "Watermark")
	p.watermark = all[len(all)-1]
	p.more = texts(p.answer, "MoreEvents")[0] == "true"
	return eventsOf(p.answer)
}

var eventElements = regexp.MustCompile(`<t:(\w+)Event(?:/>|>(.*?)</t:\w+Event>)`)

// eventsOf returns the events of an answer, each as its kind and what it concerns.
func eventsOf(answer string) []string {
	var all []string
	for _, m := range eventElements.FindAllStringSubmatch(answer, -1) {
		what := m[1]
		switch {
		case strings.Contains(m[2], "<t:ItemId"):
			what += " item"
		case strings.Contains(m[2], "<t:FolderId"):
			what += " folder"
		}
		if n := texts(m[2], "UnreadCount"); n != nil {
			what += " " + n[0]
		}
		all = append(all, what)
	}
	return all
}

// TestEvents covers what people and clients do, and the resulting events.
func TestEvents(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as(alice)
		box := c.srv.Mailbox(alice)
		inbox, drafts := box.Folder(ews.FolderInbox), box.Folder(ews.FolderDrafts)
		in, all := pull(c, pullXML(folderOf("inbox", ""))), pull(c, pullXML())
		assert.Equal(t, []string{"Status"}, in.next())
		assert.Empty(t, texts(in.answer, "TimeStamp"))

		m := box.Deliver([]byte(plain))
		assert.Equal(t, []string{"Created item", "NewMail item", "Modified folder 1"}, in.next())
		assert.Equal(t, []string{m.ID.ID, m.ID.ID}, attrs(in.answer, "ItemId", "Id"))
		assert.Equal(t, []string{inbox.ID().ID, inbox.ID().ID, box.Folder(ews.FolderMsgFolderRoot).ID().ID}, attrs(in.answer, "ParentFolderId", "Id"))
		assert.Equal(t, []string{"CQAAAA==", "CQAAAA=="}, attrs(in.answer, "ItemId", "ChangeKey"), "events have no change keys")
		assert.Equal(t, []string{"NoError"}, codes(c.do(getItemXML(idOnly, `<t:ItemId Id="`+m.ID.ID+`" ChangeKey="CQAAAA=="/>`))), "and clients give them back")
		assert.Equal(t, []string{"Created item", "NewMail item", "Modified folder 1"}, all.next())
		box.SetRead(m.ID, true)
		assert.Equal(t, []string{"Modified item", "Modified folder 0"}, in.next())
		require.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AlwaysOverwrite", "", itemID(m), setField("item:Subject", `<t:Subject>x</t:Subject>`)))))
		assert.Equal(t, []string{"Modified item"}, in.next())
		all.next()

		moved := box.MoveMessage(m.ID, drafts)
		assert.Equal(t, []string{"Moved item", "Modified folder 0"}, in.next(), "of the other folder only the move")
		assert.Equal(t, []string{m.ID.ID}, attrs(in.answer, "OldItemId", "Id"))
		assert.Equal(t, []string{moved.ID.ID}, attrs(in.answer, "ItemId", "Id"))
		assert.Equal(t, []string{inbox.ID().ID}, attrs(in.answer, "OldParentFolderId", "Id"))
		assert.Equal(t, []string{"Moved item", "Modified folder 0", "Modified folder 0"}, all.next())
		require.Equal(t, []string{"NoError"}, codes(c.do(strings.ReplaceAll(moveXML(folderOf("inbox", ""), itemID(moved)), "MoveItem", "CopyItem"))))
		assert.Equal(t, []string{"Copied item", "Modified folder 0"}, in.next())
		all.next()
		copied := inbox.Messages()[0]

		made := c.do(createXML(saveOnly, folderOf("inbox", ""), `<t:Message><t:Subject>a</t:Subject></t:Message>`))
		require.Equal(t, []string{"NoError"}, codes(made))
		assert.Equal(t, []string{"Created item", "Modified folder 0"}, in.next())
		all.next()
		require.Equal(t, []string{"NoError"}, codes(c.do(deleteXML("HardDelete", "", itemID(copied)))))
		assert.Equal(t, []string{"Deleted item", "Modified folder 0"}, in.next(), version)
		assert.Equal(t, []string{copied.ID.ID}, attrs(in.answer, "ItemId", "Id"))
		assert.Equal(t, []string{"Deleted item", "Modified folder 0"}, all.next())
		soft := "Moved item"
		if version == ewstest.Exchange2010SP3 {
			soft = "Deleted item"
		}
		require.Equal(t, []string{"NoError"}, codes(c.do(deleteXML("SoftDelete", "", itemID(inbox.Messages()[0])))))
		assert.Equal(t, []string{soft, "Modified folder 0"}, in.next(), version)
		assert.Equal(t, []string{"Deleted item", "Modified folder 0"}, all.next(), version)
		last := box.Deliver([]byte(plain))
		in.next()
		all.next()
		require.Equal(t, []string{"NoError"}, codes(c.do(deleteXML("MoveToDeletedItems", "", itemID(last)))))
		assert.Equal(t, []string{"Moved item", "Modified folder 0"}, in.next())
		assert.Equal(t, []string{"Moved item", "Modified folder 0", "Modified folder 1"}, all.next())
		assert.Equal(t, []string{"Status"}, all.next())
	}
}

func TestEventsOfFolders(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as(alice)
	box := c.srv.Mailbox(alice)
	inbox := box.Folder(ews.FolderInbox)
	in, all := pull(c, pullXML(folderOf("inbox", ""))), pull(c, pullXML())
	f := box.AddFolder(inbox, "Sub")
	assert.Equal(t, []string{"Created folder", "Modified folder 0"}, in.next())
	f.Rename("Other")
	assert.Equal(t, []string{"Modified folder"}, in.next())
	all.next()
	f.MoveTo(box.Folder(ews.FolderDrafts))
	assert.Equal(t, []string{"Moved folder", "Modified folder 0"}, in.next())
	assert.Equal(t, []string{f.ID().ID}, attrs(in.answer, "OldFolderId", "Id"))
	assert.Equal(t, []string{"Moved folder", "Modified folder 0", "Modified folder 0"}, all.next())
	box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: f})
	assert.Equal(t, []string{"Status"}, in.next())
	all.next()
	require.Equal(t, []string{"NoError"}, codes(c.do(`<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds>`+folderIDXML(f)+`</m:FolderIds></m:DeleteFolder>`)))
	assert.Equal(t, []string{"Deleted folder", "Modified folder 0"}, all.next(), "not of what was in it")

	box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: box.Folder(ews.FolderCalendar), Class: "IPM.Appointment"})
	assert.Equal(t, []string{"Created item", "FreeBusyChanged item", "NewMail item", "Modified folder 1"}, all.next())
	m := box.Deliver([]byte(plain))
	data := texts(c.do(exportXML(itemID(m))), "Data")[0]
	all.next()
	require.Equal(t, []string{"NoError"}, codes(c.do(uploadXML("Update", inbox, `<t:ItemId Id="`+m.ID.ID+`"/>`, data))))
	assert.Equal(t, []string{"Modified item", "Modified folder 1"}, all.next())
	some := pull(c, subscribeXML("Pull", "DeletedEvent", `<t:Timeout>10</t:Timeout>`))
	box.Deliver([]byte(plain))
	box.DeleteMessage(m.ID)
	assert.Equal(t, []string{"Deleted item"}, some.next(), "the kinds that were asked for")
}

func TestGetEventsInParts(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as(alice)
	box := c.srv.Mailbox(alice)
	p := pull(c, subscribeXML("Pull", "NewMailEvent", `<t:Timeout>10</t:Timeout>`))
	before := p.watermark
	for range 120 {
		box.Deliver([]byte(plain))
	}
	for _, want := range []int{50, 50, 20} {
		assert.Len(t, p.next(), want)
		assert.Equal(t, want == 50, p.more)
	}
	assert.Equal(t, []string{"ErrorInvalidWatermark"}, codes(c.do(getEventsXML(p.id, before))), "the events were taken")
	for _, bad := range []string{"AAAA", "!", pull(c.as(bob), pullXML()).watermark} {
		assert.Equal(t, []string{"ErrorInvalidWatermark"}, codes(c.do(getEventsXML(p.id, bad))), bad)
		assert.Equal(t, []string{"ErrorInvalidWatermark"}, codes(c.do(subscribeXML("Pull", allKinds, `<t:Watermark>`+bad+`</t:Watermark><t:Timeout>1</t:Timeout>`))), bad)
	}
	again := pull(c, subscribeXML("Pull", "NewMailEvent", `<t:Watermark>`+before+`</t:Watermark><t:Timeout>1</t:Timeout>`))
	assert.Equal(t, before, again.watermark)
	assert.Len(t, again.next(), 50, "a new subscription may begin at an old event")
	assert.Equal(t, []string{"NoError"}, codes(c.do(`<m:Unsubscribe><m:SubscriptionId>`+p.id+`</m:SubscriptionId></m:Unsubscribe>`)))
	for _, op := range []string{getEventsXML(p.id, p.watermark), `<m:Unsubscribe><m:SubscriptionId>` + p.id + `</m:SubscriptionId></m:Unsubscribe>`, getEventsXML("AAAA", "AAAA")} {
		assert.Equal(t, []string{"ErrorSubscriptionNotFound"}, codes(c.do(op)))
	}
}

// TestMissedEvents: a mailbox remembers 10,000 events, and at most twice as many.
func TestMissedEvents(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as(alice)
	f := c.srv.Mailbox(alice).AddFolder(nil, "A")
	p := pull(c, pullXML())
	for range 20000 {
		f.Rename("B")
	}
	next := pull(c, pullXML())
	assert.Len(t, p.next(), 50)
	f.Rename("C")
	assert.Equal(t, []string{"ErrorMissedNotificationEvents"}, codes(c.do(getEventsXML(p.id, p.watermark))))
	assert.Equal(t, []string{"ErrorSubscriptionNotFound"}, codes(c.do(getEventsXML(p.id, p.watermark))))
	assert.Equal(t, []string{"ErrorInvalidWatermark"}, codes(c.do(subscribeXML("Pull", allKinds, `<t:Watermark>`+p.watermark+`</t:Watermark><t:Timeout>1</t:Timeout>`))))
	assert.Equal(t, []string{"Modified folder"}, next.next())
}

func TestSubscriptionsExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{}).as(alice)
		p, q := pull(c, pullXML()), pull(c, pullXML())
		for range 3 {
			time.Sleep(9 * time.Minute)
			p.next()
		}
		assert.Equal(t, []string{"ErrorExpiredSubscription"}, codes(c.do(getEventsXML(q.id, q.watermark))))
		assert.Equal(t, []string{"ErrorSubscriptionNotFound"}, codes(c.do(getEventsXML(q.id, q.watermark))))
		p.next()
		time.Sleep(11 * time.Minute)
		pull(c, pullXML())
		assert.Equal(t, []string{"ErrorSubscriptionNotFound"}, codes(c.do(getEventsXML(p.id, p.watermark))), "swept")
	})
}

func TestSubscriptionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		box := c.srv.AddMailbox("dora@example.test", &ewstest.MailboxOptions{Archive: true})
		c.srv.AddUser("nobody", "nobody-password")
		search := folderIDXML(box.AddSearchFolder("All"))
		push := func(url string) string {
			return subscribeXML("Push", "NewMailEvent", `<t:StatusFrequency>1</t:StatusFrequency><t:URL>`+url+`</t:URL>`)
		}
		dora := c.as("dora@example.test")
		for name, tt := range map[string]struct {
			c        *caller
			op, code string
		}{
			"delegate":      {c, pullXML(folderOf("inbox", alice)), "ErrorSubscriptionDelegateAccessNotSupported"},
			"stranger":      {c.as(bob), pullXML(folderOf("inbox", alice)), "ErrorFolderNotFound"},
			"impersonated":  {c.impersonating(alice), pullXML(folderOf("inbox", "")), "NoError"},
			"both":          {dora, strings.Replace(pullXML(folderOf("inbox", "")), "Request>", `Request SubscribeToAllFolders="true">`, 1), "ErrorInvalidSubscriptionRequest"},
			"neither":       {dora, strings.Replace(pullXML(), `"true"`, `"false"`, 1), "ErrorInvalidSubscriptionRequest"},
			"archive":       {dora, pullXML(folderOf("inbox", ""), folderOf("archiveroot", "")), "ErrorInvalidSubscriptionRequest"},
			"search folder": {dora, pullXML(search), "ErrorInvalidOperation"},
			"no mailbox":    {c.as("nobody"), pullXML(), "ErrorMissingEmailAddress"},
			"push":          {dora, push("http://client.example/events"), "ErrorInvalidOperation"},
			"push to none":  {dora, push("client.example"), "ErrorInvalidPushSubscriptionUrl"},
			"long":          {dora, strings.Replace(pullXML(), "10<", "1441<", 1), "ErrorSchemaValidation"},
			"unknown event": {dora, strings.Replace(pullXML(), "CopiedEvent", "StatusEvent", 1), "ErrorSchemaValidation"},
			"stream of old": {dora.in("Exchange2010"), subscribeXML("Streaming", allKinds, ""), "ErrorIncorrectSchemaVersion"},
		} {
			assert.Equal(t, []string{tt.code}, codes(tt.c.do(tt.op)), "%s on %s", name, version)
		}
	}
}

func TestOwnersOfSubscriptions(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	p := pull(c.impersonating(alice), pullXML())
	op := getEventsXML(p.id, p.watermark)
	for _, other := range []*caller{c.impersonating(bob), c.as(alice), c} {
		assert.Equal(t, []string{"ErrorSubscriptionAccessDenied"}, codes(other.do(op)))
	}
	assert.Equal(t, []string{"Status"}, p.next())
	stream := texts(c.impersonating(alice).do(subscribeXML("Streaming", allKinds, "")), "SubscriptionId")[0]
	assert.Equal(t, []string{"ErrorInvalidPullSubscriptionId"}, codes(c.impersonating(alice).do(getEventsXML(stream, p.watermark))))
	c.srv.Mailbox(alice).Remove(true)
	assert.Equal(t, []string{"ErrorMailboxMoveInProgress"}, codes(p.do(op)))
}

func TestTooManySubscriptions(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{Version: ewstest.ExchangeOnline})
	c.srv.SetBudget(bob, ewstest.Budget{MaxSubscriptions: 2})
	for user, most := range map[string]int{alice: 20, bob: 2} {
		for range most {
			pull(c.as(user), pullXML())
		}
		assert.Equal(t, []string{"ErrorExceededSubscriptionCount"}, codes(c.as(user).do(pullXML())), user)
		pull(c.impersonating(user), pullXML())
	}
	p := pull(newCaller(t, ewstest.Options{}), pullXML())
	assert.Equal(t, []string{"NoError"}, codes(p.do(`<m:Unsubscribe><m:SubscriptionId>`+p.id+`</m:SubscriptionId></m:Unsubscribe>`)))
}

func TestAffinity(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as(alice)
		for ask, cookies := range map[string]int{"": 0, "false": 0, "true": 1} {
			if version == ewstest.Exchange2010SP3 {
				cookies = 0
			}
			c.transport = asking{c.srv.Direct(), ask, func(res *http.Response) {
				assert.Len(t, res.Cookies(), cookies, "%q of %s", ask, version)
			}}
			pull(c, pullXML())
		}
	}
}

// asking sends X-PreferServerAffinity and shows the answer to a function.
type asking struct {
	next http.RoundTripper
	ask  string
	look func(*http.Response)
}

func (a asking) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-PreferServerAffinity", a.ask)
	res, err := a.next.RoundTrip(r)
	if err == nil {
		a.look(res)
	}
	return res, err
}
