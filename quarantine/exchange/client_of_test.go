package exchange_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// TestClientOf: the client is the service's own, for the mailbox.
func TestClientOf(t *testing.T) {
	t.Parallel()
	for _, access := range []exchange.Access{exchange.FullAccess, exchange.Impersonation} {
		t.Run(string(access), func(t *testing.T) {
			t.Parallel()
			srv := ewstest.NewServer(nil)
			t.Cleanup(srv.Close)
			srv.Mailbox(alice)
			cfg := basicConfig("A", "mail.example.test", "example.test")
			cfg.Access = access
			h := newTracer()
			q, err := exchange.Open(&cfg, &exchange.Options{Transport: srv.Direct(), CallHook: h, UserAgent: "Acme/1"})
			require.NoError(t, err)
			client, err := exchange.ClientOf(q, alice)
			require.NoError(t, err)
			assert.Empty(t, srv.Requests())
			folder := ews.DistinguishedFolder{Name: ews.FolderInbox}
			if access == exchange.FullAccess {
				folder.Mailbox = alice
			}
			_, err = client.GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{folder}})
			require.NoError(t, err)
			require.Len(t, srv.Requests(), 1)
			sent := srv.Requests()[0]
			assert.Equal(t, alice, sent.Header.Get("X-AnchorMailbox"))
			assert.Equal(t, "Acme/1 ewsquarantine/1", sent.Header.Get("User-Agent"))
			assert.Equal(t, access == exchange.Impersonation, sent.Impersonated == alice)
			require.Len(t, h.calls[0], 1)
			assert.Equal(t, map[exchange.Access]string{exchange.FullAccess: "svc@example.test", exchange.Impersonation: alice}[access], h.calls[0][0].Payer)

			_, err = exchange.ClientOf(q, "alice")
			assert.ErrorContains(t, err, "arguments: mailbox")
			_, err = exchange.ClientOf(nil, alice)
			assert.ErrorContains(t, err, "service is nil")

			wrapped, err := quarantine.New(wrapping{q.Strategy()}, vault, nil)
			require.NoError(t, err)
			again, err := exchange.ClientOf(wrapped, alice)
			require.NoError(t, err)
			assert.Same(t, client, again)
			foreign, err := quarantine.New(opaque{q.Strategy()}, vault, nil)
			require.NoError(t, err)
			_, err = exchange.ClientOf(foreign, alice)
			assert.ErrorContains(t, err, "not one of package ewsmail")
		})
	}
}

// wrapping is a strategy around another, with mailboxes that reveal what they wrap; opaque
// is one whose mailboxes do not.
type (
	wrapping struct{ driver.Strategy }
	opaque   struct{ driver.Strategy }
)

func (w wrapping) Mailbox(a string) driver.Mailbox { return inner{w.Strategy.Mailbox(a)} }
func (o opaque) Mailbox(a string) driver.Mailbox {
	return struct{ driver.Mailbox }{o.Strategy.Mailbox(a)}
}

type inner struct{ driver.Mailbox }

// Unwrap returns the mailbox.
func (i inner) Unwrap() driver.Mailbox { return i.Mailbox }

// A service provides a client that is signed in and throttled.
func ExampleClientOf() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test").Deliver(eml("<1@evil.example>", "You have won"))
	q, err := exchange.Open(&exchange.Config{
		EWSURL: srv.URL(), QuarantineMailbox: "quarantine@example.test", Access: exchange.Impersonation,
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationBasic, Username: `EXAMPLE\svc`, Password: exchange.NewSecret("svc-password"),
		},
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer q.Close()
	client, err := exchange.ClientOf(q, "alice@example.test")
	if err != nil {
		fmt.Println(err)
		return
	}
	folders, err := client.GetFolder(context.Background(), ews.GetFolderRequest{
		Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox}},
		Shape:   ews.FolderShape{Properties: []ews.PropertyPath{ews.FieldFolderName, ews.FieldFolderTotalCount}},
	})
	if err == nil {
		err = folders.Err()
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(folders[0].Value.DisplayName, folders[0].Value.TotalCount)
	// Output:
	// Inbox 1
}
