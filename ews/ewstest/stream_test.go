package ewstest_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func streamXML(minutes int, ids ...string) string {
	return `<m:GetStreamingEvents><m:SubscriptionIds><t:SubscriptionId>` + strings.Join(ids, `</t:SubscriptionId><t:SubscriptionId>`) +
		`</t:SubscriptionId></m:SubscriptionIds><m:ConnectionTimeout>` + strconv.Itoa(minutes) + `</m:ConnectionTimeout></m:GetStreamingEvents>`
}

// streaming creates a streaming subscription to new mail, and returns its id.
func streaming(c *caller, folders ...string) string {
	c.t.Helper()
	answer := c.do(subscribeXML("Streaming", "NewMailEvent MovedEvent", "", folders...))
	require.Equal(c.t, []string{"NoError"}, codes(answer), answer)
	assert.Empty(c.t, texts(answer, "Watermark"))
	return texts(answer, "SubscriptionId")[0]
}

// connection is the answer of a GetStreamingEvents, document by document.
type connection struct {
	t    *testing.T
	body io.Closer
	text *bufio.Reader
}

// open opens a connection and reads its first document.
func open(ctx context.Context, c *caller, minutes int, ids ...string) *connection {
	c.t.Helper()
	k := hang(ctx, c, c.srv.DirectURL(), c.srv.Direct(), streamXML(minutes, ids...))
	first := k.document()
	require.Equal(c.t, []string{"NoError"}, codes(first), first)
	require.Equal(c.t, []string{"OK"}, texts(first, "ConnectionStatus"))
	return k
}

