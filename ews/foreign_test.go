package ews_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
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

// foreign returns an Exchange for tests, one of its mailboxes, and a client in that
// mailbox.
func foreign(t *testing.T, o *ewstest.Options, opts ews.Options) (*ewstest.Server, *ewstest.Mailbox, *ews.Client) {
	t.Helper()
	srv := ewstest.NewServer(o)
	t.Cleanup(srv.Close)
	box := srv.Mailbox("alice@example.test")
	opts.Transport = srv.As(srv.Direct(), "alice@example.test")
	c, err := ews.NewClient(srv.DirectURL(), &opts)
	require.NoError(t, err)
	return srv, box, c
}

// A batch with fewer response messages than members: which member each belongs to
// is unknown.
func TestFewerResponseMessages(t *testing.T) {
	t.Parallel()
	two := []ews.ItemID{{ID: "a"}, {ID: "b"}}
	one := ok(ews.OpDeleteItem, success(ews.OpDeleteItem, ""))
	results, err := newClient(t, serve(one), nil).DeleteItem(t.Context(), ews.DeleteItemRequest{IDs: two, Type: ews.HardDelete})
	require.NoError(t, err)
	for _, r := range results {
		assert.ErrorIs(t, r.Err, ews.ErrNotProcessed)
		assert.True(t, ews.Ambiguous(r.Err), "each may have been done")
	}
	refused := ok(ews.OpDeleteItem, refusal(ews.OpDeleteItem, "ErrorAccessDenied"))
	results, err = newClient(t, serve(refused), nil).DeleteItem(t.Context(), ews.DeleteItemRequest{IDs: two, Type: ews.HardDelete})
	require.NoError(t, err)
	assert.True(t, ews.Ambiguous(results[0].Err))

	folders := []ews.FolderRef{inbox(), ews.FolderID{ID: "f"}}
	whole := ok(ews.OpFindItem, refusal(ews.OpFindItem, "ErrorInvalidOperation"))
	pages, err := newClient(t, serve(whole), nil).FindItem(t.Context(), ews.FindItemRequest{Folders: folders})
	require.NoError(t, err)
	for _, r := range pages {
		e, _ := errors.AsType[*ews.ResponseError](r.Err)
		assert.EqualValues(t, "ErrorInvalidOperation", e.Code, "the request is refused as a whole")
	}
}

// An answer that belongs to another request is read again if the request changes nothing,
// and is not an answer to a write.
func TestAnswersOfOtherRequests(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]ewstest.Fault{
		"another id": ewstest.WrongRequestID, "an earlier one": ewstest.EarlierAnswer,
		"two": ewstest.TwoAnswers, "a message more": ewstest.ResponseMessageTwice, "a message less": ewstest.NoResponseMessage,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, box, c := foreign(t, nil, ews.Options{})
				m := box.Deliver([]byte("Subject: x\r\n\r\ny\r\n"))
				read := ews.GetItemRequest{IDs: []ews.ItemID{m.ID}, Shape: ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldSubject}}}
				_, err := c.GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}})
				require.NoError(t, err)
				srv.FailNext(ews.OpGetItem, fault)
				items, err := c.GetItem(t.Context(), read)
				require.NoError(t, err)
				require.NoError(t, items[0].Err)
				assert.Equal(t, "x", items[0].Value.Subject)

				srv.FailNext(ews.OpMoveItem, fault)
				moved, err := c.MoveItem(t.Context(), ews.MoveItemRequest{IDs: []ews.ItemID{m.ID}, To: ews.DistinguishedFolder{Name: ews.FolderDrafts}})
				if err == nil {
					err = moved[0].Err
				}
				require.Error(t, err)
				assert.True(t, ews.Ambiguous(err))
				assert.False(t, ews.NotExecuted(err))
				_, refused := errors.AsType[*ews.ResponseError](err)
				assert.False(t, refused)
			})
		})
	}
}

