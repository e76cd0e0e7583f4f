package selftest_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/tlstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

func TestCheckAllIsWell(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*testing.T) *checkScene{
		"FullAccess":    func(t *testing.T) *checkScene { return newCheckScene(t, exchange.FullAccess) },
		"impersonation": func(t *testing.T) *checkScene { return newCheckScene(t, exchange.Impersonation) },
		"FullAccess, Exchange 2010": func(t *testing.T) *checkScene {
			return newCheckScene(t, exchange.FullAccess, func(o *ewstest.Options) { o.Version = ewstest.Exchange2010SP3 })
		},
		"application": func(t *testing.T) *checkScene {
			s := newCheckScene(t, "")
			s.asApplication(t, nil)
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := prepare(t)
			s.cfg.ScanRecoverableItems, s.cfg.ScanOnlineArchive = true, true
			s.AddMailbox("carla@example.test", &ewstest.MailboxOptions{Archive: true})
			s.opts.Mailboxes = append(s.opts.Mailboxes, "carla@example.test")
			s.opts.Group = "all-staff@example.test"
			report := s.check(t)
			assert.Equal(t, selftest.OK, report.Status(), report)
			assert.Empty(t, names(report, selftest.Failed))
			assert.Empty(t, names(report, selftest.Warning))
			skipped := map[string][]string{
				"FullAccess":                {"autodiscover", "certificate", "stampKeys"},
				"FullAccess, Exchange 2010": {"autodiscover", "certificate", "stampKeys"},
				"impersonation":             {"autodiscover", "certificate", "stampKeys", "move"},
				"application":               {"autodiscover", "stampKeys", "move"},
			}
			assert.Equal(t, skipped[name], names(report, selftest.Skipped))
			assert.Contains(t, report.String(), "Nothing failed.")
			s.untouched(t)
		})
	}
}

func TestCheckWithoutQuarantineFolder(t *testing.T) {
	t.Parallel()
	for _, access := range []exchange.Access{exchange.FullAccess, exchange.Impersonation} {
		t.Run(string(access), func(t *testing.T) {
			t.Parallel()
			s := newCheckScene(t, access)
			s.Mailbox(vault).AddFolder(nil, "Quarantine").Delete()
			report := s.check(t)
			assert.Equal(t, selftest.OK, report.Status(), report)
			for _, r := range s.Requests() {
				assert.False(t, r.Acted, "%s changed something", r.Operation)
			}
			for _, f := range s.Mailbox(vault).Folders() {
				assert.NotEqual(t, "Quarantine", f.Name())
			}
		})
	}
}

const elsewhere = "dora@example.test"

// whenAsked makes the next request that contains a text fail.
func (s *checkScene) whenAsked(text string, fault ewstest.Fault) {
	s.OnRequest(func(_ int, r *ewstest.Request) {
		if bytes.Contains(r.Body, []byte(text)) {
			s.FailNext(r.Operation, fault)
		}
	})
}

