package ewstest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// through calls f with callers over both transports.
func through(t *testing.T, f func(t *testing.T, c *caller)) {
	for _, socket := range []bool{false, true} {
		t.Run(map[bool]string{false: "direct", true: "socket"}[socket], func(t *testing.T) {
			t.Parallel()
			c := newCaller(t, ewstest.Options{})
			c.transport = c.srv.Direct()
			if socket {
				c.transport = viaSocket(c.srv)
			}
			f(t, c)
		})
	}
}

// raw sends an operation with a client-request-id and returns the response.
func (c *caller) raw(ctx context.Context, operation, id string) (*http.Response, error) {
	c.t.Helper()
	body := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="Exchange2013_SP1"/></s:Header><s:Body>` + operation + `</s:Body></s:Envelope>`
	req := posted(ctx, c.t, c.srv.DirectURL(), strings.NewReader(body))
	req.Header.Set("client-request-id", id)
	req.Header.Set("return-client-request-id", "true")
	return c.srv.As(c.transport, c.user).RoundTrip(req)
}

// told sends an operation and returns the answer's client-request-id and the answer.
func (c *caller) told(operation, id string) (echo, answer string) {
	c.t.Helper()
	res, err := c.raw(c.t.Context(), operation, id)
	require.NoError(c.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(c.t, err)
	return res.Header.Get("client-request-id"), string(b)
}

func TestOperationsThatTheServerDoesNotHave(t *testing.T) {
	t.Parallel()
	through(t, func(t *testing.T, c *caller) {
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		for _, tt := range []struct {
			fault  ewstest.Fault
			status int
			code   []string
			text   string
		}{
			{ewstest.OperationUnknown, 500, nil, "<faultcode>s:Server</faultcode>"},
			{ewstest.OperationInvalid, 500, []string{"ErrorInvalidRequest"}, "<e:ResponseCode"},
			{ewstest.OperationNotSupported, 500, []string{"ErrorNotSupported"}, "<e:ResponseCode"},
			{ewstest.OperationNotImplemented, 501, nil, "501 Not Implemented"},
		} {
			failure := c.srv.Fail(ewstest.When{Operation: ews.OpExportItems}, tt.fault)
			for range 2 {
				status, answer, err := c.try(exportXML(itemID(m)))
				require.NoError(t, err)
				assert.Equal(t, tt.status, status)
				assert.Equal(t, tt.code, codes(answer))
				assert.Contains(t, answer, tt.text)
				assert.Equal(t, tt.code == nil, !strings.Contains(answer, "<detail>"))
			}
			assert.Equal(t, []string{"NoError"}, codes(c.do(getItemXML(idOnly, itemID(m)))), "the others work")
			failure.Cancel()
			assert.Equal(t, []string{"NoError"}, codes(c.do(exportXML(itemID(m)))))
		}
	})
}

func TestGatewayInFront(t *testing.T) {
	t.Parallel()
	through(t, func(t *testing.T, c *caller) {
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		for _, status := range []int{403, 404, 413} {
			c.srv.FailNext(ews.OpGetItem, ewstest.Gateway(status))
			res, err := c.raw(t.Context(), getItemXML(idOnly, itemID(m)), "a")
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			assert.Equal(t, status, res.StatusCode)
			assert.Contains(t, res.Header.Get("Content-Type"), "text/html")
			for _, name := range []string{"request-id", "X-FEServer", "client-request-id"} {
				assert.Empty(t, res.Header.Get(name), name)
			}
		}
		echo, answer := c.told(getItemXML(idOnly, itemID(m)), "b")
		assert.Equal(t, []any{"b", []string{"NoError"}}, []any{echo, codes(answer)})
	})
}

func TestAnswerToTheRequestBefore(t *testing.T) {
	t.Parallel()
	through(t, func(t *testing.T, c *caller) {
		box := c.srv.Mailbox(alice)
		one, two, three := box.Deliver(letterOf("one")), box.Deliver(letterOf("two")), box.Deliver(letterOf("three"))
		failure := c.srv.Fail(ewstest.When{Operation: ews.OpDeleteItem}, ewstest.EarlierAnswer)
		echo, answer := c.told(deleteXML("HardDelete", "", itemID(one)), "a")
		assert.Equal(t, "a", echo)
		assert.Contains(t, answer, "DeleteItemResponse", "none was before it")
		assert.Nil(t, box.Message(one.ID))
		c.as("bob").do(findXML(folderOf("inbox", ""), ""))

		_, found := c.told(findXML(folderOf("inbox", alice), ""), "b")
		echo, answer = c.told(deleteXML("HardDelete", "", itemID(two)), "c")
		assert.Equal(t, []string{"b", found}, []string{echo, answer})
		assert.NotNil(t, box.Message(two.ID), "not acted")
		failure.Cancel()

		failure = c.srv.Fail(ewstest.When{}, ewstest.EarlierAnswer.Acted())
		echo, answer = c.told(deleteXML("HardDelete", "", itemID(two)), "d")
		assert.Equal(t, []string{"b", found}, []string{echo, answer})
		assert.Nil(t, box.Message(two.ID), "acted")
		echo, answer = c.told(getItemXML(idOnly, itemID(three)), "e")
		assert.Equal(t, "d", echo, "from then on all are one late")
		assert.Contains(t, answer, "DeleteItemResponse")
		failure.Cancel()
		echo, answer = c.told(getItemXML(idOnly, itemID(three)), "f")
		assert.Equal(t, "f", echo)
		assert.Contains(t, answer, "GetItemResponse")
	})
}

func TestTwoAnswersInOne(t *testing.T) {
	t.Parallel()
	through(t, func(t *testing.T, c *caller) {
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		c.srv.FailNext("", ewstest.TwoAnswers)
		answer := c.do(moveXML(folderOf("inbox", quar), itemID(m)))
		assert.Equal(t, 2, strings.Count(answer, "</s:Envelope>"))
		assert.Equal(t, []string{"NoError", "ErrorInternalServerError"}, codes(answer))
		assert.Len(t, c.srv.Mailbox(quar).Messages(), 1)
		assert.Equal(t, 1, strings.Count(c.do(findXML(folderOf("inbox", alice), "")), "</s:Envelope>"))
	})
}

func TestWrongRequestID(t *testing.T) {
	t.Parallel()
	through(t, func(t *testing.T, c *caller) {
		c.srv.FailNext("", ewstest.WrongRequestID)
		find := findXML(folderOf("inbox", alice), "")
		c.do(find) // does not ask for it back
		echo, answer := c.told(find, "mine")
		assert.Regexp(t, `^00000000-0000-4000-8000-[0-9a-f]{12}$`, echo)
		assert.Equal(t, []string{"NoError"}, codes(answer))
		echo, _ = c.told(find, "mine")
		assert.Equal(t, "mine", echo)
	})
}

func TestFewerAndMoreResponseMessages(t *testing.T) {
	t.Parallel()
	through(t, func(t *testing.T, c *caller) {
		box := c.srv.Mailbox(alice)
		one, two := box.Deliver(letterOf("one")), box.Deliver(letterOf("two"))
		move := moveXML(folderOf("inbox", quar), itemID(one), itemID(two))
		c.srv.FailNext("", ewstest.NoResponseMessage, ewstest.NoResponseMessage.AtMember(0))
		status, answer, err := c.try(move)
		require.NoError(t, err)
		assert.Equal(t, 200, status)
		assert.Empty(t, codes(answer))
		assert.Contains(t, answer, "<m:ResponseMessages")
		assert.Equal(t, []string{"NoError"}, codes(c.do(move)))
		require.Len(t, c.srv.Mailbox(quar).Messages(), 1)
		assert.Equal(t, "two", c.srv.Mailbox(quar).Messages()[0].Subject)

		failure := c.srv.Fail(ewstest.When{MessageID: "<one@evil.example>"}, ewstest.ResponseMessageTwice)
		get := getItemXML(full, itemID(one), itemID(one))
		assert.Equal(t, []string{"one", "one", "one", "one"}, texts(c.do(get), "Subject"))
		failure.Cancel()
		assert.Equal(t, []string{"one", "one"}, texts(c.do(get), "Subject"))
	})
}

func TestStall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{})
		c.transport = c.srv.Direct()
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		get := getItemXML(full, itemID(m))
		whole := c.do(get)
		c.srv.FailNext("", ewstest.Stall(time.Minute), ewstest.Stall(0), ewstest.Stall(0), ewstest.Stall(time.Hour))
		began := time.Now()
		assert.Equal(t, whole, c.do(get))
		assert.Equal(t, time.Minute, time.Since(began))

		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Hour)
		defer cancel()
		res, err := c.raw(ctx, get, "a")
		require.NoError(t, err)
		half, err := io.ReadAll(res.Body)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Len(t, half, len(whole)/2)
		assert.Equal(t, 5*time.Hour+time.Minute, time.Since(began))

		res, err = c.raw(t.Context(), get, "a")
		require.NoError(t, err)
		time.AfterFunc(time.Second, func() { _ = res.Body.Close() })
		_, err = io.ReadAll(res.Body)
		require.ErrorIs(t, err, io.ErrClosedPipe)

		failed := moveXML(folderOf("inbox", quar), itemID(m))
		assert.Equal(t, []string{"NoError"}, codes(c.do(failed)))
		assert.Len(t, c.srv.Mailbox(quar).Messages(), 1)
		began = time.Now()
		c.do(get)
		assert.Zero(t, time.Since(began))
	})
}

func TestStallOverASocket(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.transport = viaSocket(c.srv)
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	get := getItemXML(full, itemID(m))
	whole := c.do(get)
	c.srv.FailNext("", ewstest.Stall(time.Millisecond), ewstest.Stall(0))
	assert.Equal(t, whole, c.do(get))
	ctx, cancel := context.WithCancel(t.Context())
	res, err := c.raw(ctx, get, "a")
	require.NoError(t, err)
	half := make([]byte, len(whole)/2)
	_, err = io.ReadFull(res.Body, half)
	require.NoError(t, err)
	assert.Equal(t, whole[:len(half)], string(half))
	cancel()
	_, err = res.Body.Read(half)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, whole, c.do(get))
}

// The last answer of an account is kept while its other requests read it, and callers of
// Direct do what they like with their copies.
func TestEarlierAnswerIsItsOwn(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.transport = c.srv.Direct()
	c.do(getItemXML(idOnly, itemID(c.srv.Mailbox(alice).Deliver([]byte(plain)))))
	c.srv.Fail(ewstest.When{Operation: ews.OpFindFolder}, ewstest.EarlierAnswer)
	var wg sync.WaitGroup
	for i := range 40 {
		operation := findXML(folderOf("inbox", alice), "")
		if i%2 == 0 {
			operation = findFolderXML("Shallow", folderOf("inbox", alice), "")
		}
		wg.Go(func() {
			res, err := c.raw(t.Context(), operation, "id")
			require.NoError(t, err)
			res.Header.Set("request-id", "mine")
			assert.NoError(t, res.Body.Close())
		})
	}
	wg.Wait()
	res, err := c.raw(t.Context(), findFolderXML("Shallow", folderOf("inbox", alice), ""), "id")
	require.NoError(t, err)
	assert.NotEqual(t, "mine", res.Header.Get("request-id"))
	assert.NoError(t, res.Body.Close())
}

// An answer that a fault gave instead of the server counts as an answer, too.
func TestEarlierAnswerWasAFault(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	get := getItemXML(idOnly, itemID(c.srv.Mailbox(alice).Deliver([]byte(plain))))
	c.do(get)
	c.srv.FailNext("", ewstest.Unavailable, ewstest.EarlierAnswer, ewstest.EarlierAnswer, ewstest.DropBefore, ewstest.EarlierAnswer)
	for _, want := range []int{503, 503, 503, 0, 503, 200} {
		status, _, _ := c.try(get)
		assert.Equal(t, want, status)
	}
}
