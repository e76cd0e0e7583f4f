package ews_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Documents of a connection, as servers send them.
const (
	openDocument   = `<m:ConnectionStatus>OK</m:ConnectionStatus>`
	closedDocument = `<m:ConnectionStatus>Closed</m:ConnectionStatus>`
	aliveDocument  = `<m:Notifications><m:Notification><t:SubscriptionId>S</t:SubscriptionId><t:StatusEvent/></m:Notification></m:Notifications>`
	eventsDocument = `<m:Notifications><m:Notification><t:SubscriptionId>S</t:SubscriptionId>` +
		`<t:NewMailEvent><t:TimeStamp>2026-11-30T01:02:03Z</t:TimeStamp><t:ItemId Id="I"/><t:ParentFolderId Id="F"/></t:NewMailEvent>` +
		`<t:MovedEvent><t:TimeStamp>2026-11-30T01:02:04Z</t:TimeStamp><t:ItemId Id="J"/><t:ParentFolderId Id="G"/><t:OldItemId Id="I"/><t:OldParentFolderId Id="F"/></t:MovedEvent>` +
		`</m:Notification></m:Notifications>`
)

// streamed returns the documents of a connection, one after the other.
func streamed(documents ...string) string {
	var b strings.Builder
	for _, d := range documents {
		b.WriteString(soap(response(ews.OpGetStreamingEvents, success(ews.OpGetStreamingEvents, d))))
	}
	return b.String()
}

// streamOf answers with a body.
func streamOf(body io.Reader) answerFunc {
	return func(r *http.Request, _ string) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(body), Request: r, ProtoMajor: 1}, nil
	}
}

// listen returns what arrives on a connection, and the error that ends it.
func listen(ctx context.Context, c *ews.Client) (all []ews.StreamedEvents, err error) {
	for got, err := range c.GetStreamingEvents(ctx, ews.StreamingEventsRequest{Subscriptions: []string{"S"}}) {
		if err != nil {
			return all, err
		}
		all = append(all, got)
	}
	return all, nil
}

// TestStreamOfDocuments: documents are separated correctly, however they are cut into
// pieces and whatever prefixes they use.
func TestStreamOfDocuments(t *testing.T) {
	t.Parallel()
	body := streamed(openDocument, eventsDocument, aliveDocument, closedDocument)
	bare := strings.NewReplacer("<s:Envelope", "<Envelope", "</s:Envelope>", "</Envelope \n>", "xmlns:s=", `xmlns="http://schemas.xmlsoap.org/soap/envelope/" xmlns:s=`).Replace(body)
	for name, r := range map[string]io.Reader{
		"whole":          strings.NewReader(body),
		"byte by byte":   iotest.OneByteReader(strings.NewReader(body)),
		"without prefix": strings.NewReader(bare),
		"blanks between": strings.NewReader(strings.ReplaceAll(body, "</s:Envelope>", "</s:Envelope>\r\n \t")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, err := listen(t.Context(), newClient(t, serve(streamOf(r)), nil))
			require.NoError(t, err)
			require.Len(t, all, 3)
			assert.Empty(t, all[0].Notifications)
			require.Len(t, all[1].Notifications, 1)
			events := all[1].Notifications[0].Events
			require.Len(t, events, 2)
			assert.Equal(t, ews.Event{Kind: ews.EventNewMail, Time: time.Date(2026, 11, 30, 1, 2, 3, 0, time.UTC), Item: ews.ItemID{ID: "I"}, Parent: ews.FolderID{ID: "F"}}, events[0])
			assert.Equal(t, "I", events[1].OldItem.ID)
			assert.Equal(t, "F", events[1].OldParent.ID)
			assert.Equal(t, ews.EventStatus, all[2].Notifications[0].Events[0].Kind)
		})
	}
}

// TestStreamCut: a broken connection is reported as an error, after the events that
// arrived.
func TestStreamCut(t *testing.T) {
	t.Parallel()
	body := streamed(openDocument, eventsDocument)
	first := len(streamed(openDocument))
	for cut := 60; cut <= len(body); cut += 7 {
		all, err := listen(t.Context(), newClient(t, serve(streamOf(strings.NewReader(body[:min(cut, len(body))]))), &ews.Options{ReadAttempts: 1}))
		require.Error(t, err, cut)
		assert.True(t, ews.IsTransient(err), "%d: %v", cut, err)
		assert.False(t, ews.Ambiguous(err))
		if cut >= first {
			assert.NotEmpty(t, all)
		}
	}
	_, err := listen(t.Context(), newClient(t, serve(streamOf(io.MultiReader(strings.NewReader(body), iotest.ErrReader(errors.New("reset"))))), nil))
	assert.ErrorContains(t, err, "reset")
}