// Over a socket, the second answer to a request must not become the answer to the
// next one.
func TestTwoAnswersOnAConnection(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(&ewstest.Options{Odd: ewstest.OddTwoAnswers})
	t.Cleanup(srv.Close)
	m := srv.Mailbox("alice@example.test").Deliver([]byte("Subject: x\r\n\r\ny\r\n"))
	c, err := ews.NewClient(srv.URL(), &ews.Options{Transport: srv.As(srv.Transport(), "alice@example.test")})
	require.NoError(t, err)
	for range 2 {
		srv.FailNext(ews.OpExportItems, ewstest.FaultCode("ErrorAccessDenied"))
		_, err := c.ExportItems(t.Context(), []ews.ItemID{m.ID})
		require.ErrorIs(t, err, ews.ErrAccessDenied)
		items, err := c.GetItem(t.Context(), ews.GetItemRequest{IDs: []ews.ItemID{m.ID}, Shape: ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldSubject}}})
		require.NoError(t, err)
		assert.Equal(t, "x", items[0].Value.Subject)
	}
}

// Pages that never end are an error, after the items that they did return.
func TestPagesWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault ewstest.Fault
		items int
		ends  bool
	}{
		"do not advance":     {ewstest.PagesStuck, 2, false},
		"are empty":          {ewstest.PagesEmpty, 0, false},
		"repeat":             {ewstest.PagesSame, 4, false},
		"are never the last": {ewstest.PagesWithoutLast, 5, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, box, c := foreign(t, nil, ews.Options{})
			for i := range 5 {
				box.Deliver([]byte("Subject: x\r\n\r\ny\r\n"))
				box.AddFolder(box.Folder(ews.FolderInbox), "Folder "+strconv.Itoa(i))
			}
			srv.Fail(ewstest.When{}, tt.fault)
			check := func(n int, failure error) {
				assert.Equal(t, tt.items, n)
				if tt.ends {
					assert.NoError(t, failure)
					return
				}
				assert.ErrorIs(t, failure, ews.ErrStalledPaging)
			}
			var failure error
			n := 0
			for _, err := range c.FindItems(t.Context(), ews.FindItemRequest{Folders: []ews.FolderRef{inbox()}, PageSize: 2}) {
				if failure = err; err == nil {
					n++
				}
			}
			check(n, failure)
			n, failure = 0, nil
			for _, err := range c.FindFolders(t.Context(), ews.FindFolderRequest{Parent: inbox(), PageSize: 2}) {
				if failure = err; err == nil {
					n++
				}
			}
			check(n, failure)
			assert.Less(t, len(srv.Requests()), 20)
		})
	}
}

// A response that stalls is given up by the client itself.
func TestStalledResponse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit, stall, least time.Duration
		fails               bool
	}{
		"for good":               {0, 0, 2 * time.Minute, true},
		"longer than is allowed": {10 * time.Second, time.Minute, 10 * time.Second, true},
		"not as long":            {0, time.Minute, time.Minute, false},
		"without a limit":        {-1, time.Hour, time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, box, c := foreign(t, nil, ews.Options{StallTimeout: tt.limit, ReadAttempts: 1})
				m := box.Deliver([]byte("Subject: x\r\n\r\n" + strings.Repeat("text\r\n", 20000)))
				begin := time.Now()
				check := func(err error) {
					assert.GreaterOrEqual(t, time.Since(begin), tt.least)
					assert.Less(t, time.Since(begin), tt.least+time.Second)
					begin = time.Now()
					if !tt.fails {
						require.NoError(t, err)
						return
					}
					require.ErrorIs(t, err, os.ErrDeadlineExceeded)
					assert.ErrorContains(t, err, "Options.StallTimeout, in a configuration stallTimeout")
					assert.True(t, ews.IsTransient(err))
				}
				srv.FailNext("", ewstest.Stall(tt.stall))
				_, err := c.GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}})
				check(err)
				srv.FailNext("", ewstest.Stall(tt.stall))
				mime, err := c.OpenMIME(t.Context(), m.ID)
				require.NoError(t, err)
				_, err = io.Copy(io.Discard, mime)
				check(err)
				srv.FailNext("", ewstest.Stall(tt.stall))
				_, err = c.MoveItem(t.Context(), ews.MoveItemRequest{IDs: []ews.ItemID{m.ID}, To: ews.DistinguishedFolder{Name: ews.FolderDrafts}})
				check(err)
				if tt.fails {
					assert.True(t, ews.Ambiguous(err), "it was sent")
				}
			})
		})
	}
}