// TestCheckTakenAway removes one thing at a time. Only the matching check must
// fail, with its remedy.
func TestCheckTakenAway(t *testing.T) {
	t.Parallel()
	full, impersonation := exchange.FullAccess, exchange.Impersonation
	noName := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no DNS server here")
	}}
	for name, c := range map[string]struct {
		access exchange.Access // "": both
		take   func(*testing.T, *checkScene)
		failed []string
		remedy string // in the remedy or the commands of the first
		warned []string
	}{
		"name": {
			take: func(_ *testing.T, s *checkScene) {
				s.cfg.EWSURL = "https://mail.nowhere.example/EWS/Exchange.asmx"
				s.opts.Resolver = noName
			},
			failed: []string{"dns"}, remedy: "Resolve-DnsName 'mail.nowhere.example'",
		},
		"port": {
			take: func(t *testing.T, s *checkScene) {
				s.cfg.EWSURL = "https://" + tlstest.Unreachable(t) + "/EWS/Exchange.asmx"
			},
			failed: []string{"tcp"}, remedy: "Test-NetConnection -ComputerName '127.0.0.1' -Port ",
		},
		"proxy": {
			take: func(t *testing.T, s *checkScene) {
				s.cfg.UseProxy, s.cfg.ProxyURL = true, exchange.NewProxyURL("http://user:proxy-secret@"+tlstest.Unreachable(t))
			},
			failed: []string{"tcp"}, remedy: "check proxyUrl (http://127.0.0.1:",
		},
		"root certificate": {
			take:   func(_ *testing.T, s *checkScene) { s.cfg.RootCAFile = "" },
			failed: []string{"tls"}, remedy: "rootCAFile (now none)",
		},
		"root certificate file": {
			take:   func(_ *testing.T, s *checkScene) { s.cfg.RootCAFile = "/nowhere/roots.pem" },
			failed: []string{"tls"}, remedy: "rootCAFile",
		},
		"name of the certificate": {
			take: func(_ *testing.T, s *checkScene) {
				s.cfg.EWSURL = strings.Replace(s.cfg.EWSURL, "127.0.0.1", "localhost", 1)
			},
			failed: []string{"tls"}, remedy: "a certificate for localhost",
		},
		"clock": {
			take: func(_ *testing.T, s *checkScene) {
				s.opts.Now = func() time.Time { return time.Now().Add(-20 * time.Minute) }
			},
			failed: []string{"clock"}, remedy: "w32tm /resync",
		},
		"path": {
			take: func(_ *testing.T, s *checkScene) {
				s.cfg.EWSURL = strings.Replace(s.cfg.EWSURL, "Exchange.asmx", "Other.asmx", 1)
			},
			failed: []string{"endpoint"}, remedy: "Get-WebServicesVirtualDirectory",
		},
		"password": {
			take: func(_ *testing.T, s *checkScene) {
				s.cfg.Authentication.Password = exchange.NewSecret("not-the-password")
			},
			failed: []string{"authentication"}, remedy: "Get-ADUser -Identity 'svc'",
		},
		"account": {
			take:   func(_ *testing.T, s *checkScene) { s.cfg.Authentication.Username = `EXAMPLE\o'hara` },
			failed: []string{"authentication"}, remedy: "Get-ADUser -Identity 'o''hara'",
		},
		"EWS": {
			take: func(_ *testing.T, s *checkScene) {
				s.obstacle = func(r *http.Request) int {
					if r.Header.Get("Authorization") == "" {
						return 0
					}
					return http.StatusForbidden
				}
			},
			failed: []string{"ewsAllowed"}, remedy: `Set-CASMailbox -Identity 'EXAMPLE\svc' -EwsEnabled $true`,
		},
		"version": {
			take: func(_ *testing.T, s *checkScene) {
				for range 8 {
					s.FailNext(ews.OpConvertID, ewstest.FaultCode("ErrorInvalidServerVersion"))
				}
			},
			failed: []string{"version"}, remedy: "Exchange 2010 SP1",
		},
		"quarantine mailbox": {
			take:   func(_ *testing.T, s *checkScene) { s.Mailbox(vault).Remove(false) },
			failed: []string{"quarantineMailbox " + vault}, remedy: "New-Mailbox -Shared -Name 'quarantine' -PrimarySmtpAddress 'quarantine@example.test'",
		},
		"quarantine mailbox, being moved": {
			take:   func(_ *testing.T, s *checkScene) { s.Mailbox(vault).Remove(true) },
			failed: []string{"quarantineMailbox " + vault}, remedy: "Get-MoveRequest",
		},
		"FullAccess": {
			access: full,
			take:   func(_ *testing.T, s *checkScene) { s.RevokeFullAccess("svc", "*") },
			failed: []string{"fullAccess " + vault, "fullAccess " + alice, "fullAccess " + bob},
			remedy: `Add-MailboxPermission -Identity 'quarantine@example.test' -User 'EXAMPLE\svc' -AccessRights FullAccess`,
		},
		"FullAccess to one": {
			access: full,
			take: func(_ *testing.T, s *checkScene) {
				s.RevokeFullAccess("svc", "*")
				s.GrantFullAccess("svc", vault)
				s.GrantFullAccess("svc", bob)
			},
			failed: []string{"fullAccess " + alice},
			remedy: `Add-MailboxPermission -Identity 'alice@example.test'`,
		},
		"impersonation": {
			access: impersonation,
			take:   func(_ *testing.T, s *checkScene) { s.RevokeImpersonation("svc", "*") },
			failed: []string{"impersonation " + vault, "impersonation " + alice, "impersonation " + bob},
			remedy: `-Role ApplicationImpersonation -User 'EXAMPLE\svc'`,
		},
		"impersonation of one": {
			access: impersonation,
			take: func(_ *testing.T, s *checkScene) {
				s.RevokeImpersonation("svc", "*")
				s.GrantImpersonation("svc", vault)
				s.GrantImpersonation("svc", alice)
			},
			failed: []string{"impersonation " + bob}, remedy: "ApplicationImpersonation",
		},
		"probe mailbox": {
			take:   func(_ *testing.T, s *checkScene) { s.opts.Mailboxes = append(s.opts.Mailboxes, elsewhere) },
			failed: []string{"mailbox " + elsewhere}, remedy: "Get-Mailbox -Identity 'dora@example.test'",
		},
		"primary address": {
			take: func(_ *testing.T, s *checkScene) {
				s.AddMailbox("dora.new@example.test", &ewstest.MailboxOptions{ProxyAddresses: []string{elsewhere}})
				s.opts.Mailboxes = []string{elsewhere}
			},
			failed: []string{"mailbox " + elsewhere}, remedy: "primary address",
		},
		"mailbox of the account": {
			access: full,
			take: func(_ *testing.T, s *checkScene) {
				s.AddUser("robot", "robot-password")
				s.GrantFullAccess("robot", "*")
				s.cfg.Authentication.Username, s.cfg.Authentication.Password = `EXAMPLE\robot`, exchange.NewSecret("robot-password")
			},
			failed: []string{"directory"}, remedy: `Enable-Mailbox -Identity 'EXAMPLE\robot'`,
		},
		"group": {
			take:   func(_ *testing.T, s *checkScene) { s.opts.Group = "nobody@example.test" },
			failed: []string{"directory"}, remedy: "Get-DistributionGroup -Identity 'nobody@example.test'",
		},
		"room": {
			take:   func(_ *testing.T, s *checkScene) { s.Mailbox(vault).SetQuota(1) },
			failed: []string{"quarantineWrite " + vault}, remedy: "Set-Mailbox -Identity 'quarantine@example.test'",
		},
		"right to create": {
			take: func(_ *testing.T, s *checkScene) {
				s.FailNext(ews.OpCreateItem, ewstest.MemberCode("ErrorCreateItemAccessDenied"))
			},
			failed: []string{"quarantineWrite " + vault}, remedy: "right to create items",
		},
		"right to delete": {
			take: func(_ *testing.T, s *checkScene) {
				s.FailNext(ews.OpDeleteItem, ewstest.MemberCode("ErrorAccessDenied"))
			},
			failed: []string{"quarantineWrite " + vault}, remedy: "delete the message",
		},
		"export": {
			access: impersonation,
			take: func(_ *testing.T, s *checkScene) {
				s.FailNext(ews.OpExportItems, ewstest.FaultCode("ErrorInvalidRequest"))
			},
			failed: []string{"exportUpload"}, remedy: "UploadItems",
		},
		"upload": {
			access: impersonation,
			take: func(_ *testing.T, s *checkScene) {
				s.FailNext(ews.OpUploadItems, ewstest.MemberCode("ErrorAccessDenied"))
			},
			failed: []string{"exportUpload"}, remedy: "UploadItems",
		},
		"export, where messages are moved": {
			access: full,
			take: func(_ *testing.T, s *checkScene) {
				s.FailNext(ews.OpExportItems, ewstest.FaultCode("ErrorInvalidRequest"))
			},
			warned: []string{"exportUpload"},
		},
		"moving between mailboxes": {
			access: full,
			take:   func(_ *testing.T, s *checkScene) { s.FailNext(ews.OpMoveItem, ewstest.CrossMailboxRefused) },
			warned: []string{"move"},
		},
		"Recoverable Items": {
			take: func(_ *testing.T, s *checkScene) {
				s.cfg.ScanRecoverableItems, s.opts.Mailboxes, s.cfg.QuarantineFolder = true, []string{alice}, "Not there yet"
				s.whenAsked("recoverableitemsdeletions", ewstest.MemberCode("ErrorAccessDenied"))
			},
			failed: []string{"recoverableItems " + alice}, remedy: "Recoverable Items",
		},
		"archive": {
			take: func(_ *testing.T, s *checkScene) {
				s.cfg.ScanOnlineArchive, s.opts.Mailboxes = true, []string{alice}
				s.whenAsked("archivemsgfolderroot", ewstest.MemberCode("ErrorGetRemoteArchiveFolderFailed"))
				s.instantly(s)
			},
			failed: []string{"archive " + alice}, remedy: "Get-Mailbox -Identity 'alice@example.test' | Format-List Archive*",
		},
		"patience of the server": {
			take:   func(_ *testing.T, s *checkScene) { s.FailNext(ews.OpGetFolder, ewstest.Busy.BackOff(5*time.Minute)) },
			failed: []string{"throttling"}, remedy: "Get-ThrottlingPolicyAssociation",
		},
	} {
		for _, access := range []exchange.Access{full, impersonation} {
			if c.access != "" && c.access != access {
				continue
			}
			t.Run(name+"/"+string(access), func(t *testing.T) {
				t.Parallel()
				s := newCheckScene(t, access)
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
				onlyDependents(t, report)
				for _, secret := range []string{"svc-password", "not-the-password", "robot-password", "proxy-secret"} {
					assert.NotContains(t, report.String(), secret)
				}
				if name != "right to delete" && name != "quarantine mailbox" && name != "quarantine mailbox, being moved" {
					s.untouched(t)
				}
			})
		}
	}
}

func TestCheckTriesPasswordOnce(t *testing.T) {
	t.Parallel()
	s := newCheckScene(t, exchange.FullAccess)
	s.cfg.Authentication.Password = exchange.NewSecret("wrong")
	s.check(t)
	assert.Equal(t, 1, s.signIns, "more would lock the account")
}

func TestCheckSlowedDown(t *testing.T) {
	t.Parallel()
	s := newCheckScene(t, exchange.FullAccess)
	s.instantly(s)
	s.FailNext(ews.OpGetFolder, ewstest.Busy.BackOff(5*time.Millisecond))
	report := s.check(t)
	assert.Equal(t, []string{"throttling"}, names(report, selftest.Warning), report)
	assert.Empty(t, names(report, selftest.Failed))
}
