package main

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/ntlmserver"
)

const applicationID = "00001111-aaaa-2222-bbbb-3333cccc4444"

// TestSignIn takes a message into quarantine and back with the programs, under
// each way to sign in.
func TestSignIn(t *testing.T) {
	t.Parallel()
	password := func(typ string) func(ready) map[string]any {
		return func(ready) map[string]any {
			return map[string]any{"type": typ, "username": `EXAMPLE\svc`, "password": "svc-password"}
		}
	}
	for name, tc := range map[string]struct {
		served         func(t *testing.T, dir string) served
		authentication func(ready) map[string]any
	}{
		"basic":             {just(served{auth: "basic"}), password("basic")},
		"basic of all, TLS": {just(served{auth: "basic,ntlm,bearer", tls: true}), password("basic")},
		"ntlm":              {just(served{auth: "ntlm"}), password("ntlm")},
		"ntlm of all, user principal name": {just(served{auth: "bearer,ntlm,basic", tls: true}), func(ready) map[string]any {
			return map[string]any{"type": "ntlm", "username": "svc@example.test", "password": "svc-password"}
		}},
		"ntlm, Extended Protection required": {func(t *testing.T, dir string) served {
			return served{auth: "ntlm", tls: true, scenario: scenario(t, dir)}
		}, password("ntlm")},
		"azureAD, certificate of ewsq cert": {func(t *testing.T, dir string) served {
			x := &tenants{bundle: &bundle{dir: dir, env: map[string]string{"EWSQ_PFX_PASSWORD": "pfx-password"}}}
			s := served{auth: "bearer", tls: true, azure: x.azure(t), app: filepath.Join(dir, "quarantine.cer")}
			require.NoError(t, os.WriteFile(s.app, s.azure.Applications[0].Certificates[0].Raw, 0o600))
			return s
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			of := tc.served(t, dir)
			of.load = map[string]string{"alice@example.test": filepath.Join(checkout(t), "testdata", "mail")}
			server := of.start(t)
			authentication := map[string]any{
				"type": "azureAD", "applicationId": applicationID, "tenantId": server.TenantID, "authenticationEndpoint": server.Authority,
				"privateKeyFile": filepath.Join(dir, "quarantine.pfx"), "privateKeyPassword": "pfx-password",
			}
			if tc.authentication != nil {
				authentication = tc.authentication(server)
			}
			r := runner{t, itself(t), writeConfig(t, server.URL, server.CAFile, authentication)}
			target := []string{"-mailbox", "alice@example.test", "-message-id", phishing}
			taken := r.run(exitDone, append([]string{"quarantine"}, target...)...)
			require.Len(t, taken, 1)
			assert.Equal(t, "quarantined", taken[0]["outcome"])
			assert.Len(t, r.run(exitDone, "list"), 1)
			back := r.run(exitDone, append([]string{"restore"}, target...)...)
			assert.Equal(t, "restored", back[0]["outcome"])
		})
	}
}

// just returns a function that returns s.
func just(s served) func(*testing.T, string) served {
	return func(*testing.T, string) served { return s }
}

// scenario writes a scenario whose server requires Extended Protection.
func scenario(t *testing.T, dir string) string {
	t.Helper()
	file := filepath.Join(dir, "scenario.json")
	require.NoError(t, os.WriteFile(file, []byte(`{
		"extendedProtection": "require",
		"users": [{"name": "svc"}],
		"mailboxes": [{"address": "alice@example.test"}, {"address": "quarantine@example.test"}],
		"impersonation": [{"user": "svc", "mailbox": "*"}]
	}`), 0o600))
	return file
}

func writeConfig(t *testing.T, url, caFile string, authentication map[string]any) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"ewsUrl": url, "rootCAFile": caFile, "quarantineMailbox": "quarantine@example.test", "access": "impersonation",
		"authentication": authentication, "searchLag": "1ms", // searches of this server show everything at once
	})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ewsq.json")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return file
}

// TestRefusedSignIn counts the requests that a server gets for a sign-in that it
// refuses: however many targets there are, repeating it would lock the account.
func TestRefusedSignIn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		authentication map[string]any
		want           string
	}{
		"wrong password":     {map[string]any{"password": "wrong-password"}, "authentication.password"},
		"no channel binding": {map[string]any{"password": "svc-password", "disableChannelBinding": true}, "Extended Protection"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := ewstest.NewServer(nil)
			t.Cleanup(srv.Close)
			url, roots, ntlm := inFront(t, srv)
			tc.authentication["type"], tc.authentication["username"] = "ntlm", `EXAMPLE\svc`
			b := &bundle{dir: t.TempDir(), config: writeConfig(t, url, roots, tc.authentication)}
			targets := b.write(t, "targets.csv", "mailbox,message_id\nalice@example.test,"+phishing+"\nbob@example.test,"+phishing+"\ncarol@example.test,"+phishing+"\n")

			r := b.run(t, "quarantine", "-targets", targets)
			assert.Equal(t, exitSome, r.status, r.stderr)
			require.Len(t, r.lines, 3)
			for _, line := range r.lines {
				assert.Equal(t, "notBegun", line["outcome"])
				assert.Contains(t, line["error"], tc.want)
			}
			assert.NotContains(t, r.stdout+r.stderr, tc.authentication["password"])
			seen := ntlm.Stats()
			assert.EqualValues(t, 1, seen.Refusals, "one complete handshake")
			assert.EqualValues(t, 2, seen.Requests, "its two messages")
			assert.Zero(t, seen.Handshakes)
		})
	}
}

// inFront puts a server in front of another. It requires NTLM and Extended Protection, and
// counts handshakes.
func inFront(t *testing.T, srv *ewstest.Server) (url, roots string, ntlm *ntlmserver.Server) {
	t.Helper()
	first := httptest.NewTLSServer(nil)
	cert := first.Certificate() // all httptest servers present the same one
	first.Close()
	ntlm, err := ntlmserver.New(ntlmserver.Options{
		Password:   func(domain, user string) (string, bool) { return "svc-password", domain == "EXAMPLE" && user == "svc" },
		Protection: ntlmserver.ProtectionRequire, Certificate: cert,
	})
	require.NoError(t, err)
	front := httptest.NewUnstartedServer(ntlm.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.SetBasicAuth("svc@example.test", "svc-password")
		srv.ServeHTTP(w, r)
	})))
	front.Config.ConnContext = ntlm.ConnContext
	front.StartTLS()
	t.Cleanup(front.Close)
	roots = filepath.Join(t.TempDir(), "roots.pem")
	require.NoError(t, os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), 0o600))
	return front.URL + "/EWS/Exchange.asmx", roots, ntlm
}
