package ewstest_test

import (
	"encoding/base64"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

const timeout = "ErrorTimeoutExpired"

// letterOf returns a message with its own Message-ID.
func letterOf(id string) []byte {
	return []byte("From: eve@evil.example\r\nTo: alice@example.test\r\nSubject: " + id + "\r\nMessage-ID: <" + id + "@evil.example>\r\n\r\nPay!\r\n")
}

func TestFailByCount(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	get, move := getItemXML(idOnly, itemID(m)), moveXML(folderOf("inbox", "nobody@example.test"), itemID(m))
	failure := c.srv.Fail(ewstest.When{Operation: ews.OpGetItem, Skip: 1, Times: 2}, ewstest.MemberCode(timeout))
	var seen []string
	for range 5 {
		seen = append(seen, codes(c.do(get))...)
		assert.Equal(t, []string{"ErrorNonExistentMailbox"}, codes(c.do(move)), "another operation")
	}
	assert.Equal(t, []string{"NoError", timeout, timeout, "NoError", "NoError"}, seen)
	assert.Equal(t, 2, failure.Struck())

	failure = c.srv.Fail(ewstest.When{}, ewstest.Busy)
	for range 3 {
		assert.Equal(t, []string{"ErrorServerBusy"}, codes(c.do(get)), "for good")
	}
	failure.Cancel()
	failure.Cancel()
	assert.Equal(t, []string{"NoError"}, codes(c.do(get)))
	assert.Equal(t, 3, failure.Struck())
	c.srv.Fail(ewstest.When{}, ewstest.Busy)
	c.srv.ClearFaults()
	assert.Equal(t, []string{"NoError"}, codes(c.do(get)))
}

func TestFailByChance(t *testing.T) {
	t.Parallel()
	run := func() (all string) {
		c := newCaller(t, ewstest.Options{Seed: 5})
		c.srv.Fail(ewstest.When{Probability: 0.3}, ewstest.Busy)
		for range 100 {
			all += codes(c.do(getItemXML(idOnly, `<t:ItemId Id="x"/>`)))[0][:7]
		}
		return all
	}
	first := run()
	assert.InDelta(t, 30, strings.Count(first, "ErrorSe"), 15)
	assert.Equal(t, first, run(), "the same seed gives the same faults")
}

func TestFailByItem(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	one, two := box.Deliver(letterOf("one")), box.Deliver(letterOf("two"))
	failure := c.srv.Fail(ewstest.When{MessageID: "<two@evil.example>", Times: 3}, ewstest.MemberCode(timeout))
	assert.Equal(t, []string{"NoError", timeout}, codes(c.do(getItemXML(idOnly, itemID(one), itemID(two)))))
	two = box.MoveMessage(two.ID, box.Folder(ews.FolderJunkEmail))
	assert.Equal(t, []string{timeout, "NoError"}, codes(c.do(deleteXML("SoftDelete", "", itemID(two), itemID(one)))), "whatever its id")
	assert.Equal(t, []string{"NoError"}, codes(c.do(findXML(folderOf("inbox", alice), ""))))
	assert.Equal(t, []string{timeout}, codes(c.do(findXML(folderOf("junkemail", alice), ""))), "the page has it")
	assert.Equal(t, 3, failure.Struck())
	assert.Equal(t, []string{"NoError"}, codes(c.do(getItemXML(idOnly, itemID(two)))), "it has struck three times")
}

func TestFailByItemBeforeItIsThere(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	inbox := c.srv.Mailbox(quar).Folder(ews.FolderInbox)
	two := c.srv.Mailbox(alice).Deliver(letterOf("two"))
	data := texts(c.do(exportXML(itemID(two))), "Data")[0]
	var shown []ewstest.Message
	failure := c.srv.Fail(ewstest.When{Item: func(m *ewstest.Message) bool {
		shown = append(shown, *m)
		return m.Subject == "two" && m.Mailbox != alice
	}}, ewstest.MemberCode(timeout))
	create := func(id string) string {
		return createXML(saveOnly, folderOf("inbox", quar), `<t:Message>`+mimeOf(string(letterOf(id)))+`</t:Message>`)
	}
	assert.Equal(t, []string{timeout}, codes(c.do(uploadXML("CreateNew", inbox, "", data))))
	assert.Equal(t, []string{timeout}, codes(c.do(create("two"))))
	assert.Equal(t, []string{"NoError"}, codes(c.do(create("one"))))
	assert.Equal(t, []string{"ErrorCorruptData"}, codes(c.do(uploadXML("CreateNew", inbox, "", base64.StdEncoding.EncodeToString([]byte("no export"))))))
	assert.Equal(t, []string{"NoError"}, codes(c.do(getItemXML(idOnly, itemID(two)))))
	require.Len(t, inbox.Messages(), 1)
	require.NotEmpty(t, shown)
	assert.Equal(t, []string{"<two@evil.example>", "", ""}, []string{shown[0].MessageID, shown[0].ID.ID, shown[0].Folder})
	failure.Cancel()
	assert.Equal(t, []string{"NoError"}, codes(c.do(create("two"))))
}

// Faults of whole requests strike those that name the item, or show it.
func TestFailWholeRequestByItem(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	one, two := box.Deliver(letterOf("one")), box.Deliver(letterOf("two"))
	failure := c.srv.Fail(ewstest.When{MessageID: "<two@evil.example>", Skip: 1}, ewstest.DropAfter)
	broken := func(op string) bool {
		_, _, err := c.try(op)
		return err != nil
	}
	assert.False(t, broken(getItemXML(idOnly, itemID(two))), "skipped")
	assert.False(t, broken(getItemXML(idOnly, itemID(one))))
	assert.True(t, broken(getItemXML(idOnly, itemID(one), itemID(two))))
	assert.True(t, broken(updateXML("AlwaysOverwrite", "", itemID(two), setField("item:Subject", `<t:Subject>Other</t:Subject>`))))
	assert.True(t, broken(findXML(folderOf("inbox", alice), "")))
	assert.False(t, broken(findXML(folderOf("inbox", alice), byMessageID("&lt;one@evil.example&gt;"))))
	assert.Equal(t, "Other", box.Message(two.ID).Subject, "it acted")
	failure.Cancel()
	assert.False(t, broken(findXML(folderOf("inbox", alice), "")))
}

func TestFailByRequest(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.Fail(ewstest.When{Request: func(r *ewstest.Request) bool { return r.Impersonated == alice }}, ewstest.Busy)
	find := findXML(folderOf("inbox", ""), "")
	assert.Equal(t, []string{"ErrorServerBusy"}, codes(c.impersonating(alice).do(find)))
	assert.Equal(t, []string{"NoError"}, codes(c.impersonating(bob).do(find)))
	assert.Equal(t, []string{"NoError"}, codes(c.as("alice").do(find)))
}

func TestSeveralFaultsStrikeOneRequest(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	c.srv.Fail(ewstest.When{}, ewstest.FalseSuccess)
	c.srv.Fail(ewstest.When{}, ewstest.DropAfter)
	c.srv.Fail(ewstest.When{}, ewstest.Unavailable)
	_, _, err := c.try(moveXML(folderOf("inbox", quar), itemID(m)))
	require.Error(t, err)
	assert.Empty(t, c.srv.Mailbox(quar).Messages())
	seen := c.srv.Requests()
	assert.Equal(t, ewstest.DropAfter.Name+"; "+ewstest.FalseSuccess.Name, seen[0].Fault)
	assert.False(t, seen[0].Acted)
}

func TestFaultsAreSharedByConcurrentRequests(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	whole := c.srv.Fail(ewstest.When{Skip: 3, Times: 5}, ewstest.Busy)
	member := c.srv.Fail(ewstest.When{MessageID: "<1@evil.example>", Times: 4}, ewstest.MemberCode(timeout))
	var wg sync.WaitGroup
	answers := make([]string, 40)
	for i := range answers {
		wg.Go(func() { answers[i] = codes(c.do(getItemXML(idOnly, itemID(m))))[0] })
	}
	wg.Wait()
	all := strings.Join(answers, " ")
	assert.Equal(t, []int{5, 4, 31}, []int{strings.Count(all, "ErrorServerBusy"), strings.Count(all, timeout), strings.Count(all, "NoError")})
	assert.Equal(t, []int{5, 4}, []int{whole.Struck(), member.Struck()})
}

func TestFailRefusesNonsense(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	for name, f := range map[string]func(){
		"skip":        func() { srv.Fail(ewstest.When{Skip: -1}, ewstest.Busy) },
		"times":       func() { srv.Fail(ewstest.When{Times: -1}, ewstest.Busy) },
		"probability": func() { srv.Fail(ewstest.When{Probability: 1.5}, ewstest.Busy) },
		"acted after": func() { ewstest.Busy.ActedAfter(0) },
		"gateway":     func() { ewstest.Gateway(200) },
		"stall":       func() { ewstest.Stall(-1) },
		"shortened":   func() { ewstest.Shortened(1) },
		"row":         func() { ewstest.RowFails(-1) },
		"lag":         func() { ewstest.Lag(0) },
		"linger":      func() { ewstest.Linger(0) },
		"never":       func() { srv.Fail(ewstest.When{Operation: ews.OpDeleteItem}, ewstest.OnlyCopies) },
		"never next":  func() { srv.FailNext(ews.OpGetItem, ewstest.Lag(1)) },
		"empty":       func() { srv.Fail(ewstest.When{}, ewstest.Fault{}) },
		"empty next":  func() { srv.FailNext("", ewstest.Fault{Name: "mine"}) },
		"slow":        func() { ewstest.Slow(-1) },
		"back-off":    func() { ewstest.Busy.BackOff(-1) },
		"member":      func() { ewstest.BusyItem.AtMember(-1) },
		"at":          func() { srv.FailAt(-1, ewstest.Busy) },
		"randomly":    func() { srv.FailRandomly(math.NaN(), ewstest.Busy) },
		"more than 1": func() { srv.FailRandomly(1.5, ewstest.Busy) },
	} {
		assert.Panics(t, f, name)
	}
}

// A FailNext fault that makes no difference to a request waits for one to which it does.
func TestFailNextWaitsUntilItStrikes(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	one, two := box.Deliver(letterOf("one")), box.Deliver(letterOf("two"))
	fault := func(operation string) string {
		_, _, _ = c.try(operation)
		all := c.srv.Requests()
		return all[len(all)-1].Fault
	}
	for name, tt := range map[string]struct {
		fault          ewstest.Fault
		passed, struck string
	}{
		"member": {ewstest.BusyItem.AtMember(1), getItemXML(idOnly, itemID(one)), getItemXML(idOnly, itemID(one), itemID(two))},
		"row":    {ewstest.RowFails(1), findXML(folderOf("drafts", alice), ""), findXML(folderOf("inbox", alice), "")},
		"key": {
			ewstest.ChangeKeysIgnored, getItemXML(idOnly, itemID(one)), getItemXML(idOnly, `<t:ItemId Id="`+one.ID.ID+`" ChangeKey="none"/>`),
		},
		"nothing": {
			ewstest.FalseSuccess, moveXML(folderOf("inbox", "nobody@example.test"), itemID(one)), moveXML(folderOf("inbox", alice), itemID(one)),
		},
	} {
		c.srv.FailNext("", tt.fault, tt.fault)
		assert.Equal(t, []string{"", tt.fault.Name, "", tt.fault.Name, ""}, []string{
			fault(tt.passed), fault(tt.struck), fault(tt.passed), fault(tt.struck), fault(getItemXML(idOnly, itemID(two))),
		}, name)
	}
}

func TestFailNextIsSharedByConcurrentRequests(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	c.srv.FailNext("", ewstest.Busy, ewstest.BusyItem, ewstest.Busy, ewstest.BusyItem)
	var wg sync.WaitGroup
	answers := make([]string, 20)
	for i := range answers {
		wg.Go(func() { answers[i] = codes(c.do(getItemXML(idOnly, itemID(m))))[0] })
	}
	wg.Wait()
	assert.Equal(t, 4, strings.Count(strings.Join(answers, " "), "ErrorServerBusy"))
}