// A gateway refuses requests without Content-Length. Content of unknown size is then
// measured; small content is read once, and large content is not kept.
func TestChunksRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status, size  int
		opened, again int // for the first request and for the next
	}{
		"400": {400, 1000, 2, 1}, "411": {411, 1000, 2, 1}, "501": {501, 1000, 2, 1},
		"large": {411, 3 << 20, 3, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lengths []int64
			srv := ewstest.NewServer(nil)
			t.Cleanup(srv.Close)
			next := srv.As(srv.Direct(), "alice@example.test")
			srv.Mailbox("alice@example.test")
			c, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				lengths = append(lengths, r.ContentLength)
				if r.ContentLength >= 0 {
					return next.RoundTrip(r)
				}
				_, err := io.CopyN(io.Discard, r.Body, 1500) // it refuses before it has read everything
				require.NoError(t, err)
				r.Body.Close()
				return respond(tt.status, "<html>no length</html>")(r, "")
			})})
			require.NoError(t, err)
			message := append([]byte("Subject: x\r\n\r\n"), bytes.Repeat([]byte("text.\r\n"), tt.size/7)...)
			opened := 0
			create := func() {
				_, err := c.CreateItem(t.Context(), ews.CreateItemRequest{Folder: inbox(), MIME: ews.Content{Size: -1, Open: func() (io.ReadCloser, error) {
					opened++
					return io.NopCloser(bytes.NewReader(message)), nil
				}}})
				require.NoError(t, err)
			}
			create()
			assert.Equal(t, tt.opened, opened)
			require.Len(t, lengths, 2)
			assert.EqualValues(t, -1, lengths[0])
			assert.Greater(t, lengths[1], int64(tt.size))
			opened = 0
			create()
			assert.Equal(t, tt.again, opened)
			assert.Len(t, lengths, 3, "it is remembered")
		})
	}
}

// Content that differs each time it is opened is measured again, and a server that
// refuses for another reason is not asked forever.
func TestChunksRefusedAndMore(t *testing.T) {
	t.Parallel()
	n := 2 << 20
	content := ews.Content{Size: -1, Open: func() (io.ReadCloser, error) {
		n += 10
		return io.NopCloser(io.LimitReader(letters{}, int64(n))), nil
	}}
	sent := 0
	c := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		sent++
		if r.ContentLength < 0 {
			return respond(411, "")(r, "")
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
		return ok(ews.OpCreateItem, created)(r, "")
	}), nil)
	_, err := c.CreateItem(t.Context(), ews.CreateItemRequest{Folder: inbox(), MIME: content})
	require.ErrorContains(t, err, "longer than its Size")
	assert.True(t, ews.NotExecuted(err), "the server never gets the whole request")
	assert.Equal(t, 4, sent)

	sent = 0
	always := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		sent++
		return respond(400, "")(r, "")
	}), nil)
	small := ews.Content{Size: -1, Open: ews.BytesContent([]byte("x")).Open}
	for i := range 2 {
		_, err = always.CreateItem(t.Context(), ews.CreateItemRequest{Folder: inbox(), MIME: small})
		e, _ := errors.AsType[*ews.HTTPError](err)
		require.NotNil(t, e, err)
		assert.Equal(t, 400, e.Status)
		assert.Equal(t, 2*(i+1), sent, "with a length it is refused as well: nothing is remembered")
	}
}

// Some servers return ErrorCannotFindUser where Exchange returns ErrorNonExistentMailbox.
func TestCannotFindUser(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(&ewstest.Options{Odd: ewstest.OddCannotFindUser})
	t.Cleanup(srv.Close)
	c, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: srv.As(srv.Direct(), "svc")})
	require.NoError(t, err)
	folders := []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: "nobody@example.test"}}
	results, err := c.GetFolder(t.Context(), ews.GetFolderRequest{Folders: folders})
	require.NoError(t, err)
	assert.ErrorIs(t, results[0].Err, ews.ErrNoMailbox)
	assert.ErrorIs(t, results[0].Err, ews.ErrNotFound)
	assert.True(t, ews.NotExecuted(results[0].Err))
}

// Where status and body contradict each other, a write may have been carried out.
func TestStatusAndBodyDisagree(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]answerFunc{
		"success with 404": respond(404, soap(response(ews.OpDeleteItem, success(ews.OpDeleteItem, "")))),
		"fault with 200":   respond(200, fault("ErrorAccessDenied", "")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, serve(answer), nil).DeleteItem(t.Context(), ews.DeleteItemRequest{IDs: []ews.ItemID{{ID: "a"}}, Type: ews.HardDelete})
			require.Error(t, err)
			assert.False(t, ews.NotExecuted(err))
			assert.True(t, ews.Ambiguous(err))
		})
	}
}
