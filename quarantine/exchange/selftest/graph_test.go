package selftest_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/tlstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

func writePEM(t *testing.T, text []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(name, text, 0o600))
	return name
}

func TestGraphCheckAllIsWell(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scene   func(*testing.T) *graphScene
		skipped []string
	}{
		"a program that signs in": {func(t *testing.T) *graphScene { return newGraphScene(t, nil) }, []string{"certificate", "stampKeys"}},
		"application":             {newApplicationScene, []string{"stampKeys"}},
		"other ids for export":    {func(t *testing.T) *graphScene { return newGraphScene(t, &graphtest.Options{OwnIDs: true}) }, []string{"certificate", "stampKeys"}},
		"other spellings": {func(t *testing.T) *graphScene {
			return newGraphScene(t, &graphtest.Options{OtherSpellings: true})
		}, []string{"certificate", "stampKeys"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := c.scene(t)
			s.cfg.ScanRecoverableItems = true
			s.opts.Group = "all-staff@example.test"
			report := s.check(t)
			assert.Equal(t, selftest.OK, report.Status(), report)
			assert.Equal(t, c.skipped, names(report, selftest.Skipped), report)
			assert.Equal(t, s.cfg.GraphURL, report.GraphURL)
			assert.Empty(t, report.URL)
			for _, secret := range []string{"authtoken", "eyJ"} {
				assert.NotContains(t, report.String(), secret)
			}
			s.untouched(t)
			assert.Len(t, s.Mailbox(vault).Messages(), 2, "the item and its copy, in Purges")
		})
	}
}

// Without a quarantine folder there is no test item, and nothing is changed.
func TestGraphCheckWithoutQuarantineFolder(t *testing.T) {
	t.Parallel()
	s := newGraphScene(t, nil)
	s.Mailbox(vault).AddFolder(nil, "Quarantine").Delete()
	report := s.check(t)
	assert.Equal(t, selftest.OK, report.Status(), report)
	for _, r := range s.Requests() {
		assert.False(t, r.Acted, "%s changed something", r.Operation)
	}
}

// Rights from RBAC for Applications are not in the token, and are found out by trying.
func TestGraphCheckScoped(t *testing.T) {
	t.Parallel()
	s := newGraphScene(t, nil)
	s.Scope("app", vault, alice)
	report := s.check(t)
	assert.Equal(t, []string{"mailAccess " + bob}, names(report, selftest.Failed), report)
	s.untouched(t)
}

// A token that cannot be read shows no permissions, but what they allow is still tried.
func TestGraphCheckInVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &graphScene{Server: graphtest.New(nil, nil)}
		defer s.Close()
		s.Mailbox(vault).AddFolder(nil, "Quarantine")
		s.cfg.API, s.cfg.GraphURL, s.cfg.QuarantineMailbox, s.cfg.Authentication.Type = "graph", s.DirectURL(), vault, "external"
		s.opts.Transport = s.Direct()
		s.opts.SignIn = func(_ string, base http.RoundTripper) (http.RoundTripper, error) { return s.As(base, "app"), nil }
		s.FailNext(graphtest.OpGetFolder, graphtest.Throttled(5*time.Second))
		report := s.check(t)
		assert.Equal(t, []string{"throttling"}, names(report, selftest.Warning), report)
		assert.Empty(t, names(report, selftest.Failed), report)
		assert.Contains(t, names(report, selftest.Skipped), "permissions")

		s.Consent("app", "Mail.ReadWrite", "User.Read.All")
		report = s.check(t)
		assert.Equal(t, []string{"exportImport " + vault}, names(report, selftest.Failed), report)
		assert.Contains(t, report.String(), "MailboxItem.ImportExport.All")
	})
}

