package ewstest_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// The content of unsent answers counts toward the limit; here a call takes a second to
// send.
func TestThrottlingFindCountLimit(t *testing.T) {
	t.Parallel()
	paged := func(n int) string {
		return findXML(folderOf("inbox", alice), `<m:IndexedPageItemView MaxEntriesReturned="`+strconv.Itoa(n)+`" Offset="0" BasePoint="Beginning"/>`)
	}
	all := findXML(folderOf("inbox", alice), "")
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{
			Version: ewstest.Exchange2010SP3, Throttling: &ewstest.Throttling{EwsFindCountLimit: 10},
			Latencies: map[ews.Operation]time.Duration{ews.OpFindItem: time.Second},
		}).in("Exchange2010_SP1")
		for range 8 {
			c.srv.Mailbox(alice).Deliver([]byte(plain))
		}
		// together starts calls shortly after one another, and returns what each one
		// found.
		together := func(calls ...func() string) []string {
			var wg sync.WaitGroup
			found := make([]string, len(calls))
			for i, call := range calls {
				wg.Go(func() { found[i] = call() })
				time.Sleep(time.Millisecond)
			}
			wg.Wait()
			return found
		}
		find := func(c *caller, operation string) func() string {
			return func() string {
				answer := c.do(operation)
				return strings.Join(codes(answer), " ") + " " + strconv.Itoa(len(attrs(answer, "ItemId", "Id"))) + strings.Join(texts(answer, "Value"), "") + strings.Join(attrs(answer, "RootFolder", "IncludesLastItemInRange"), "")
			}
		}
		old := c.in("Exchange2010")
		assert.Equal(t, []string{"NoError 8true", "NoError 2false", "ErrorExceededFindCountLimit 010"}, together(find(c, paged(100)), find(c, paged(100)), find(c, paged(1))))
		assert.Equal(t, []string{"NoError 8true", "ErrorExceededFindCountLimit 010", "ErrorServerBusy 0", "NoError 2false"}, together(find(c, all), find(c, all), find(old, paged(3)), find(old, paged(2))))
		assert.Equal(t, []string{"NoError 8true"}, together(find(c, all)), "the answers have been sent")
	})
}

func TestLatencies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{Latency: 20 * time.Millisecond, Latencies: map[ews.Operation]time.Duration{ews.OpFindItem: time.Second, ews.OpGetItem: 0}})
		_, took := c.timed(inboxOfAlice)
		assert.Equal(t, 20*time.Millisecond, took)
		_, took = c.timed(findXML(folderOf("inbox", alice), ""))
		assert.Equal(t, time.Second, took)
		_, took = c.timed(getItemXML(idOnly, itemID(c.srv.Mailbox(alice).Deliver([]byte(plain)))))
		assert.Zero(t, took)
	})
}

func TestDefaultCosts(t *testing.T) {
	t.Parallel()
	costs := ewstest.DefaultCosts()
	first := costs.Of(ewstest.Task{Operation: ews.OpUploadItems, Bytes: 2 << 20})
	assert.Equal(t, 240*time.Millisecond, first.CAS)
	assert.Equal(t, 192*time.Millisecond, first.MailboxRPC)
	assert.Equal(t, 12*time.Millisecond, first.AD)
	assert.Equal(t, 30*time.Millisecond, costs.Of(ewstest.Task{Operation: ews.OpUploadItems, Member: 1}).CAS)
	assert.Equal(t, 10*time.Millisecond, costs.Of(ewstest.Task{Operation: ews.OpUploadItems, Member: -1, Bytes: 1 << 20}).CAS, "a call that is refused")
	assert.Equal(t, 20*time.Millisecond, costs.Of(ewstest.Task{Operation: "GetFolder"}).CAS)
	assert.Zero(t, ewstest.Costs{}.Of(ewstest.Task{Operation: "GetFolder"}))
}

// The cost of a member depends on its size, both of what arrives and of what is sent.
func TestThrottlingTellsTheSize(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var tasks []ewstest.Task
		c := newCaller(t, ewstest.Options{Throttling: &ewstest.Throttling{Cost: func(task ewstest.Task) ewstest.Cost {
			mu.Lock()
			defer mu.Unlock()
			tasks = append(tasks, task)
			return ewstest.Cost{}
		}}})
		large := c.srv.Mailbox(alice).Deliver([]byte(plain + strings.Repeat("x", 1<<20)))
		small := c.srv.Mailbox(alice).Deliver([]byte(plain))
		data := texts(c.do(`<m:ExportItems><m:ItemIds>`+itemID(small)+itemID(large)+`</m:ItemIds></m:ExportItems>`), "Data")
		c.do(`<m:UploadItems><m:Items><t:Item CreateAction="CreateNew"><t:ParentFolderId Id="` + c.srv.Mailbox(bob).Folder(ews.FolderInbox).ID().ID + `"/><t:Data>` + data[1] + `</t:Data></t:Item></m:Items></m:UploadItems>`)
		var got []string
		for _, task := range tasks {
			got = append(got, string(task.Operation)+" "+strconv.Itoa(task.Member)+" "+strconv.FormatBool(task.Bytes > 1<<20))
		}
		assert.Equal(t, []string{"ExportItems 0 false", "ExportItems 1 true", "UploadItems 0 true"}, got)
	})
}

func TestThrottlingThatIsNotValid(t *testing.T) {
	t.Parallel()
	for want, policy := range map[string]ewstest.Throttling{
		"EwsMaxConcurrency must not be negative":    {EwsMaxConcurrency: -1},
		"EwsPercentTimeInAD must not be negative":   {EwsPercentTimeInAD: -1},
		"LockOut must not be negative":              {LockOut: -1},
		"EwsMaxBurst and EwsRechargeRate belong":    {EwsMaxBurst: 1},
		"belong together: give both or none":        {EwsRechargeRate: 1},
		"EwsCutoffBalance has no effect without":    {EwsCutoffBalance: 1},
		"EwsFindCountLimit must not be negative":    {EwsFindCountLimit: -1},
		"EwsPercentTimeInCAS must not be negative":  {EwsPercentTimeInCAS: -1},
		"EwsCutoffBalance must not be negative":     {EwsMaxBurst: 1, EwsRechargeRate: 1, EwsCutoffBalance: -1},
		"EwsPercentTimeInMailboxRPC must not be ne": {EwsPercentTimeInMailboxRPC: -1},
	} {
		assert.ErrorContains(t, policy.Validate(), want)
		assert.Panics(t, func() { ewstest.NewServer(&ewstest.Options{Throttling: &policy}) }, want)
	}
	for v := ewstest.Exchange2010SP3; v <= ewstest.ExchangeOnline; v++ {
		assert.NoError(t, ewstest.DefaultThrottling(v).Validate())
	}
	assert.Equal(t, ewstest.DefaultThrottling(ewstest.Exchange2016), ewstest.DefaultThrottling(0))
}
