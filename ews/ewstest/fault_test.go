package ewstest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func TestFaultsThroughDirectAndSocket(t *testing.T) {
	t.Parallel()
	for _, socket := range []bool{false, true} {
		for name, tt := range map[string]struct {
			fault  ewstest.Fault
			status int
			code   string
			text   string // in the answer
			broken bool   // no answer, or only half of it
			moved  bool
		}{
			"drop before":     {fault: ewstest.DropBefore, broken: true},
			"drop after":      {fault: ewstest.DropAfter, broken: true, moved: true},
			"cut":             {fault: ewstest.CutResponse, broken: true, moved: true},
			"503":             {fault: ewstest.Unavailable, status: 503, text: "Service Unavailable"},
			"busy":            {fault: ewstest.Busy.BackOff(3 * time.Second), status: 500, code: "ErrorServerBusy", text: `<t:Value Name="BackOffMilliseconds">3000</t:Value>`},
			"busy item":       {fault: ewstest.BusyItem.BackOff(2 * time.Second), status: 200, code: "ErrorServerBusy", text: `<m:MessageXml><t:Value Name="BackOffMilliseconds">2000</t:Value></m:MessageXml>`},
			"busy inside":     {fault: ewstest.BusyInner, status: 200, code: "ErrorInternalServerError", text: `<t:Value Name="InnerErrorResponseCode">ErrorServerBusy</t:Value>`},
			"stale":           {fault: ewstest.StaleChangeKey, status: 200, code: "ErrorIrresolvableConflict"},
			"mailbox moving":  {fault: ewstest.MailboxMoving, status: 200, code: "ErrorMailboxMoveInProgress"},
			"html":            {fault: ewstest.HTMLPage, status: 200, text: "<title>Outlook Web App</title>"},
			"empty":           {fault: ewstest.EmptyBody, status: 200},
			"copy left":       {fault: ewstest.MoveFailedCopyLeft, status: 200, code: "ErrorMoveCopyFailed"},
			"cross mailbox":   {fault: ewstest.CrossMailboxRefused, status: 200, code: "ErrorCrossMailboxMoveCopy"},
			"code":            {fault: ewstest.MemberCode("ErrorTimeoutExpired"), status: 200, code: "ErrorTimeoutExpired"},
			"code as a fault": {fault: ewstest.FaultCode("ErrorTimeoutExpired"), status: 500, code: "ErrorTimeoutExpired"},
		} {
			t.Run(name+map[bool]string{false: ", direct", true: ", socket"}[socket], func(t *testing.T) {
				t.Parallel()
				c := newCaller(t, ewstest.Options{})
				if socket {
					c.transport = viaSocket(c.srv)
				}
				m := c.srv.Mailbox(alice).Deliver([]byte(plain))
				c.srv.FailNext(ews.OpMoveItem, tt.fault)
				c.do(getItemXML(idOnly, itemID(m)))
				status, answer, err := c.try(moveXML(folderOf("inbox", quar), itemID(m)))
				assert.Equal(t, tt.broken, err != nil, "%v", err)
				if !tt.broken {
					assert.Equal(t, tt.status, status)
					assert.Contains(t, answer, tt.text)
				}
				if tt.code != "" {
					assert.Equal(t, []string{tt.code}, codes(answer))
				}
				copies := len(c.srv.Mailbox(quar).Messages())
				originals := len(c.srv.Mailbox(alice).Folder(ews.FolderInbox).Messages())
				switch {
				case name == "copy left":
					assert.Equal(t, []int{1, 1}, []int{originals, copies})
				case tt.moved:
					assert.Equal(t, []int{0, 1}, []int{originals, copies})
				default:
					assert.Equal(t, []int{1, 0}, []int{originals, copies})
				}
				seen := c.srv.Requests()
				require.Len(t, seen, 2)
				assert.Empty(t, seen[0].Fault)
				assert.Equal(t, tt.fault.Name, seen[1].Fault)
				assert.Equal(t, tt.moved || name == "copy left", seen[1].Acted)
			})
		}
	}
}

// socketTransport sends requests for the direct URL to the socket.
type socketTransport struct {
	url  string
	next http.RoundTripper
}

func viaSocket(srv *ewstest.Server) http.RoundTripper {
	return socketTransport{srv.URL(), srv.Transport()}
}

func (s socketTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	other, err := http.NewRequestWithContext(r.Context(), r.Method, s.url, r.Body)
	if err != nil {
		return nil, err
	}
	other.Header = r.Header
	return s.next.RoundTrip(other)
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	srv.FailNext("", ewstest.Unavailable.BackOff(1500*time.Millisecond), ewstest.Unavailable)
	for _, want := range []string{"2", ""} {
		req := posted(t.Context(), t, srv.DirectURL(), strings.NewReader("x"))
		res, err := srv.As(srv.Direct(), "svc").RoundTrip(req)
		require.NoError(t, err)
		assert.Equal(t, want, res.Header.Get("Retry-After"))
	}
}