// TestGraphCheckTakenAway removes one thing at a time. Only the matching check must fail,
// with its remedy.
func TestGraphCheckTakenAway(t *testing.T) {
	t.Parallel()
	noName := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no DNS server here")
	}}
	for name, c := range map[string]struct {
		opts   *graphtest.Options
		take   func(*testing.T, *graphScene)
		failed []string
		remedy string // in the remedy or the commands of the first
		warned []string
		left   bool // a test item stays behind
	}{
		"name": {
			take: func(_ *testing.T, s *graphScene) {
				s.cfg.GraphURL, s.opts.Resolver = "https://graph.nowhere.example", noName
			},
			failed: []string{"dns"}, remedy: "the host in graphUrl",
		},
		"port": {
			take:   func(t *testing.T, s *graphScene) { s.cfg.GraphURL = "https://" + tlstest.Unreachable(t) },
			failed: []string{"tcp"}, remedy: "Test-NetConnection -ComputerName '127.0.0.1' -Port ",
		},
		"root certificate": {
			take:   func(_ *testing.T, s *graphScene) { s.cfg.RootCAFile = "" },
			failed: []string{"tls"}, remedy: "rootCAFile (now none)",
		},
		"clock": {
			take: func(_ *testing.T, s *graphScene) {
				s.opts.Now = func() time.Time { return time.Now().Add(-20 * time.Minute) }
			},
			failed: []string{"clock"}, remedy: "w32tm /resync",
		},
		"Graph": {
			take:   func(_ *testing.T, s *graphScene) { s.status = http.StatusNotFound },
			failed: []string{"endpoint"}, remedy: "in place of Graph",
		},
		"token": {
			take: func(_ *testing.T, s *graphScene) {
				s.opts.SignIn = func(_ string, base http.RoundTripper) (http.RoundTripper, error) {
					return bearer{"none.of.them", base}, nil
				}
			},
			failed: []string{"authentication"}, remedy: "the program signs in itself",
		},
		"application, not a user": {
			take: func(_ *testing.T, s *graphScene) {
				s.anyToken = true
				users := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"scp":"Mail.ReadWrite"}`)) + ".x"
				s.opts.SignIn = func(_ string, base http.RoundTripper) (http.RoundTripper, error) { return bearer{users, base}, nil }
			},
			failed: []string{"permissions"}, remedy: "sign in as an application",
		},
		"User.Read.All": {
			take:   func(_ *testing.T, s *graphScene) { s.without("User.Read.All") },
			failed: []string{"permissions"}, remedy: "User.Read.All",
		},
		"MailboxItem.ImportExport.All": {
			take:   func(_ *testing.T, s *graphScene) { s.without("MailboxItem.ImportExport.All") },
			failed: []string{"permissions"}, remedy: "give the application MailboxItem.ImportExport.All",
		},
		"export as well": {
			take:   func(_ *testing.T, s *graphScene) { s.without("MailboxItem.ImportExport.All", "MailboxItem.Export.All") },
			failed: []string{"permissions"}, remedy: "MailboxItem.ImportExport.All",
		},
		"MailboxItem.ImportExport.All, where messages are made anew": {
			take: func(_ *testing.T, s *graphScene) {
				s.without("MailboxItem.ImportExport.All", "MailboxItem.Export.All")
				s.cfg.RecreateMessages = true
			},
			warned: []string{"permissions"},
		},
		"export, where messages are made anew": {
			take: func(_ *testing.T, s *graphScene) {
				s.Fail(graphtest.When{Operation: graphtest.OpExportItems}, graphtest.Status(403, "ErrorAccessDenied"))
				s.cfg.RecreateMessages = true
			},
			warned: []string{"exportImport " + vault, "exportImport " + alice, "exportImport " + bob},
		},
		"GroupMember.Read.All": {
			take:   func(_ *testing.T, s *graphScene) { s.without("GroupMember.Read.All") },
			warned: []string{"permissions", "directory"},
		},
		"right to headers": {
			take: func(_ *testing.T, s *graphScene) {
				s.without("Mail-Advanced.ReadWrite.All")
				s.cfg.QuarantineHeader = quarantine.Header{Name: "X-Quarantined", Value: "yes"}
			},
			warned: []string{"permissions"},
		},
		"Mail.ReadWrite": {
			take:   func(_ *testing.T, s *graphScene) { s.without("Mail.ReadWrite", "Mail.Read", "Mail.ReadBasic.All") },
			failed: []string{"mailAccess " + vault, "mailAccess " + alice, "mailAccess " + bob}, remedy: "Application Mail.ReadWrite",
		},
		"writing": {
			take:   func(_ *testing.T, s *graphScene) { s.without("Mail.ReadWrite") },
			failed: []string{"mailAccess " + vault, "mailAccess " + alice, "mailAccess " + bob}, remedy: "Application Mail.ReadWrite",
		},
		"quarantine mailbox": {
			take:   func(_ *testing.T, s *graphScene) { s.Mailbox(vault).Remove(false) },
			failed: []string{"quarantineMailbox " + vault}, remedy: "New-Mailbox -Shared -Name 'quarantine' -PrimarySmtpAddress 'quarantine@example.test'", left: true,
		},
		"probe mailbox": {
			take:   func(_ *testing.T, s *graphScene) { s.opts.Mailboxes = append(s.opts.Mailboxes, elsewhere) },
			failed: []string{"mailbox " + elsewhere}, remedy: "Get-Mailbox -Identity 'dora@example.test'",
		},
		"primary address": {
			take: func(_ *testing.T, s *graphScene) {
				s.Exchange().AddMailbox("dora.new@example.test", &ewstest.MailboxOptions{ProxyAddresses: []string{elsewhere}})
				s.opts.Mailboxes = []string{elsewhere}
			},
			failed: []string{"mailbox " + elsewhere}, remedy: "primary address",
		},
		"group": {
			take:   func(_ *testing.T, s *graphScene) { s.opts.Group = "nobody@example.test" },
			failed: []string{"directory"}, remedy: "Get-DistributionGroup -Identity 'nobody@example.test'",
		},
		"room": {
			take:   func(_ *testing.T, s *graphScene) { s.Mailbox(vault).SetQuota(1) },
			failed: []string{"quarantineWrite " + vault}, remedy: "Set-Mailbox -Identity 'quarantine@example.test'",
		},
		"folders": {
			take: func(_ *testing.T, s *graphScene) {
				s.FailNext(graphtest.OpListChildFolders, graphtest.Status(500, "ErrorCorruptData"))
			},
			failed: []string{"quarantineFolder " + vault}, remedy: "it is not known why",
		},
		"right to delete": {
			take: func(_ *testing.T, s *graphScene) {
				s.Fail(graphtest.When{Operation: graphtest.OpPermanentDelete}, graphtest.Status(403, "ErrorAccessDenied"))
			},
			failed: []string{"quarantineWrite " + vault}, remedy: "delete the message", left: true,
		},
		"named properties": {
			take:   func(_ *testing.T, s *graphScene) { s.FailNext(graphtest.OpCreateInFolder, graphtest.PropertiesLost) },
			failed: []string{"namedProperties " + vault}, remedy: "support request",
		},
		"change keys": {
			opts: &graphtest.Options{IgnoreIfMatch: true},
			take: func(*testing.T, *graphScene) {}, warned: []string{"changeKeys " + vault},
		},
		"export": {
			take: func(_ *testing.T, s *graphScene) {
				s.Fail(graphtest.When{Operation: graphtest.OpExportItems}, graphtest.ExportFails("ErrorAccessDenied"))
			},
			failed: []string{"exportImport " + vault}, remedy: "MailboxItem.ImportExport.All",
		},
		"export, of one": {
			take: func(_ *testing.T, s *graphScene) {
				s.opts.Mailboxes = []string{alice}
				guid, _, _ := strings.Cut(strings.TrimPrefix(s.MailboxID(alice), "MBX:"), "@")
				s.Fail(graphtest.When{Operation: graphtest.OpExportItems, Request: func(r *graphtest.Request) bool { return strings.Contains(r.URL, guid) }}, graphtest.Status(403, "ErrorAccessDenied"))
			},
			failed: []string{"exportImport " + alice}, remedy: "application access policy",
		},
		"other ids for export, without the right to see them": {
			opts:   &graphtest.Options{OwnIDs: true},
			take:   func(_ *testing.T, s *graphScene) { s.without("MailboxItem.Read.All") },
			failed: []string{"permissions"}, remedy: "give the application MailboxItem.Read.All",
		},
		"an import that did nothing": {
			take:   func(_ *testing.T, s *graphScene) { s.FailNext(graphtest.OpImportItem, graphtest.CreatesNothing) },
			failed: []string{"exportImport " + vault}, remedy: "MailboxItem.ImportExport.All",
		},
		"properties in imports": {
			take:   func(_ *testing.T, s *graphScene) { s.FailNext(graphtest.OpImportItem, graphtest.PropertiesLost) },
			failed: []string{"exportImport " + vault}, remedy: "cannot be carried",
		},
		"import host": {
			take: func(t *testing.T, s *graphScene) {
				s.answers = strings.NewReplacer(`"importUrl":"`+s.cfg.GraphURL, `"importUrl":"https://`+tlstest.Unreachable(t))
			},
			failed: []string{"importHost"}, remedy: "must know both hosts",
		},
		"name of the import host": {
			take: func(_ *testing.T, s *graphScene) {
				s.opts.Resolver = noName
				s.answers = strings.NewReplacer(`"importUrl":"`+s.cfg.GraphURL, `"importUrl":"https://outlook.nowhere.example`)
			},
			failed: []string{"importHost"}, remedy: "Test-NetConnection -ComputerName 'outlook.nowhere.example' -Port 443",
		},
		"Recoverable Items": {
			take: func(_ *testing.T, s *graphScene) {
				s.cfg.ScanRecoverableItems, s.opts.Mailboxes = true, []string{alice}
				s.OnRequest(func(_ int, r *graphtest.Request) {
					if strings.Contains(r.URL, "recoverableitemsdeletions") {
						s.FailNext(r.Operation, graphtest.Status(403, "ErrorAccessDenied"))
					}
				})
			},
			failed: []string{"recoverableItems " + alice}, remedy: "scanRecoverableItems",
		},
		"patience of Graph": {
			take: func(_ *testing.T, s *graphScene) {
				s.FailNext(graphtest.OpGetFolder, graphtest.Throttled(5*time.Minute))
			},
			failed: []string{"throttling"}, remedy: "run fewer workers",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newGraphScene(t, c.opts)
			c.take(t, s)
			report := s.check(t)
			assert.Equal(t, c.failed, names(report, selftest.Failed), report)
			assert.Equal(t, c.warned, names(report, selftest.Warning), report)
			for i, r := range report.With(selftest.Failed) {
				assert.NotEmpty(t, r.Seen)
				if i == 0 {
					assert.Contains(t, r.Remedy+"\n"+strings.Join(r.Commands, "\n"), c.remedy)
				}
			}
			assert.NotContains(t, report.String(), "authtoken")
			for _, r := range report.With(selftest.Skipped) {
				assert.NotEmpty(t, r.Seen, r.Name)
			}
			if !c.left {
				s.untouched(t)
			}
		})
	}
}

// bearer signs in with a token.
type bearer struct {
	token string
	next  http.RoundTripper
}

// RoundTrip adds the token.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}
