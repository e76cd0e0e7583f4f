package ews_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

func getFolder(ctx context.Context, c *ews.Client) error {
	results, err := c.GetFolder(ctx, ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}})
	return errors.Join(err, results.Err())
}

var goodFolder = success(ews.OpGetFolder, `<m:Folders><t:Folder><t:FolderId Id="F"/></t:Folder></m:Folders>`)

const backOffFive = `<t:MessageXml xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><t:Value Name="BackOffMilliseconds">5000</t:Value></t:MessageXml>`

func TestReadsAreRepeated(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		first      answerFunc
		least, max time.Duration
	}{
		"hint in fault":   {respond(500, fault("ErrorServerBusy", backOffFive)), 5 * time.Second, 5 * time.Second},
		"hint in message": {ok(ews.OpGetFolder, `<m:GetFolderResponseMessage ResponseClass="Error"><m:ResponseCode>ErrorServerBusy</m:ResponseCode><m:MessageXml><t:Value Name="BackOffMilliseconds">5000</t:Value></m:MessageXml></m:GetFolderResponseMessage>`), 5 * time.Second, 5 * time.Second},
		"Retry-After":     {respondWith(503, "", http.Header{"Retry-After": {"9"}}), 9 * time.Second, 9 * time.Second},
		"busy, no hint":   {respond(500, fault("ErrorServerBusy", "")), 10 * time.Second, 20 * time.Second},
		"connection cut":  {fail(io.ErrUnexpectedEOF), time.Second / 2, time.Second},
		"answer cut":      {respond(200, soap(response(ews.OpGetFolder, goodFolder))[:300]), time.Second / 2, time.Second},
		"page":            {respond(500, "<html></html>"), time.Second / 2, time.Second},
		"error page":      {respondWith(302, "", http.Header{"Location": {"/ews/genericerrorpage.htm"}}), time.Second / 2, time.Second},
		"store is down":   {ok(ews.OpGetFolder, refusal(ews.OpGetFolder, "ErrorMailboxStoreUnavailable")), time.Second / 2, time.Second},
		"short answer":    {ok(ews.OpGetFolder), time.Second / 2, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := serve(tt.first, ok(ews.OpGetFolder, goodFolder))
				begin := time.Now()
				require.NoError(t, getFolder(t.Context(), newClient(t, srv, nil)))
				waited := time.Since(begin)
				assert.Equal(t, 2, srv.count())
				assert.GreaterOrEqual(t, waited, tt.least)
				assert.LessOrEqual(t, waited, tt.max)
				seen := srv.seen()
				assert.NotEqual(t, seen[0].header.Get("Client-Request-Id"), seen[1].header.Get("Client-Request-Id"))
			})
		})
	}
}

func TestReadAttemptsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := serve(respond(500, fault("ErrorServerBusy", "")))
		err := getFolder(t.Context(), newClient(t, srv, nil))
		assert.ErrorIs(t, err, ews.ErrThrottled)
		assert.Equal(t, 4, srv.count())
		srv = serve(respond(500, fault("ErrorServerBusy", "")))
		assert.Error(t, getFolder(t.Context(), newClient(t, srv, &ews.Options{ReadAttempts: 1})))
		assert.Equal(t, 1, srv.count())
	})
}

func TestNeverRepeated(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]answerFunc{
		"401":                  respond(401, ""),
		"403":                  respond(403, ""),
		"404":                  respond(404, ""),
		"sign-in page":         respond(200, "<html>"),
		"credentials refused":  fail(refusedCredentials{}),
		"denied":               respond(500, fault("ErrorImpersonateUserDenied", "")),
		"mailbox moves":        respond(500, fault("ErrorMailboxMoveInProgress", "")),
		"hint beyond patience": respondWith(503, "", http.Header{"Retry-After": {"3600"}}),
		"denied, item":         ok(ews.OpGetFolder, refusal(ews.OpGetFolder, "ErrorAccessDenied")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := serve(answer)
				begin := time.Now()
				assert.Error(t, getFolder(t.Context(), newClient(t, srv, nil)))
				assert.Equal(t, 1, srv.count())
				assert.Zero(t, time.Since(begin))
			})
		})
	}
}

