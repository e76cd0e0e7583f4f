package selftest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/internal/tlstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

func TestCheckOfCertificate(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		options *auth.CertificateOptions // of the certificate; nil: the usual one
		spoil   func(*testing.T, *checkScene)
		status  selftest.Status
		check   string
		seen    string
		remedy  string
	}{
		"password": {
			spoil: func(_ *testing.T, s *checkScene) {
				s.cfg.Authentication.PrivateKeyPassword = exchange.NewSecret("other")
			},
			status: selftest.Failed, check: "certificate", seen: "password", remedy: "privateKeyPassword",
		},
		"file": {
			spoil:  func(_ *testing.T, s *checkScene) { s.cfg.Authentication.PrivateKeyFile = "/nowhere/app.pfx" },
			status: selftest.Failed, check: "certificate", seen: "/nowhere/app.pfx", remedy: "privateKeyFile",
		},
		"expired": {
			options: &auth.CertificateOptions{Now: time.Now().Add(-40 * day), Lifetime: 30 * day},
			status:  selftest.Failed, check: "certificate", seen: "expired", remedy: "register it with application 00001111-aaaa-2222-bbbb-3333cccc4444",
		},
		"expires soon": {
			options: &auth.CertificateOptions{Lifetime: 10 * day},
			status:  selftest.Warning, check: "certificate", seen: "9 days left", remedy: "register it with application 00001111-aaaa-2222-bbbb-3333cccc4444",
		},
		"not registered": {
			spoil: func(t *testing.T, s *checkScene) {
				other, err := auth.NewCertificate(nil)
				require.NoError(t, err)
				s.cfg.Authentication.PrivateKeyFile = writePFX(t, other, "pfx-password")
			},
			status: selftest.Failed, check: "authentication", seen: "AADSTS", remedy: "Get-MgApplication -Filter 'appId eq ''00001111-",
		},
		"not this application": {
			spoil: func(_ *testing.T, s *checkScene) {
				s.cfg.Authentication.ApplicationID = "11112222-aaaa-2222-bbbb-3333cccc4444"
			},
			status: selftest.Failed, check: "authentication", seen: "AADSTS", remedy: "Get-MgApplication -Filter 'appId eq ''11112222-",
		},
		"EWS": {
			spoil: func(_ *testing.T, s *checkScene) {
				s.obstacle = func(r *http.Request) int {
					if r.Header.Get("Authorization") == "" {
						return 0
					}
					return http.StatusForbidden
				}
			},
			status: selftest.Failed, check: "ewsAllowed", seen: "EwsAllowedAppIDs", remedy: "00001111-aaaa-2222-bbbb-3333cccc4444",
		},
		"not this tenant": {
			spoil:  func(_ *testing.T, s *checkScene) { s.cfg.Authentication.TenantID = "other.onmicrosoft.com" },
			status: selftest.Failed, check: "authentication", seen: "AADSTS", remedy: "tenantId",
		},
		"authority": {
			spoil: func(t *testing.T, s *checkScene) {
				s.cfg.Authentication.AuthenticationEndpoint = "https://" + tlstest.Unreachable(t)
			},
			status: selftest.Failed, check: "authentication", seen: "check authentication.authenticationEndpoint", remedy: "authenticationEndpoint",
		},
		"right": {
			spoil: func(_ *testing.T, s *checkScene) {
				s.RevokeImpersonation("svc", "*")
				s.GrantImpersonation("svc", vault)
				s.GrantImpersonation("svc", bob)
			},
			status: selftest.Failed, check: "impersonation", seen: "ErrorImpersonateUserDenied",
			remedy: "Test-ServicePrincipalAuthorization -Identity '00001111-aaaa-2222-bbbb-3333cccc4444' -Resource 'alice@example.test'",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCheckScene(t, "")
			s.asApplication(t, c.options)
			if c.spoil != nil {
				c.spoil(t, s)
			}
			report := s.check(t)
			bad := append(report.With(selftest.Failed), report.With(selftest.Warning)...)
			require.Len(t, bad, 1, report)
			assert.Equal(t, c.check, string(bad[0].Name))
			assert.Equal(t, c.status, bad[0].Status)
			assert.Contains(t, bad[0].Seen, c.seen)
			assert.Contains(t, bad[0].Remedy+"\n"+strings.Join(bad[0].Commands, "\n"), c.remedy)
			onlyDependents(t, report)
			assert.NotContains(t, report.String(), "pfx-password")
		})
	}
}