func hang(ctx context.Context, c *caller, url string, rt http.RoundTripper, operation string) *connection {
	c.t.Helper()
	body := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="` + c.version + `"/>` + c.header + `</s:Header><s:Body>` + operation + `</s:Body></s:Envelope>`
	req := posted(ctx, c.t, url, strings.NewReader(body))
	res, err := c.srv.As(rt, c.user).RoundTrip(req)
	require.NoError(c.t, err)
	c.t.Cleanup(func() { _ = res.Body.Close() })
	assert.Equal(c.t, int64(-1), res.ContentLength)
	return &connection{t: c.t, body: res.Body, text: bufio.NewReader(res.Body)}
}

// read returns the next document.
func (k *connection) read() (string, error) {
	var b strings.Builder
	for !strings.HasSuffix(b.String(), "</Envelope>") {
		part, err := k.text.ReadString('>')
		b.WriteString(part)
		if err != nil {
			return b.String(), err
		}
	}
	return b.String(), nil
}

func (k *connection) document() string {
	k.t.Helper()
	document, err := k.read()
	require.NoError(k.t, err)
	assert.True(k.t, strings.HasPrefix(document, "<Envelope "), document)
	return document
}

// ends requires that the answer has ended.
func (k *connection) ends() {
	k.t.Helper()
	rest, err := k.read()
	assert.Equal(k.t, io.EOF, err)
	assert.Empty(k.t, rest)
}

func TestStreamingEvents(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		synctest.Test(t, func(t *testing.T) {
			c := newCaller(t, ewstest.Options{Version: version}).in(schema).as(alice)
			box := c.srv.Mailbox(alice)
			id := streaming(c, folderOf("inbox", ""))
			m := box.Deliver([]byte(plain))
			began := time.Now()
			k := open(t.Context(), c, 2, id)
			got := k.document()
			assert.Equal(t, []string{"NewMail item"}, eventsOf(got), "what came before the connection")
			assert.Equal(t, []string{id}, texts(got, "SubscriptionId"))
			assert.Equal(t, []string{m.ID.ID}, attrs(got, "ItemId", "Id"))
			assert.Empty(t, texts(got, "Watermark"))
			assert.Zero(t, time.Since(began))

			go func() {
				time.Sleep(10 * time.Second)
				box.Deliver([]byte(plain))
			}()
			assert.Equal(t, []string{"NewMail item"}, eventsOf(k.document()))
			assert.Equal(t, 10*time.Second, time.Since(began))
			box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: box.Folder(ews.FolderDrafts)})
			got = k.document()
			assert.Equal(t, []string{"Status"}, eventsOf(got), "a sign of life")
			assert.Equal(t, []string{id}, texts(got, "SubscriptionId"))
			assert.Equal(t, 55*time.Second, time.Since(began))
			assert.Equal(t, []string{"Status"}, eventsOf(k.document()))
			got = k.document()
			assert.Equal(t, []string{"Closed"}, texts(got, "ConnectionStatus"))
			assert.Equal(t, []string{"NoError"}, codes(got))
			assert.Equal(t, 2*time.Minute, time.Since(began))
			k.ends()

			box.Deliver([]byte(plain))
			time.Sleep(29 * time.Minute)
			k = open(t.Context(), c, 30, id)
			assert.Equal(t, []string{"NewMail item"}, eventsOf(k.document()), "what came between two connections")
			require.NoError(t, k.body.Close())
			_, err := k.read()
			assert.Error(t, err)
			time.Sleep(31 * time.Minute)
			pull(c, pullXML())
			assert.Equal(t, []string{"ErrorSubscriptionNotFound"}, codes(c.do(`<m:Unsubscribe><m:SubscriptionId>`+id+`</m:SubscriptionId></m:Unsubscribe>`)), "it had no connection for too long")
		})
	}
}

func TestSeveralSubscriptionsOfAConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{})
		var ids []string
		for _, address := range []string{alice, bob, quar} {
			ids = append(ids, streaming(c.impersonating(address)))
		}
		k := open(t.Context(), c.impersonating(alice), 30, append(ids, ids[0])...)
		c.srv.Mailbox(alice).Deliver([]byte(plain))
		c.srv.Mailbox(quar).Deliver([]byte(plain))
		got := k.document()
		assert.Equal(t, []string{"NewMail item", "NewMail item"}, eventsOf(got))
		assert.Equal(t, []string{ids[0], ids[2]}, texts(got, "SubscriptionId"))
		for range 60 {
			c.srv.Mailbox(bob).Deliver([]byte(plain))
		}
		assert.Len(t, eventsOf(k.document()), 50)
		assert.Len(t, eventsOf(k.document()), 10)
		assert.Equal(t, []string{"Status", "Status", "Status"}, eventsOf(k.document()))

		// Another connection takes one of them, one is ended, and a mailbox is removed.
		other := open(t.Context(), c.impersonating(bob), 30, ids[1])
		got = k.document()
		assert.Equal(t, []string{"ErrorNewEventStreamConnectionOpened"}, codes(got))
		assert.Equal(t, []string{ids[1]}, texts(got, "SubscriptionId"))
		assert.Empty(t, texts(got, "ConnectionStatus"), "it goes on")
		c.srv.Mailbox(bob).Deliver([]byte(plain))
		assert.Equal(t, []string{"NewMail item"}, eventsOf(other.document()))
		require.Equal(t, []string{"NoError"}, codes(c.impersonating(quar).do(`<m:Unsubscribe><m:SubscriptionId>`+ids[2]+`</m:SubscriptionId></m:Unsubscribe>`)))
		got = k.document()
		assert.Equal(t, []string{"ErrorSubscriptionUnsubscribed"}, codes(got))
		assert.Equal(t, []string{ids[2]}, texts(got, "SubscriptionId"))
		c.srv.Mailbox(alice).Remove(false)
		got = k.document()
		assert.Equal(t, []string{"ErrorInvalidSubscription"}, codes(got))
		assert.Equal(t, []string{"Closed"}, texts(got, "ConnectionStatus"), "it has none any more")
		k.ends()
	})
}

// The ids in errors are in the namespace that real servers use, contrary to the published
// schema, so what is sent here is not captured.
func TestStreamsThatAreRefused(t *testing.T) {
	t.Setenv("EWSTEST_CAPTURE", "")
	c := newCaller(t, ewstest.Options{})
	id, pulled := streaming(c.as(alice)), pull(c.as(alice), pullXML()).id
	for name, tt := range map[string]struct {
		user, code string
		ids        []string
		bad        []string
	}{
		"unknown": {alice, "ErrorInvalidSubscription", []string{id, "AAAA", "AAAB"}, []string{"AAAA", "AAAB"}},
		"pull":    {alice, "ErrorInvalidSubscription", []string{pulled}, []string{pulled}},
		"stolen":  {bob, "ErrorSubscriptionAccessDenied", []string{id}, []string{id}},
		"many":    {alice, "ErrorInvalidArgument", strings.Split(strings.Repeat(id+" ", 201), " ")[:201], nil},
	} {
		answer := c.as(tt.user).do(streamXML(1, tt.ids...))
		assert.Equal(t, []string{tt.code}, codes(answer), name)
		assert.Equal(t, tt.bad, texts(answer, "SubscriptionId"), name)
		assert.Equal(t, []string{"Closed"}, texts(answer, "ConnectionStatus"), name)
		assert.True(t, strings.HasPrefix(answer, "<Envelope ") && strings.HasSuffix(answer, "</Envelope>"), answer)
	}
	for _, minutes := range []int{0, 31} {
		assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(c.as(alice).do(streamXML(minutes, id))))
	}
	assert.Equal(t, []string{"ErrorIncorrectSchemaVersion"}, codes(c.as(alice).in("Exchange2010").do(streamXML(1, id))))
}

func TestLimitOfStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{Version: ewstest.Exchange2013SP1, MaxConcurrency: 1}).as(alice)
		var ids []string
		var open3 []*connection
		for range 3 {
			ids = append(ids, streaming(c))
			open3 = append(open3, open(t.Context(), c, 10, ids[len(ids)-1]))
		}
		fourth := streaming(c)
		assert.Equal(t, []string{"ErrorExceededConnectionCount"}, codes(c.do(streamXML(10, fourth))))
		again := open(t.Context(), c, 20, ids[0]) // instead of the first
		assert.Equal(t, []string{"ErrorNewEventStreamConnectionOpened"}, codes(open3[0].document()))
		open3[0].ends()
		require.NoError(t, open3[1].body.Close())
		ctx, cancel := context.WithCancelCause(t.Context())
		k := open(ctx, c, 10, fourth)
		gone := errors.New("the client is gone")
		go func() {
			time.Sleep(time.Second)
			cancel(gone)
		}()
		_, err := k.read()
		assert.ErrorIs(t, err, gone)
		last := open(t.Context(), c, 10, fourth)
		time.Sleep(11 * time.Minute) // nobody reads
		assert.Equal(t, []string{"Status"}, eventsOf(again.document()))
		open(t.Context(), c, 10, ids[1])
		open(t.Context(), c, 10, ids[2])
		_, err = last.read()
		assert.Equal(t, io.EOF, err, "its time is over")
		c.srv.SetBudget(alice, ewstest.Budget{MaxStreams: 4})
		open(t.Context(), c, 10, fourth)
	})
}

func TestServersEndWithTheirStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{}).as(alice)
		k := open(t.Context(), c, 10, streaming(c))
		go func() {
			time.Sleep(time.Second)
			c.srv.Close()
		}()
		_, err := k.read()
		assert.Equal(t, io.ErrUnexpectedEOF, err)
	})
	var abandoned *ewstest.Server
	synctest.Test(t, func(t *testing.T) {
		c := &caller{t: t, srv: ewstest.NewServer(nil), user: alice, version: "Exchange2016"}
		abandoned = c.srv
		body := hang(context.Background(), c, c.srv.DirectURL(), c.srv.Direct(), streamXML(1, streaming(c)))
		body.document()
	})
	abandoned.Close() // outside the bubble of its streams
}

func TestFaultsOfStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{Version: ewstest.Exchange2013SP1, MaxStreams: 1}).as(alice)
		id := streaming(c)
		c.srv.FailNext("GetStreamingEvents", ewstest.DropAfter, ewstest.CutResponse, ewstest.HTMLPage, ewstest.Late(time.Minute))
		for range 4 {
			_, _, _ = c.try(streamXML(10, id))
		}
		time.Sleep(2 * time.Minute)
		other := streaming(c)
		c.srv.FailNext("GetStreamingEvents", ewstest.BusyItem)
		busy := c.do(streamXML(10, other))
		assert.Equal(t, []string{"ErrorServerBusy"}, codes(busy))
		assert.Equal(t, []string{"Closed"}, texts(busy, "ConnectionStatus"))
		k := open(t.Context(), c, 10, other)
		c.srv.FailNext("GetItem", ewstest.EarlierAnswer)
		assert.Equal(t, []string{"OK"}, texts(c.do(getItemXML(idOnly, `<t:ItemId Id="AAAA"/>`)), "ConnectionStatus"), "the first document, and no more")
		require.NoError(t, k.body.Close())
		c.srv.FailNext("GetStreamingEvents", ewstest.Stall(0))
		k = hang(t.Context(), c, c.srv.DirectURL(), c.srv.Direct(), streamXML(10, other))
		time.AfterFunc(time.Minute, func() { _ = k.body.Close() })
		_, err := k.read()
		assert.Error(t, err)
		open(t.Context(), c, 10, id)
	})
}

// TestStreamOverASocket: each document is sent as soon as it exists.
func TestStreamOverASocket(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as(alice)
	rt := c.srv.Transport()
	id := streaming(c)
	k := hang(t.Context(), c, c.srv.URL(), rt, streamXML(30, id))
	assert.Equal(t, []string{"OK"}, texts(k.document(), "ConnectionStatus"))
	for range 3 {
		c.srv.Mailbox(alice).Deliver([]byte(plain))
		assert.Equal(t, []string{"NewMail item"}, eventsOf(k.document()))
	}
	next := hang(t.Context(), c, c.srv.URL(), rt, streamXML(30, id))
	assert.Equal(t, []string{"OK"}, texts(next.document(), "ConnectionStatus"))
	assert.Equal(t, []string{"ErrorNewEventStreamConnectionOpened"}, codes(k.document()))
	k.ends()
	c.srv.Close()
	_, err := next.read()
	assert.Error(t, err)
}
