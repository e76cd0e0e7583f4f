package live_test

import (
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/live"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

var whole = flag.Bool("whole", false, "run every probe with each access, with and without oddities")

const (
	alice = "alice@example.test"
	vault = "quarantine@example.test"
	own   = "svc@example.test"
)

// settingsFor returns settings for a server that is reached without a socket.
func settingsFor(srv *ewstest.Server) *live.Settings {
	return &live.Settings{
		Config: exchange.Config{
			EWSURL: srv.DirectURL(), AllowPlainHTTP: true, QuarantineMailbox: vault,
			Authentication: exchange.Authentication{Type: exchange.AuthenticationBasic, Username: `EXAMPLE\svc`, Password: exchange.NewSecret("svc-password")},
		},
		Mailbox: alice, Sender: own, Blocked: "nobody@example.test", Wait: time.Minute,
	}
}

// run runs all probes and closes the lab.
func run(t *testing.T, srv *ewstest.Server, s *live.Settings, access exchange.Access) *live.Report {
	t.Helper()
	lab, err := live.Open(t.Context(), s, access, srv.Direct())
	require.NoError(t, err)
	for _, p := range live.Probes() {
		assert.NoError(t, p.Run(t.Context(), lab), p.Name)
	}
	require.NoError(t, lab.Close(t.Context()))
	return lab.Report
}

// contents returns the folders of the mailboxes, with the subjects of what people see or
// can recover.
func contents(srv *ewstest.Server) map[string][]string {
	found := map[string][]string{}
	for _, address := range []string{alice, vault, own} {
		for _, f := range srv.Mailbox(address).Folders() {
			found[address] = append(found[address], f.Path())
		}
		for _, m := range srv.Mailbox(address).Messages() {
			if m.Distinguished != ews.FolderRecoverableItemsPurges {
				found[address] = append(found[address], m.Folder+": "+m.Subject)
			}
		}
	}
	return found
}

func TestLab(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		odd    ewstest.Oddities
		access exchange.Access
		always bool
		seen   map[string]string // by topic, part of what is seen
	}{
		{"plain", 0, exchange.FullAccess, true, map[string]string{
			"version":                             "15.1.2507.6",
			"round trip by move":                  "by move, and back by move; keeps MIME",
			"round trip by transfer":              "by transfer, and back by transfer; keeps MIME",
			"round trip by mime":                  "changes MIME",
			"round trip as the SDK chooses":       "by move",
			"C1 C2 MoveItem into another mailbox": "success without an id; keeps MIME",
			"C3 ExportItems and UploadItems":      "success with the new id; keeps MIME",
			"C4 receipts": "MoveItem of an unread message within the mailbox: no receipt\n" +
				"UploadItems of a copy, which is then marked as read in quarantine: receipt REPORT.IPM.Note.IPNRN\n" +
				"HardDelete with the receipt suppressed: no receipt\n" +
				"HardDelete without SuppressReadReceipts: receipt REPORT.IPM.Note.IPNNRN",
			"C5 EWS switched off":                    `status "200 OK"`,
			"C6 folder allitems":                     "SOAP fault ErrorSchemaValidation, HTTP 500",
			"C7 UpdateItem with NeverOverwrite":      "ErrorIrresolvableConflict",
			"C9 batch that an error of access stops": "Error ErrorAccessDenied, Warning ErrorBatchProcessingStopped",
		}},
		{"plain impersonation", 0, exchange.Impersonation, false, map[string]string{
			"round trip as the SDK chooses":       "by transfer",
			"C1 C2 MoveItem into another mailbox": "ErrorToFolderNotFound",
		}},
		{"odd", ewstest.AllOddities, exchange.FullAccess, false, map[string]string{
			"round trip by move":             "refused: error of the item ErrorCrossMailboxMoveCopy",
			"C3 ExportItems and UploadItems": "SOAP fault Client, HTTP 200",
		}},
		{"odd impersonation", ewstest.AllOddities, exchange.Impersonation, true, map[string]string{
			"round trip by transfer":            "refused: SOAP fault Client",
			"round trip as the SDK chooses":     "by mime",
			"C7 UpdateItem with NeverOverwrite": "success",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if !tc.always && !*whole {
				return
			}
			synctest.Test(t, func(t *testing.T) {
				srv := ewstest.NewServer(&ewstest.Options{Odd: tc.odd})
				defer srv.Close()
				srv.Mailbox(alice).Deliver([]byte("Subject: hers\r\nMessage-ID: <hers@example.test>\r\n\r\nHi\r\n"))
				before := contents(srv)
				settings := settingsFor(srv)
				if *whole {
					settings.MaxMB = 1
				}
				report := run(t, srv, settings, tc.access)
				assert.Equal(t, before, contents(srv), "it removes what it has made, and nothing else")
				for topic, part := range tc.seen {
					assert.Contains(t, report.Seen(topic), part, topic)
				}
				for _, name := range []string{"example.test", "svc", "alice"} {
					assert.NotContains(t, report.String(), name, "a report does not tell whose server it is")
				}
				for _, name := range slices.Sorted(maps.Keys(tc.seen)) {
					assert.Contains(t, report.String(), name)
				}
			})
		})
	}
}

// If the mailbox cannot be opened, the error reports that, and everything created is
// removed.
func TestLabCannotBeOpened(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := ewstest.NewServer(nil)
		defer srv.Close()
		srv.RevokeFullAccess("svc", "*")
		srv.GrantFullAccess("svc", alice)
		_, err := live.Open(t.Context(), settingsFor(srv), exchange.FullAccess, srv.Direct())
		require.ErrorIs(t, err, ews.ErrNotFound)
		assert.ErrorContains(t, err, "no folder for the suite's mail could be made in "+vault+" ("+live.EnvQuarantine+") with fullAccess")
		assert.ErrorContains(t, err, live.EnvAccess)
		assert.NotContains(t, err.Error(), "by hand", "all is removed")
		for _, f := range srv.Mailbox(alice).Folders() {
			assert.NotContains(t, f.Path(), "EWSQ live")
		}

		srv.GrantFullAccess("svc", "*")
		srv.FailNext(ews.OpCreateFolder, ewstest.DropAfter)
		_, err = live.Open(t.Context(), settingsFor(srv), exchange.FullAccess, srv.Direct())
		assert.ErrorContains(t, err, `remove the folder "EWSQ live`)
	})
}

// A way that loses something that readers see is an error, not a remark.
func TestDamageIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := ewstest.NewServer(nil)
		defer srv.Close()
		lab, err := live.Open(t.Context(), settingsFor(srv), exchange.FullAccess, srv.Direct())
		require.NoError(t, err)
		alone := srv.Mailbox(alice)
		srv.OnResponse(func(_ int, r *ewstest.Request) {
			if r.Operation != ews.OpGetItem {
				return
			}
			for _, m := range alone.Messages() {
				if strings.Contains(m.Subject, "round-trip") && !m.Read {
					alone.SetRead(m.ID, true)
				}
			}
		})
		for _, p := range live.Probes() {
			if p.Name == "round trips" {
				assert.ErrorContains(t, p.Run(t.Context(), lab), `read state was "false" and is "true"`)
			}
		}
		srv.OnResponse(nil)
		require.NoError(t, lab.Close(t.Context()))
	})
}
