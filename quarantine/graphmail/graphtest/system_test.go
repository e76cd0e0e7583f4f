package graphtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

func TestBatch(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	c.deliver("one")
	id := c.one(alice, "one")
	path := user(alice) + "/messages/" + id
	got := c.want(200, "POST", "/$batch", object{"requests": []object{
		{"id": "1", "method": "GET", "url": path + "?$select=subject"},
		{"id": "2", "method": "PATCH", "url": path, "headers": object{"Content-Type": "application/json"}, "body": read},
		{"id": "3", "method": "GET", "url": user(alice) + "/messages/nonsense"},
		{"id": "4", "method": "GET", "url": path, "dependsOn": []string{"3"}},
		{"id": "5", "method": "GET", "url": path + "/$value"},
	}})
	status := map[string]any{}
	bodies := map[string]any{}
	for _, r := range got.body["responses"].([]any) {
		o := r.(object)
		status[o["id"].(string)], bodies[o["id"].(string)] = o["status"], o["body"]
	}
	assert.Equal(t, map[string]any{"1": 200.0, "2": 200.0, "3": 400.0, "4": 424.0, "5": 200.0}, status)
	assert.Equal(t, "one", bodies["1"].(object)["subject"])
	assert.True(t, strings.HasPrefix(bodies["5"].(string), mime([]byte("From"))[:4]) || bodies["5"] != "")
	assert.True(t, c.srv.Mailbox(alice).Messages()[0].Read)
	seen := c.srv.Requests()
	assert.Equal(t, graphtest.OpBatch, seen[1].Operation)
	assert.Equal(t, []any{graphtest.OpGetMessage, true, "app"}, []any{seen[2].Operation, seen[2].Part, seen[2].App})

	part := object{"id": "1", "method": "GET", "url": path}
	c.refused(400, "BadRequest", "POST", "/$batch", object{"requests": []object{part, part}})
	c.refused(400, "BadRequest", "POST", "/$batch", object{"requests": make([]object, 21)})
	c.srv.FailNext(graphtest.OpGetMessage, graphtest.DropBefore)
	one := c.want(200, "POST", "/$batch", object{"requests": []object{part}}).body["responses"].([]any)[0].(object)
	assert.Equal(t, 504.0, one["status"])
}

func TestDelta(t *testing.T) {
	t.Parallel()
	for _, immutable := range []bool{false, true} {
		c := newCaller(t, nil)
		c.deliver("one", "two", "three")
		prefer := []string{"Prefer", "odata.maxpagesize=2"}
		if immutable {
			prefer = append(prefer, "Prefer", `IdType="ImmutableId"`)
		}
		inbox := user(alice) + "/mailFolders/inbox/messages/delta"
		first := c.want(200, "GET", inbox+"?$select=subject", nil, prefer...)
		require.Len(t, first.rows(), 2)
		rest := c.want(200, "GET", first.str("@odata.nextLink"), nil, prefer...)
		require.Len(t, rest.rows(), 1)
		link := rest.str("@odata.deltaLink")
		assert.Empty(t, c.want(200, "GET", link, nil, prefer...).rows())

		c.deliver("four")
		id := c.one(alice, "two", prefer...)
		c.want(200, "PATCH", user(alice)+"/messages/"+c.one(alice, "one"), read)
		c.want(204, "DELETE", user(alice)+"/messages/"+c.one(alice, "two"), nil)
		fixed := c.one(alice, "three", "Prefer", `IdType="ImmutableId"`)
		for _, to := range []string{"drafts", "inbox"} {
			c.want(201, "POST", user(alice)+"/messages/"+fixed+"/move", object{"destinationId": to})
		}
		rows := []object{}
		page := c.want(200, "GET", link, nil, prefer...)
		for ; page.str("@odata.nextLink") != ""; page = c.want(200, "GET", page.str("@odata.nextLink"), nil, prefer...) {
			rows = append(rows, page.rows()...)
		}
		rows = append(rows, page.rows()...)
		came, removed := []string{}, []string{}
		for _, r := range rows {
			if r["@removed"] != nil {
				removed = append(removed, r["id"].(string))
			} else {
				came = append(came, r["subject"].(string))
			}
		}
		want := []string{"one", "three", "four"}
		if immutable {
			want = []string{"one", "four"} // messages moved away and back are lost
		}
		assert.ElementsMatch(t, want, came)
		assert.Contains(t, removed, id)
		assert.Len(t, removed, 2)

		c.refused(410, "SyncStateNotFound", "GET", inbox+"?$deltatoken=x", nil)
		c.srv.ForgetDeltas()
		c.refused(410, "SyncStateNotFound", "GET", link, nil)
		c.refused(400, "ErrorInvalidUrlQueryFilter", "GET", inbox+filter("isRead eq true"), nil)
	}
}

