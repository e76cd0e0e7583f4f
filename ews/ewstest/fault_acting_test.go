package ewstest_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func TestFaultsWithTheServerActing(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]ewstest.Fault{
		"drop":    ewstest.DropBefore,
		"503":     ewstest.Unavailable.BackOff(time.Second),
		"fault":   ewstest.Busy,
		"member":  ewstest.BusyInner,
		"html":    ewstest.HTMLPage,
		"empty":   ewstest.EmptyBody,
		"none":    ewstest.NoResponseMessage,
		"gateway": ewstest.Gateway(413),
		"bare":    ewstest.OperationUnknown,
		"501":     ewstest.OperationNotImplemented,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCaller(t, ewstest.Options{})
			box := c.srv.Mailbox(alice)
			m, other := box.Deliver([]byte(plain)), box.Deliver([]byte(receiptAsked))
			answer := func(m *ewstest.Message, fault ewstest.Fault) (status int, text string, broken bool) {
				c.srv.FailNext(ews.OpMoveItem, fault)
				status, text, err := c.try(moveXML(folderOf("inbox", quar), itemID(m)))
				return status, text, err != nil
			}
			status, text, broken := answer(m, fault)
			assert.Empty(t, c.srv.Mailbox(quar).Messages())
			actedStatus, actedText, actedBroken := answer(other, fault.Acted())
			assert.Equal(t, []any{status, text, broken}, []any{actedStatus, actedText, actedBroken}, "the client cannot tell")
			moved := c.srv.Mailbox(quar).Messages()
			require.Len(t, moved, 1)
			assert.Equal(t, "<2@evil.example>", moved[0].MessageID)
			seen := c.srv.Requests()
			assert.Equal(t, []bool{false, true}, []bool{seen[0].Acted, seen[1].Acted})
			assert.Equal(t, fault.Acted().Name, seen[1].Fault)
		})
	}
}

// If a member of a batch fails but the server acts on it, the other members are
// unaffected.
func TestMemberFaultWithTheServerActing(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	one, two := box.Deliver(letterOf("one")), box.Deliver(letterOf("two"))
	c.srv.FailNext("", ewstest.MemberCode(timeout).Acted().AtMember(1))
	assert.Equal(t, []string{"NoError", timeout}, codes(c.do(moveXML(folderOf("inbox", quar), itemID(one), itemID(two)))))
	assert.Len(t, c.srv.Mailbox(quar).Messages(), 2)
}

func TestServerActsLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{})
		box, to := c.srv.Mailbox(alice), c.srv.Mailbox(quar)
		m, moved, stale := box.Deliver(letterOf("one")), box.Deliver(letterOf("two")), box.Deliver(letterOf("three"))
		hooks := 0
		c.srv.OnRequest(func(int, *ewstest.Request) { hooks++ })
		c.srv.OnMember(func(int, int, *ewstest.Request) { hooks++ })
		c.srv.OnResponse(func(int, *ewstest.Request) { hooks++ })
		c.srv.FailNext("", ewstest.Late(3*time.Hour), ewstest.Unavailable.ActedAfter(time.Hour), ewstest.Late(time.Minute))
		began := time.Now()
		_, _, err := c.try(moveXML(folderOf("inbox", quar), itemID(m)))
		require.Error(t, err)
		status, _, err := c.try(moveXML(folderOf("inbox", quar), itemID(moved)))
		require.NoError(t, err)
		assert.Equal(t, 503, status)
		_, _, err = c.try(updateXML("AutoResolve", "", itemID(stale), setField("item:Subject", `<t:Subject>late</t:Subject>`)))
		require.Error(t, err)
		assert.Zero(t, time.Since(began))
		assert.Equal(t, 6, hooks)
		for _, r := range c.srv.Requests() {
			assert.Equal(t, []any{1, false, ""}, []any{r.Waiting, r.Acted, r.Code})
		}

		box.MoveMessage(moved.ID, box.Folder(ews.FolderJunkEmail))
		box.SetRead(stale.ID, true)
		time.Sleep(2 * time.Hour)
		assert.Empty(t, to.Messages())
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Len(t, to.Messages(), 1)
		assert.Equal(t, "one", to.Messages()[0].Subject)
		assert.Equal(t, "three", box.Message(stale.ID).Subject)
		seen := c.srv.Requests()
		for i, want := range []string{"NoError", "ErrorItemNotFound", "ErrorIrresolvableConflict"} {
			assert.Equal(t, []any{0, want == "NoError", want}, []any{seen[i].Waiting, seen[i].Acted, seen[i].Code})
		}
		assert.Equal(t, 6, hooks, "the hooks do not see it")
	})
}

func TestServerActsLaterOnARealClock(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.transport = viaSocket(c.srv)
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	c.srv.FailNext("", ewstest.Late(time.Millisecond))
	_, _, err := c.try(moveXML(folderOf("inbox", quar), itemID(m)))
	require.Error(t, err)
	assert.Eventually(t, func() bool { return len(c.srv.Mailbox(quar).Messages()) == 1 }, 10*time.Second, time.Millisecond)
}