// TestStreamFailed: a lost subscription is reported, and ends the connection only if it
// was the last one.
func TestStreamFailed(t *testing.T) {
	t.Parallel()
	lost := func(more string) string {
		m := refusal(ews.OpGetStreamingEvents, "ErrorMissedNotificationEvents")
		return soap(response(ews.OpGetStreamingEvents, strings.Replace(m, "</m:GetStreamingEventsResponseMessage>", `<m:ErrorSubscriptionIds><m:SubscriptionId>S</m:SubscriptionId></m:ErrorSubscriptionIds>`+more+"</m:GetStreamingEventsResponseMessage>", 1)))
	}
	all, err := listen(t.Context(), newClient(t, serve(streamOf(strings.NewReader(streamed(openDocument)+lost("")+streamed(closedDocument)))), nil))
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, []string{"S"}, all[1].Failed)
	assert.ErrorContains(t, all[1].Err, "ErrorMissedNotificationEvents")

	_, err = listen(t.Context(), newClient(t, serve(streamOf(strings.NewReader(streamed(openDocument)+lost(closedDocument)))), nil))
	assert.ErrorContains(t, err, "ErrorMissedNotificationEvents")
}

// live answers with a body that stays open and passes on the documents until the call
// ends.
func live(documents <-chan string) answerFunc {
	return func(r *http.Request, text string) (*http.Response, error) {
		body, w := io.Pipe()
		context.AfterFunc(r.Context(), func() { w.CloseWithError(r.Context().Err()) })
		go func() {
			for d := range documents {
				if _, err := io.WriteString(w, d); err != nil {
					return
				}
			}
		}()
		return streamOf(body)(r, text)
	}
}

// TestStreamHoldsNothing: while a connection waits, it holds no permission of the limiter.
func TestStreamHoldsNothing(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		documents := make(chan string, 1)
		defer close(documents)
		documents <- streamed(openDocument)
		l := new(patientLimiter)
		c := newClient(t, serve(live(documents)), &ews.Options{Limiter: l})
		n, last := 0, time.Now()
		var err error
		for _, err = range c.GetStreamingEvents(t.Context(), ews.StreamingEventsRequest{Subscriptions: []string{"S"}}) {
			assert.Zero(t, l.held)
			if n++; n < 15 { // signs of life keep it open, however small they are
				last = time.Now()
				time.AfterFunc(110*time.Second, func() { documents <- streamed(aliveDocument) })
			}
		}
		assert.Equal(t, 16, n)
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded) // without them it is given up
		assert.True(t, ews.IsTransient(err), "%v", err)
		assert.InDelta(t, 110+120, time.Since(last).Seconds(), 10)
	})
}

// TestStreamTakesTooLong: a server that does not keep to the requested time is given up.
func TestStreamTakesTooLong(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		documents := make(chan string, 1)
		defer close(documents)
		documents <- streamed(openDocument)
		began := time.Now()
		var err error
		var sent sync.WaitGroup
		c := newClient(t, serve(live(documents)), nil)
		for _, err = range c.GetStreamingEvents(t.Context(), ews.StreamingEventsRequest{Subscriptions: []string{"S"}, Timeout: time.Minute}) {
			sent.Go(func() {
				time.Sleep(45 * time.Second)
				documents <- streamed(aliveDocument)
			})
		}
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Equal(t, 2*time.Minute, time.Since(began))
		<-documents
		sent.Wait()
	})
}

// TestStreamEndsWithItsContext immediately, with the cause of the context.
func TestStreamEndsWithItsContext(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		documents := make(chan string, 1)
		defer close(documents)
		documents <- streamed(openDocument)
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		time.AfterFunc(time.Minute, func() { cancel(why) })
		began := time.Now()
		all, err := listen(ctx, newClient(t, serve(live(documents)), nil))
		assert.Len(t, all, 1)
		assert.ErrorIs(t, err, why)
		assert.False(t, ews.IsTransient(err))
		assert.Equal(t, time.Minute, time.Since(began))
	})
}