type refusedCredentials struct{}

func (refusedCredentials) Error() string      { return "credentials refused" }
func (refusedCredentials) Unauthorized() bool { return true }

// TestWritesAreNeverRepeated sends each write to servers that fail in each way.
func TestWritesAreNeverRepeated(t *testing.T) {
	t.Parallel()
	id := ews.ItemID{ID: "I", ChangeKey: "K"}
	writes := map[ews.Operation]func(ctx context.Context, c *ews.Client) error{
		ews.OpMoveItem: func(ctx context.Context, c *ews.Client) error {
			r, err := c.MoveItem(ctx, ews.MoveItemRequest{IDs: []ews.ItemID{id}, To: inbox()})
			return errors.Join(err, r.Err())
		},
		ews.OpCopyItem: func(ctx context.Context, c *ews.Client) error {
			r, err := c.CopyItem(ctx, ews.CopyItemRequest{IDs: []ews.ItemID{id}, To: inbox()})
			return errors.Join(err, r.Err())
		},
		ews.OpDeleteItem: func(ctx context.Context, c *ews.Client) error {
			r, err := c.DeleteItem(ctx, deletion(true))
			return errors.Join(err, r.Err())
		},
		ews.OpUpdateItem: func(ctx context.Context, c *ews.Client) error {
			r, err := c.UpdateItem(ctx, ews.UpdateItemRequest{Items: []ews.ItemChange{{ID: id, Changes: []ews.Change{ews.DeleteField{Property: stampField}}}}})
			return errors.Join(err, r.Err())
		},
		ews.OpCreateItem: func(ctx context.Context, c *ews.Client) error {
			_, err := c.CreateItem(ctx, ews.CreateItemRequest{Folder: inbox(), MIME: ews.BytesContent([]byte("x"))})
			return err
		},
		ews.OpCreateFolder: func(ctx context.Context, c *ews.Client) error {
			r, err := c.CreateFolder(ctx, ews.CreateFolderRequest{Parent: inbox(), Folders: []ews.FolderSpec{{DisplayName: "x"}}})
			return errors.Join(err, r.Err())
		},
		ews.OpUploadItems: func(ctx context.Context, c *ews.Client) error {
			r, err := c.UploadItems(ctx, []ews.UploadItem{{Parent: ews.FolderID{ID: "F"}, Data: ews.BytesContent([]byte("x"))}})
			return errors.Join(err, r.Err())
		},
	}
	for op, write := range writes {
		for name, answer := range map[string]answerFunc{
			"busy":      respond(500, fault("ErrorServerBusy", backOffFive)),
			"busy item": ok(op, refusal(op, "ErrorServerBusy")),
			"cut":       fail(io.ErrUnexpectedEOF),
			"503":       respond(503, ""),
			"short":     ok(op),
			"garbled":   respond(200, soap("<m:")),
		} {
			t.Run(string(op)+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					srv := serve(answer)
					begin := time.Now()
					assert.Error(t, write(t.Context(), newClient(t, srv, nil)))
					assert.Equal(t, 1, srv.count())
					assert.Zero(t, time.Since(begin))
				})
			})
		}
	}
}

// TestOnlyRefusedMembersAreRepeated: the others keep their results, and the
// order is the caller's.
func TestOnlyRefusedMembersAreRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		item := func(id string) string {
			return success(ews.OpGetItem, `<m:Items><t:Message><t:ItemId Id="`+id+`"/></t:Message></m:Items>`)
		}
		skipped := `<m:GetItemResponseMessage ResponseClass="Warning"><m:ResponseCode>ErrorBatchProcessingStopped</m:ResponseCode></m:GetItemResponseMessage>`
		srv := serve(
			ok(ews.OpGetItem, item("0"), refusal(ews.OpGetItem, "ErrorItemNotFound"), item("2"), refusal(ews.OpGetItem, "ErrorMailboxStoreUnavailable"), skipped),
			ok(ews.OpGetItem, item("3"), item("4")),
		)
		ids := []ews.ItemID{{ID: "0"}, {ID: "1"}, {ID: "2"}, {ID: "3"}, {ID: "4"}}
		results, err := newClient(t, srv, nil).GetItem(t.Context(), ews.GetItemRequest{IDs: ids})
		require.NoError(t, err)
		for i, r := range results {
			if i == 1 {
				assert.ErrorIs(t, r.Err, ews.ErrNotFound)
				continue
			}
			require.NoError(t, r.Err, i)
			assert.Equal(t, ids[i].ID, r.Value.ID.ID)
		}
		assert.Equal(t, 2, srv.count())
		assert.NotContains(t, srv.seen()[1].body, `Id="0"`)
	})
}

func TestContextEndsWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("the operator stopped it")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(3*time.Second, func() { cancel(why) })
		srv := serve(respond(500, fault("ErrorServerBusy", "")))
		begin := time.Now()
		err := getFolder(ctx, newClient(t, srv, nil))
		assert.ErrorIs(t, err, why)
		assert.ErrorIs(t, err, ews.ErrThrottled)
		assert.Equal(t, 3*time.Second, time.Since(begin))
	})
}

// TestSmallerPages: if the server finds a page too large, a smaller one is requested.
func TestSmallerPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := serve(
			respond(500, fault("ErrorExceededFindCountLimit", "")),
			ok(ews.OpFindItem, refusal(ews.OpFindItem, "ErrorExceededFindCountLimit")),
			ok(ews.OpFindItem, success(ews.OpFindItem, `<m:RootFolder TotalItemsInView="0" IncludesLastItemInRange="true"><t:Items/></m:RootFolder>`)),
		)
		results, err := newClient(t, srv, nil).FindItem(t.Context(), ews.FindItemRequest{Folders: []ews.FolderRef{inbox()}, PageSize: 100})
		require.NoError(t, err)
		require.NoError(t, results.Err())
		for i, size := range []string{"100", "50", "25"} {
			assert.Contains(t, srv.seen()[i].body, `MaxEntriesReturned="`+size+`"`)
		}
	})
}

// patientLimiter records how a client uses it.
type patientLimiter struct {
	mu       sync.Mutex
	payers   []string
	released []time.Duration // -1: not throttled
	err      error
	held     int
	delay    time.Duration
}

func (l *patientLimiter) Acquire(ctx context.Context, payer string) (func(bool, time.Duration), error) {
	l.mu.Lock()
	delay, err := l.delay, l.err
	l.delay = 0
	l.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.payers = append(l.payers, payer)
	l.held++
	return func(throttled bool, backOff time.Duration) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.held--
		if !throttled {
			backOff = -1
		} else {
			l.delay = backOff
		}
		l.released = append(l.released, backOff)
	}, nil
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := new(patientLimiter)
		srv := serve(
			respond(500, fault("ErrorServerBusy", backOffFive)),
			ok(ews.OpGetFolder, goodFolder),
			respond(403, ""),
			fail(io.EOF), ok(ews.OpGetFolder, goodFolder),
		)
		c := newClient(t, srv, &ews.Options{Limiter: l, Payer: "svc"})
		begin := time.Now()
		require.NoError(t, getFolder(t.Context(), c.ForMailbox("alice@example.test")))
		assert.Equal(t, 5*time.Second, time.Since(begin), "only the limiter waits, not the client as well")
		assert.Error(t, getFolder(t.Context(), c.Impersonating("bob@example.test")))
		require.NoError(t, getFolder(t.Context(), c))
		assert.Equal(t, []string{"svc", "svc", "bob@example.test", "svc", "svc"}, l.payers)
		assert.Equal(t, []time.Duration{5 * time.Second, -1, -1, -1, -1}, l.released)
		assert.Zero(t, l.held)

		l.err = errors.New("closed")
		err := getFolder(t.Context(), c)
		assert.ErrorIs(t, err, l.err)
		assert.True(t, ews.NotSent(err))
		assert.Equal(t, 5, srv.count())

		l.err, l.delay = nil, time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err = getFolder(ctx, c)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.True(t, ews.NotSent(err))
	})
}
