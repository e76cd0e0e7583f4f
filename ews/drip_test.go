package ews_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// dripping answers with a body that arrives in pieces, one after each pause.
func dripping(status int, body string, piece int, pause time.Duration) answerFunc {
	return func(r *http.Request, _ string) (*http.Response, error) {
		resp, err := respond(status, "")(r, "")
		if err != nil {
			return nil, err
		}
		resp.Body, resp.ContentLength = &drips{ctx: r.Context(), rest: body, piece: piece, pause: pause}, -1
		return resp, nil
	}
}

type drips struct {
	ctx   context.Context
	rest  string
	piece int
	pause time.Duration
}

func (d *drips) Read(p []byte) (int, error) {
	if len(p) > 0 {
		select {
		case <-time.After(d.pause):
		case <-d.ctx.Done():
			return 0, context.Cause(d.ctx)
		}
	}
	n := copy(p[:min(len(p), d.piece)], d.rest)
	if d.rest = d.rest[n:]; d.rest == "" {
		return n, io.EOF
	}
	return n, nil
}

func (d *drips) Close() error { return nil }

// A server that sends a byte a minute never stalls for long, but must not hold the caller
// either.
func TestDrippingAnswer(t *testing.T) {
	t.Parallel()
	id := ews.ItemID{ID: "0"}
	folder := func(ctx context.Context, c *ews.Client) error { return getFolder(ctx, c) }
	deletion := func(ctx context.Context, c *ews.Client) error {
		_, err := c.DeleteItem(ctx, ews.DeleteItemRequest{IDs: []ews.ItemID{id}, Type: ews.HardDelete})
		return err
	}
	mime := func(ctx context.Context, c *ews.Client) error {
		m, err := c.OpenMIME(ctx, id)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, m)
		return err
	}
	exports := func(ctx context.Context, c *ews.Client) error {
		e, err := c.ExportItems(ctx, []ews.ItemID{id})
		if err != nil {
			return err
		}
		for e.Next() {
			if _, err = io.Copy(io.Discard, e.Reader()); err != nil {
				return err
			}
		}
		return e.Err()
	}
	large := strings.Repeat("QUJD", 50_000)
	wholeMIME := soap(response(ews.OpGetItem, success(ews.OpGetItem, `<m:Items><t:Message><t:MimeContent>`+large+`</t:MimeContent></t:Message></m:Items>`)))
	wholeExport := soap(response(ews.OpExportItems, exported("0", large)))
	for name, tt := range map[string]struct {
		answer answerFunc
		do     func(context.Context, *ews.Client) error
		takes  time.Duration // at most
		fails  bool
	}{
		"a read":                    {dripping(200, soap(response(ews.OpGetFolder, goodFolder)), 1, time.Minute), folder, 130 * time.Second, true},
		"a byte a second":           {dripping(200, soap(response(ews.OpGetFolder, goodFolder)), 1, time.Second), folder, 130 * time.Second, true},
		"a write":                   {dripping(200, soap(response(ews.OpDeleteItem, success(ews.OpDeleteItem, ""))), 1, time.Minute), deletion, 130 * time.Second, true},
		"a fault":                   {dripping(500, fault("ErrorAccessDenied", ""), 1, time.Minute), deletion, 130 * time.Second, true},
		"a page":                    {dripping(503, "<html>"+large, 1, time.Minute), deletion, 130 * time.Second, true},
		"MIME":                      {dripping(200, wholeMIME, 8, time.Minute), mime, 130 * time.Second, true},
		"an export":                 {dripping(200, wholeExport, 8, time.Minute), exports, 130 * time.Second, true},
		"what follows a fault":      {dripping(500, fault("ErrorAccessDenied", "")+strings.Repeat(" ", 1<<20), 900, time.Second/2), deletion, 10 * time.Second, true},
		"an export, slow but going": {dripping(200, wholeExport, 20<<10, 10*time.Second), exports, 5 * time.Minute, false},
		"a read, slow but going":    {dripping(200, soap(response(ews.OpGetFolder, goodFolder)), 100, 5*time.Second), folder, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				c := newClient(t, serve(tt.answer), &ews.Options{ReadAttempts: 1})
				ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
				defer cancel()
				begin := time.Now()
				err := tt.do(ctx, c)
				assert.Less(t, time.Since(begin), tt.takes)
				if !tt.fails {
					require.NoError(t, err)
					return
				}
				require.Error(t, err)
				if name != "what follows a fault" {
					assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
					assert.True(t, ews.IsTransient(err))
				}
			})
		})
	}
}

// A server that accepts a byte a minute of the request does not hold the caller any
// longer.
func TestDrippingRequest(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		c := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			for {
				select {
				case <-time.After(time.Minute):
				case <-r.Context().Done():
					return nil, context.Cause(r.Context())
				}
				if _, err := r.Body.Read(make([]byte, 1)); err != nil {
					return nil, err
				}
			}
		}), nil)
		begin := time.Now()
		err := create(t.Context(), c, ews.BytesContent(make([]byte, 1<<20)))
		assert.Less(t, time.Since(begin), 131*time.Second)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.True(t, ews.NotExecuted(err), "it was not sent whole")
	})
}