func TestFaultsByCountNumberAndChance(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{Seed: 7})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	get := getItemXML(idOnly, itemID(m))
	ask := func() string { return codes(c.do(get))[0] }
	c.srv.FailAt(1, ewstest.MemberCode("ErrorTimeoutExpired"))
	c.srv.FailNext(ews.OpGetItem, ewstest.Busy, ewstest.BusyItem)
	assert.Equal(t, []string{"ErrorServerBusy", "ErrorTimeoutExpired", "ErrorServerBusy", "NoError"}, []string{ask(), ask(), ask(), ask()})

	draw := func() (failed int) {
		c := newCaller(t, ewstest.Options{Seed: 7})
		c.srv.FailRandomly(0.25, ewstest.Busy, ewstest.TruncatedExport)
		for range 400 {
			if codes(c.do(getItemXML(idOnly, `<t:ItemId Id="x"/>`)))[0] == "ErrorServerBusy" {
				failed++
			}
		}
		return failed
	}
	first := draw()
	assert.InDelta(t, 100, first, 40)
	assert.Equal(t, first, draw(), "the same seed gives the same faults")

	c.srv.FailRandomly(1, ewstest.Busy)
	assert.Equal(t, "ErrorServerBusy", ask())
	c.srv.ClearFaults()
	assert.Equal(t, "NoError", ask())
}

func TestFaultOfOneMember(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	three := getItemXML(idOnly, itemID(m), itemID(m), itemID(m))
	c.srv.FailNext("", ewstest.MemberCode("ErrorTimeoutExpired").AtMember(1), ewstest.MemberCode("ErrorAccessDenied").AtMember(1))
	assert.Equal(t, []string{"NoError", "ErrorTimeoutExpired", "NoError"}, codes(c.do(three)))
	answer := c.do(three)
	assert.Equal(t, []string{"NoError", "ErrorAccessDenied", "ErrorBatchProcessingStopped"}, codes(answer))
	assert.Equal(t, []string{"Success", "Error", "Warning"}, attrs(answer, "GetItemResponseMessage", "ResponseClass"))
}

func TestTimeIsVirtualInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{Latency: 20 * time.Millisecond})
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		assert.Equal(t, time.Now().UTC(), m.Received)
		assert.Equal(t, c.srv.DirectURL(), c.srv.URL())
		c.srv.FailNext("", ewstest.Slow(time.Hour))
		began := time.Now()
		assert.Equal(t, []string{"NoError"}, codes(c.do(getItemXML(idOnly, itemID(m)))))
		assert.Equal(t, time.Hour+20*time.Millisecond, time.Since(began))
	})
}

func TestHooksMayChangeTheState(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(plain))
	var order []string
	c.srv.OnRequest(func(n int, r *ewstest.Request) {
		order = append(order, "request")
		if r.Operation == ews.OpMoveItem {
			box.MoveMessage(m.ID, box.Folder(ews.FolderDrafts))
		}
	})
	c.srv.OnResponse(func(n int, r *ewstest.Request) {
		order = append(order, r.Code)
		c.srv.Requests()
	})
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.do(moveXML(folderOf("inbox", quar), itemID(m)))))
	assert.Equal(t, []string{"request", "ErrorItemNotFound"}, order)
	assert.Equal(t, "/Drafts", box.Messages()[0].Folder)
}

func TestNilTakesHooksAway(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	requests, responses := 0, 0
	ask := func() {
		assert.Equal(t, []string{"NoError"}, codes(c.do(getItemXML(idOnly, itemID(m)))))
	}
	c.srv.OnRequest(nil) // before any hook
	c.srv.OnRequest(func(int, *ewstest.Request) { requests++ })
	c.srv.OnRequest(func(int, *ewstest.Request) { requests++ })
	c.srv.OnResponse(func(int, *ewstest.Request) { responses++ })
	ask()
	c.srv.OnRequest(nil)
	ask()
	assert.Equal(t, 2, requests)
	assert.Equal(t, 2, responses, "the others stay")
	c.srv.OnResponse(nil)
	c.srv.OnRequest(func(int, *ewstest.Request) { requests++ })
	ask()
	assert.Equal(t, 3, requests)
	assert.Equal(t, 2, responses)
}

func TestCancelledRequestEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := ewstest.NewServer(&ewstest.Options{Latency: time.Hour})
		req := posted(t.Context(), t, srv.DirectURL(), strings.NewReader("x"))
		client := &http.Client{Transport: srv.As(srv.Direct(), "svc"), Timeout: time.Minute}
		began := time.Now()
		_, err := client.Do(req)
		require.Error(t, err)
		assert.Equal(t, time.Minute, time.Since(began))
	})
}

// failingBody is a body that is cut off in the middle.
type failingBody struct{ io.Reader }

func (failingBody) Close() error { return nil }

func TestRequestThatBreaksOffIsNotActedOn(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	half := failingBody{io.MultiReader(strings.NewReader("<s:Envelope "), brokenReader{})}
	req := posted(t.Context(), t, srv.DirectURL(), half)
	_, err := srv.As(srv.Direct(), "svc").RoundTrip(req)
	require.ErrorIs(t, err, errBroken)
	assert.Empty(t, srv.Requests())
}
