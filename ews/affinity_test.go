package ews_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestAffinity: subscriptions of mailboxes on different servers are made on one of them,
// so one connection serves them all. Without affinity it does not, and the error names
// those that it does not serve.
func TestAffinity(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		srv := ewstest.NewServer(nil)
		defer srv.Close()
		addresses := []string{"a@example.test", "b@example.test"}
		for i, address := range addresses {
			srv.AddMailbox(address, &ewstest.MailboxOptions{BackEnd: "mbx" + string(rune('1'+i))})
		}
		root := srv.Client("svc", nil)
		subscribe := func(view func(string) *ews.Client) (ids []string) {
			for _, address := range addresses {
				sub, err := view(address).Subscribe(t.Context(), ews.SubscribeRequest{
					Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox}}, Events: []ews.EventKind{ews.EventNewMail}, Streaming: true,
				})
				require.NoError(t, err)
				ids = append(ids, sub.ID)
			}
			return ids
		}

		ids := subscribe(root.Impersonating)
		var failed []string
		var refusal error
		for got, err := range root.Impersonating(addresses[0]).GetStreamingEvents(t.Context(), ews.StreamingEventsRequest{Subscriptions: ids}) {
			failed, refusal = got.Failed, err
		}
		assert.ErrorContains(t, refusal, "ErrorInvalidSubscription")
		assert.Equal(t, ids[1:], failed)

		a := root.Affinity(addresses[0])
		srv.ResetRequests()
		ids = subscribe(func(address string) *ews.Client { return root.Impersonating(address).WithAffinity(a) })
		for got, err := range root.Impersonating(addresses[1]).WithAffinity(a).GetStreamingEvents(t.Context(), ews.StreamingEventsRequest{Subscriptions: ids}) {
			require.NoError(t, err)
			assert.Empty(t, got.Failed)
			break
		}
		for i, r := range srv.Requests() {
			assert.Equal(t, addresses[0], r.Anchor)
			assert.Equal(t, "true", r.Header.Get("X-PreferServerAffinity"))
			assert.Equal(t, i > 0, strings.HasPrefix(r.Header.Get("Cookie"), "X-BackEndOverrideCookie=mbx1."), r.Header.Get("Cookie"))
		}
		srv.ResetRequests()
		_, err := root.Impersonating(addresses[0]).GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox}}})
		require.NoError(t, err)
		assert.Empty(t, srv.Requests()[0].Header.Get("X-PreferServerAffinity"), "other requests go their own way")
		assert.NotContains(t, srv.Requests()[0].Header.Get("Cookie"), "Override")

		_, err = root.WithAffinity(root.Affinity("")).GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox}}})
		assert.ErrorContains(t, err, "anchor")
	})
}