func TestDeltaOfNewMessagesAndFolders(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	c.deliver("one", "two")
	path := user(alice) + "/mailFolders/inbox/messages/delta?changeType=created&$filter=receivedDateTime%20ge%202026-11-24T10:01:00Z"
	first := c.want(200, "GET", path, nil)
	assert.Equal(t, []string{"two"}, column(first.rows(), "subject"))
	c.want(200, "PATCH", user(alice)+"/messages/"+c.one(alice, "two"), read)
	assert.Empty(t, c.want(200, "GET", first.str("@odata.deltaLink"), nil).rows())

	all := c.want(200, "GET", user(alice)+"/mailFolders/delta", nil, "Prefer", "odata.maxpagesize=100")
	assert.Contains(t, column(all.rows(), "displayName"), "Conflicts", "any depth")
	c.want(201, "POST", user(alice)+"/mailFolders/inbox/childFolders", object{"displayName": "new"})
	assert.Contains(t, column(c.want(200, "GET", all.str("@odata.deltaLink"), nil).rows(), "displayName"), "new")
}

func TestGroups(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	ex := c.srv.Exchange()
	ex.AddList("inner@example.test", bob, "outer@example.test", "guest@elsewhere.example", "dynamic@example.test")
	ex.AddList("outer@example.test", alice, "inner@example.test", "friend@elsewhere.example")
	ex.AddListWith("dynamic@example.test", &ewstest.ListOptions{Dynamic: "c*@example.test"})
	ex.AddContact("friend@elsewhere.example", nil)
	found := c.want(200, "GET", "/groups"+filter("mail eq 'outer@example.test'"), nil).rows()
	require.Len(t, found, 1)
	assert.Equal(t, graphtest.GroupID("outer@example.test"), found[0]["id"])
	path := "/groups/" + graphtest.GroupID("outer@example.test") + "/transitiveMembers"
	users := c.want(200, "GET", path+"/microsoft.graph.user?$select=id,mail,userPrincipalName", nil).rows()
	assert.ElementsMatch(t, []string{alice, bob}, column(users, "mail"))
	all := c.want(200, "GET", path, nil).rows()
	assert.ElementsMatch(t, []string{alice, bob, "inner@example.test", "guest@elsewhere.example", "friend@elsewhere.example"}, column(all, "mail"))
	assert.Contains(t, column(all, "@odata.type"), "#microsoft.graph.orgContact")
	direct := c.want(200, "GET", "/groups/"+graphtest.GroupID("outer@example.test")+"/members", nil).rows()
	assert.ElementsMatch(t, []string{alice, "inner@example.test", "friend@elsewhere.example"}, column(direct, "mail"))
	assert.Empty(t, c.want(200, "GET", "/groups"+filter("mail eq 'dynamic@example.test'"), nil).rows(), "Graph has none")
	assert.Len(t, c.want(200, "GET", "/contacts", nil).rows(), 1)
	c.srv.LimitPages(1)
	page := c.want(200, "GET", path+"/microsoft.graph.user", nil)
	more := c.want(200, "GET", page.str("@odata.nextLink"), nil)
	assert.ElementsMatch(t, []string{alice, bob}, append(column(page.rows(), "mail"), column(more.rows(), "mail")...))
	c.refused(404, "Request_ResourceNotFound", "GET", "/groups/"+graphtest.GroupID("x@example.test")+"/transitiveMembers", nil)
	c.refused(400, "Request_UnsupportedQuery", "GET", "/users"+filter("startswith(displayName,'a')"), nil)
	c.refused(400, "BadRequest", "GET", path+"/microsoft.graph.nonsense", nil)
	c.refused(400, "Request_UnsupportedQuery", "GET", "/users?$count=true", nil)
	assert.Equal(t, 5.0, c.want(200, "GET", "/users?$count=true", nil, "ConsistencyLevel", "eventual").body["@odata.count"])
}