func TestServerActsWhenTold(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box, to := c.srv.Mailbox(alice), c.srv.Mailbox(quar)
	one, two := box.Deliver(letterOf("one")), box.Deliver(letterOf("two"))
	withheld := c.srv.Fail(ewstest.When{Operation: ews.OpMoveItem}, ewstest.Withheld)
	for _, m := range []*ewstest.Message{one, two} {
		_, _, err := c.try(moveXML(folderOf("inbox", quar), itemID(m)))
		require.Error(t, err)
	}
	assert.False(t, c.srv.ActWithheld(2))
	assert.False(t, c.srv.ActWithheld(-1))
	require.Len(t, c.srv.Withheld(), 2)
	assert.Equal(t, ews.OpMoveItem, c.srv.Withheld()[0].Operation)

	assert.True(t, c.srv.ActWithheld(1))
	require.Len(t, to.Messages(), 1)
	assert.Equal(t, "two", to.Messages()[0].Subject)
	require.Len(t, c.srv.Withheld(), 1)
	c.srv.OnRequest(func(int, *ewstest.Request) { c.srv.ActWithheld(0) })
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.do(getItemXML(idOnly, itemID(one)))), "it acted just before")
	assert.Empty(t, c.srv.Withheld())
	seen := c.srv.Requests()
	assert.True(t, seen[0].Acted && seen[1].Acted)

	withheld.Cancel()
	assert.Equal(t, []string{"NoError"}, codes(c.do(moveXML(folderOf("drafts", quar), itemID(to.Messages()[0])))))
	c.srv.FailNext("", ewstest.Withheld)
	_, _, err := c.try(moveXML(folderOf("inbox", quar), itemID(to.Messages()[1])))
	require.Error(t, err)
	c.srv.Close()
	assert.False(t, c.srv.ActWithheld(0), "a closed server acts no more")
}

// A late request is charged when it acts, and only a member that failed acts late.
func TestLateActsPayAndKeepToTheirMembers(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{RequestsPerMinute: 2})
	box, to := c.srv.Mailbox(alice), c.srv.Mailbox(quar)
	one, two := box.Deliver(letterOf("one")), box.Deliver(letterOf("two"))
	c.srv.FailNext("", ewstest.BusyItem.ActedOnCall().AtMember(1), ewstest.Withheld)
	assert.Equal(t, []string{"NoError", "ErrorServerBusy"}, codes(c.do(moveXML(folderOf("inbox", quar), itemID(one), itemID(two)))))
	assert.Len(t, to.Messages(), 1)
	require.True(t, c.srv.ActWithheld(0))
	require.Len(t, to.Messages(), 2)
	assert.Equal(t, "NoError", c.srv.Requests()[0].Code)
	_, _, err := c.try(moveXML(folderOf("drafts", quar), itemID(to.Messages()[0])))
	require.Error(t, err)
	require.True(t, c.srv.ActWithheld(0))
	last := c.srv.Requests()[1]
	assert.Equal(t, []any{"ErrorServerBusy", false}, []any{last.Code, last.Acted}, "over its budget")
}

// A standing fault does not strike again when the server acts late on what the fault
// struck: members are acted on just like whole requests.
func TestStandingFaultsLetTheServerActLate(t *testing.T) {
	t.Parallel()
	for _, fault := range []ewstest.Fault{
		ewstest.BusyItem, ewstest.NoResponseMessage, ewstest.Busy, ewstest.DropBefore, ewstest.EmptyBody,
	} {
		c := newCaller(t, ewstest.Options{})
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		failure := c.srv.Fail(ewstest.When{Operation: ews.OpMoveItem}, fault.ActedOnCall())
		nothing := c.srv.Fail(ewstest.When{Skip: 1}, ewstest.FalseSuccess)
		_, _, _ = c.try(moveXML(folderOf("inbox", quar), itemID(m)))
		require.True(t, c.srv.ActWithheld(0))
		seen := c.srv.Requests()[0]
		assert.Equal(t, []any{0, "NoError", true, fault.ActedOnCall().Name}, []any{seen.Waiting, seen.Code, seen.Acted, seen.Fault}, fault.Name)
		assert.Len(t, c.srv.Mailbox(quar).Messages(), 1, fault.Name)
		assert.Equal(t, []int{1, 0}, []int{failure.Struck(), nothing.Struck()}, fault.Name)
	}
}

// What strikes when the server acts late is reported with the rest.
func TestLateActsTellWhatStruckThem(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	c.srv.FailNext("", ewstest.Withheld)
	_, _, err := c.try(moveXML(folderOf("inbox", quar), itemID(m)))
	require.Error(t, err)
	c.srv.Fail(ewstest.When{}, ewstest.FalseSuccess)
	require.True(t, c.srv.ActWithheld(0))
	assert.Equal(t, ewstest.Withheld.Name+"; "+ewstest.FalseSuccess.Name, c.srv.Requests()[0].Fault)
	assert.Empty(t, c.srv.Mailbox(quar).Messages())
}

// Hooks and conditions read a request while the server acts on it late; the race detector
// is watching.
func TestHooksReadWhatIsActedOnLate(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	read := func(r *ewstest.Request) bool { return r.Acted || r.Code != "" || r.Waiting > 0 }
	c.srv.OnResponse(func(_ int, r *ewstest.Request) {
		read(r)
		c.srv.ActWithheld(0)
		assert.Equal(t, 1, r.Waiting, "it stays as it was")
	})
	c.srv.Fail(ewstest.When{}, ewstest.Withheld)
	c.srv.Fail(ewstest.When{Request: read}, ewstest.FalseSuccess)
	var wg sync.WaitGroup
	for range 4 {
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		wg.Go(func() { _, _, _ = c.try(moveXML(folderOf("inbox", quar), itemID(m))) })
	}
	wg.Wait()
	assert.Empty(t, c.srv.Withheld())
}

func TestResolveNamesIsActedOnLateToo(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.FailNext("", ewstest.BusyItem.ActedOnCall())
	assert.Equal(t, []string{"ErrorServerBusy"}, codes(c.do(`<m:ResolveNames ReturnFullContactData="false"><m:UnresolvedEntry>alice</m:UnresolvedEntry></m:ResolveNames>`)))
	require.True(t, c.srv.ActWithheld(0))
	assert.Equal(t, "NoError", c.srv.Requests()[0].Code)
}