func TestThrottling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, &graphtest.Options{Latency: time.Second, Throttling: graphtest.Throttling{Requests: 10, Upload: 5000}})
		c.deliver("one")
		var wg sync.WaitGroup
		var mu sync.Mutex
		status := map[int]int{}
		for range 6 {
			wg.Go(func() {
				r := c.do("GET", user(alice)+"/messages", nil)
				mu.Lock()
				defer mu.Unlock()
				status[r.status]++
			})
		}
		wg.Wait()
		assert.Equal(t, map[int]int{200: 4, 429: 2}, status)
		for range 6 {
			c.want(200, "GET", user(alice)+"/messages", nil)
		}
		late := c.do("GET", user(alice)+"/messages", nil)
		assert.Equal(t, []string{"429", "593"}, []string{strconv.Itoa(late.status), late.header.Get("Retry-After")})
		assert.NotContains(t, late.body["error"], "innerError")
		c.want(200, "GET", user(bob)+"/messages", nil)
		c.as("other").want(200, "GET", user(alice)+"/messages", nil)
		time.Sleep(10 * time.Minute)
		c.want(200, "GET", user(alice)+"/messages", nil)

		data := c.export(alice, c.one(alice, "one"))
		secret := c.session(quar)
		item := object{"FolderId": "inbox", "Mode": "create", "Data": data}
		got := c.do("POST", secret, item)
		for ; got.status == 200; got = c.do("POST", secret, item) {
		}
		assert.Equal(t, 429, got.status)
		assert.NotEmpty(t, got.header.Get("Retry-After"))
		assert.NotEmpty(t, got.body["Message"])
		time.Sleep(5 * time.Minute)
		c.want(200, "POST", secret, item)
	})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	path := user(alice) + "/messages"
	c.srv.FailNext("", graphtest.Unavailable, graphtest.Throttled(0), graphtest.Throttled(3*time.Second), graphtest.Status(500, "ErrorInternalServerError"),
		graphtest.Status(502, "x").Body("<html>"), graphtest.Conflict)
	empty := c.do("GET", path, nil)
	assert.Equal(t, []any{503, ""}, []any{empty.status, empty.text})
	for _, wait := range []string{"", "3"} {
		r := c.do("GET", path, nil)
		assert.Equal(t, []any{429, "ApplicationThrottled", wait}, []any{r.status, r.code(), r.header.Get("Retry-After")})
	}
	c.refused(500, "ErrorInternalServerError", "GET", path, nil)
	html := c.do("GET", path, nil)
	assert.Equal(t, []any{502, "<html>"}, []any{html.status, html.text})
	c.refused(412, "ErrorIrresolvableConflict", "GET", path, nil)

	// Faults after acting.
	for i, f := range []graphtest.Fault{graphtest.DropAfter, graphtest.GatewayTimeout, graphtest.CutAnswer, graphtest.Unavailable.Acted(), graphtest.DropBefore} {
		c.srv.FailNext(graphtest.OpCreateMessage, f)
		_, err := c.try("POST", path, object{"subject": "x"})
		assert.Equal(t, i == 0 || i == 2 || i == 4, err != nil, f.Name)
		last := c.srv.Requests()[len(c.srv.Requests())-1]
		assert.Equal(t, []any{f.Name, i < 4}, []any{last.Fault, last.Acted})
	}
	assert.Len(t, c.srv.Mailbox(alice).Messages(), 4)
	f := c.srv.Fail(graphtest.When{Operation: graphtest.OpListMessages, Skip: 1, Request: func(r *graphtest.Request) bool { return strings.Contains(r.URL, "bob") }}, graphtest.DropBefore)
	c.want(200, "GET", path, nil)
	c.want(200, "GET", user(bob)+"/messages", nil)
	_, err := c.try("GET", user(bob)+"/messages", nil)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, 1, f.Struck())
	f.Cancel()
	c.want(200, "GET", user(bob)+"/messages", nil)
	c.srv.Fail(graphtest.When{}, graphtest.PropertiesLost)
	made := c.want(201, "POST", path, object{"subject": "y", "singleValueExtendedProperties": []object{{"id": stamp, "value": "op"}}})
	c.srv.ClearFaults()
	assert.Empty(t, c.subjects("singleValueExtendedProperties/any(ep:ep/id eq '"+stamp+"' and ep/value ne null)"), made.text)
}

// Answers may be those of another request, or from an index that lags behind.
func TestUntrueAnswers(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	c.deliver("one", "two")
	c.srv.FailNext("", graphtest.EarlierAnswer) // waits: there is no earlier answer
	first := c.one(alice, "one")
	assert.Equal(t, first, c.one(alice, "two"), "the answer to the request before")
	c.srv.FailNext(graphtest.OpListMessages, graphtest.NothingFound, graphtest.FilterIgnored)
	assert.Empty(t, c.find(alice, "one"))
	assert.Len(t, c.find(alice, "one"), 2)
	assert.NotEqual(t, first, c.one(alice, "two"))
}

func TestMeetings(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	for _, class := range []string{"IPM.Schedule.Meeting.Request", "IPM.Schedule.Meeting.Resp.Tent", "IPM.Schedule.Meeting.Canceled"} {
		c.srv.Mailbox(alice).DeliverWith(letter(class, false), ewstest.Delivery{Class: class})
	}
	got := map[string]string{}
	for _, r := range c.want(200, "GET", user(alice)+"/messages", nil).rows() {
		got[r["meetingMessageType"].(string)] = r["@odata.type"].(string)
	}
	assert.Equal(t, map[string]string{
		"meetingRequest": "#microsoft.graph.eventMessageRequest", "meetingTenativelyAccepted": "#microsoft.graph.eventMessageResponse",
		"meetingCancelled": "#microsoft.graph.eventMessage",
	}, got)
}

func TestOtherSpellings(t *testing.T) {
	t.Parallel()
	c := newCaller(t, &graphtest.Options{OtherSpellings: true})
	got := c.do("GET", user(alice)+"/messages/x", nil)
	e := got.body["error"].(object)
	assert.Equal(t, []any{"invalidRequest", "ErrorInvalidIdMalformed"}, []any{e["code"], e["innererror"].(object)["code"]})
	box := "/admin/exchange/mailboxes/" + c.srv.MailboxID(alice)
	row := c.want(200, "POST", box+"/exportItems", object{"itemIds": []string{"x"}}).rows()[0]
	assert.Equal(t, "ErrorInvalidIdMalformed", row["Error"].(object)["code"])
	c.want(201, "POST", box+"/createImportSession", nil)
}

func TestServerActsLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, nil)
		c.deliver("one", "two")
		path, other := user(alice)+"/messages/"+c.one(alice, "one"), user(alice)+"/messages/"+c.one(alice, "two")
		c.srv.FailNext("", graphtest.Late(time.Minute), graphtest.Unavailable.ActedAfter(time.Hour))
		_, err := c.try("POST", path+"/permanentDelete", nil)
		require.Error(t, err)
		assert.Equal(t, 503, c.do("PATCH", other, read).status)
		assert.Equal(t, []string{"/Inbox"}, c.folders(alice, "one"))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		assert.Equal(t, []string{"/Recoverable Items/Purges"}, c.folders(alice, "one"))
		seen := c.srv.Requests()
		assert.Equal(t, []bool{true, false}, []bool{seen[2].Acted, seen[3].Acted})
		c.srv.Close()
		time.Sleep(2 * time.Hour)
		assert.False(t, c.srv.Requests()[3].Acted, "a closed server acts no more")
	})
}

func TestConsentAndTokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, nil)
		c.deliver("one")
		path := user(alice) + "/messages"
		id := c.one(alice, "one")
		c.srv.Consent("app", "Mail.Read", "MailboxItem.Export.All")
		c.want(200, "GET", path, nil)
		c.want(200, "GET", user(alice)+"/mailFolders", nil)
		c.export(alice, id)
		c.refused(403, "ErrorAccessDenied", "PATCH", path+"/"+id, read)
		c.refused(403, "ErrorAccessDenied", "POST", "/admin/exchange/mailboxes/"+c.srv.MailboxID(alice)+"/createImportSession", nil)
		c.refused(403, "Authorization_RequestDenied", "GET", "/users", nil)
		c.refused(403, "ErrorAccessDenied", "GET", user(alice)+"/settings/exchange", nil)
		c.srv.Consent("app", "Mail.ReadWrite", "MailboxSettings.Read", "MailboxItem.Export.All")
		c.want(200, "GET", user(alice)+"/settings/exchange", nil)
		c.srv.Scope("app", bob)
		c.refused(403, "ErrorAccessDenied", "GET", path, nil)
		c.want(200, "GET", user(bob)+"/messages", nil)
		c.export(alice, id) // exports are not limited by its scope

		plain := &caller{t: t, srv: c.srv, rt: c.srv.Direct(), url: c.url}
		plain.refused(401, "InvalidAuthenticationToken", "GET", path, nil)
		plain.refused(401, "InvalidAuthenticationToken", "GET", path, nil, "Authorization", "Bearer x")
		token := "Bearer " + c.srv.Token("third")
		plain.want(200, "GET", path, nil, "Authorization", token)
		time.Sleep(time.Hour)
		plain.refused(401, "InvalidAuthenticationToken", "GET", path, nil, "Authorization", token)
		token = "Bearer " + c.srv.Token("third")
		c.srv.Revoke()
		plain.refused(401, "InvalidAuthenticationToken", "GET", path, nil, "Authorization", token)
	})
}

func TestNationalClouds(t *testing.T) {
	t.Parallel()
	c := newCaller(t, &graphtest.Options{China: true})
	c.deliver("one")
	id := c.one(alice, "one")
	c.refused(400, "BadRequest", "POST", user(alice)+"/messages/"+id+"/permanentDelete", nil)
	c.refused(400, "BadRequest", "POST", "/admin/exchange/mailboxes/"+c.srv.MailboxID(alice)+"/exportItems", object{"itemIds": []string{id}})
	c.refused(400, "ErrorInvalidIdMalformed", "GET", user(alice)+"/mailFolders/inbox/messages/delta", nil)
	c.want(201, "POST", user(alice)+"/messages/"+id+"/move", object{"destinationId": "junkemail"})
}

// Over sockets there are two hosts, and TLS.
func TestSockets(t *testing.T) {
	t.Parallel()
	for _, tls := range []bool{false, true} {
		c := newCaller(t, &graphtest.Options{TLS: tls})
		c.rt, c.url = c.srv.As(c.srv.Transport(), "app"), c.srv.URL()
		c.deliver("one")
		data := c.export(alice, c.one(alice, "one"))
		secret := c.session(quar)
		assert.NotContains(t, secret, c.url)
		assert.True(t, strings.HasPrefix(secret, c.url[:strings.Index(c.url, ":")+3]))
		c.want(200, "POST", secret, object{"FolderId": "inbox", "Mode": "create", "Data": data})
		assert.Len(t, c.srv.Mailbox(quar).Messages(), 1)
		c.srv.LimitPages(1)
		c.deliver("two")
		page := c.want(200, "GET", user(alice)+"/messages", nil)
		assert.True(t, strings.HasPrefix(page.str("@odata.nextLink"), c.url+"/v1.0/"))
		c.want(200, "GET", page.str("@odata.nextLink"), nil)
		c.srv.FailNext("", graphtest.CutAnswer, graphtest.DropBefore)
		for range 2 {
			_, err := c.try("POST", user(alice)+"/translateExchangeIds", object{})
			require.Error(t, err)
		}
		assert.Equal(t, tls, c.srv.CAPEM() != nil)
		assert.Equal(t, http.StatusNotFound, c.do("GET", c.url+"/api/gv1.0/x", nil, "Authorization", "x").status)
	}
}

func TestCapture(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GRAPHTEST_CAPTURE", dir)
	c := newCaller(t, nil)
	c.deliver("one")
	c.one(alice, "one")
	files, err := filepath.Glob(filepath.Join(dir, "*", "0000-ListMessages.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	b, err := os.ReadFile(files[0])
	require.NoError(t, err)
	var v object
	require.NoError(t, json.Unmarshal(b, &v))
	assert.Equal(t, []any{"GET", user(alice) + "/messages", 200.0}, []any{v["method"], v["path"], v["status"]})
}
