package exchange_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// sniffed is a transport that keeps the credentials that pass through it, which the server
// echoes in its answers.
type sniffed struct {
	*http.Transport
	mu   sync.Mutex
	seen []string
}

// RoundTrip passes a request on.
func (s *sniffed) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.Transport.RoundTrip(r)
	if value := r.Header.Get("Authorization"); value != "" && err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen = append(s.seen, value)
		resp.Header.Set("X-Debug", "Authorization: "+value)
	}
	return resp, err
}

// TestWireOfEachSignIn: what is shown contains no credentials, however the account signs
// in, and contents only on request.
func TestWireOfEachSignIn(t *testing.T) {
	t.Parallel()
	const application, tenant = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "11111111-2222-3333-4444-555555555555"
	cert, err := auth.NewCertificate(nil)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(cert.CER())
	require.NoError(t, err)
	pfx := writePFX(t, cert, "pfx-password")
	for name, scheme := range map[exchange.AuthenticationType]ewstest.Scheme{
		exchange.AuthenticationBasic: ewstest.Basic, exchange.AuthenticationNTLM: ewstest.NTLM, exchange.AuthenticationAzureAD: ewstest.Bearer,
	} {
		for _, bodies := range []bool{false, true} {
			if !bodies && name != exchange.AuthenticationNTLM {
				continue // the credentials are the same
			}
			t.Run(fmt.Sprint(name, bodies), func(t *testing.T) {
				t.Parallel()
				srv := ewstest.NewServer(&ewstest.Options{
					TLS: true, Authentication: []ewstest.Scheme{scheme},
					Azure: &ewstest.Azure{TenantID: tenant, Applications: []ewstest.Application{{ID: application, Certificates: []*x509.Certificate{leaf}}}},
				})
				t.Cleanup(srv.Close)
				srv.Mailbox(alice).Deliver(eml(evil, "Invoice"))
				roots := filepath.Join(t.TempDir(), "roots.pem")
				require.NoError(t, os.WriteFile(roots, srv.CAPEM(), 0o600))
				cfg := exchange.Config{EWSURL: srv.URL(), QuarantineMailbox: vault, Access: exchange.Impersonation, RootCAFile: roots}
				a := &cfg.Authentication
				if a.Type = name; name == exchange.AuthenticationAzureAD {
					a.ApplicationID, a.TenantID, a.AuthenticationEndpoint = application, tenant, srv.AuthorityURL()
					a.PrivateKeyFile, a.PrivateKeyPassword = pfx, exchange.NewSecret("pfx-password")
				} else {
					a.Username, a.Password = `EXAMPLE\svc`, exchange.NewSecret("svc-password")
				}
				var out bytes.Buffer
				opts := &exchange.Options{Wire: &out, WireBodies: bodies}
				var sniff *sniffed
				if name != exchange.AuthenticationNTLM { // which makes its own connections
					base, err := auth.NewTransport(&auth.TransportOptions{RootCAs: srv.CAPEM()})
					require.NoError(t, err)
					sniff = &sniffed{Transport: base}
					opts.Transport = sniff
				}
				q, err := exchange.Open(&cfg, opts)
				require.NoError(t, err)
				receipt, err := q.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: evil})
				require.NoError(t, err)
				require.NoError(t, receipt.Err())
				require.NoError(t, q.Close())

				shown := out.String()
				secrets := []string{"svc-password", "pfx-password", "TlRMTVNT", "Bearer ey", "Basic RV"}
				if sniff != nil {
					require.Greater(t, len(sniff.seen), 3)
					for _, value := range sniff.seen {
						_, credential, _ := strings.Cut(value, " ")
						secrets = append(secrets, credential, credential[:12], credential[len(credential)-12:])
					}
					assert.Contains(t, shown, "X-Debug: Authorization: ")
					assert.Contains(t, shown, "[redacted]")
				}
				for _, secret := range secrets {
					assert.NotContains(t, shown, secret)
				}
				for _, op := range []ews.Operation{ews.OpFindItem, ews.OpUpdateItem, ews.OpExportItems, ews.OpUploadItems} {
					assert.Contains(t, shown, ">>> "+string(op)+" "+srv.URL())
				}
				assert.Equal(t, !bodies, strings.Contains(shown, "Data>["), "of the export and the upload")
				assert.NotContains(t, shown, base64.StdEncoding.EncodeToString([]byte("svc-password"))[:12])
			})
		}
	}
}

// Wire shows what a server does. Credentials are always left out, and contents of messages
// unless WireBodies is set.
func ExampleOptions_wire() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test").Deliver(eml("<1@evil.example>", "You have won"))
	var wire strings.Builder
	q, err := exchange.Open(&exchange.Config{
		EWSURL: srv.URL(), QuarantineMailbox: "quarantine@example.test", Access: exchange.Impersonation,
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationBasic, Username: `EXAMPLE\svc`, Password: exchange.NewSecret("svc-password"),
		},
	}, &exchange.Options{Wire: &wire})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer q.Close()
	if _, err := q.Quarantine(context.Background(), quarantine.Target{Mailbox: "alice@example.test", MessageID: "<1@evil.example>"}); err != nil {
		fmt.Println(err)
	}
	_, upload, _ := strings.Cut(wire.String(), ">>> UploadItems")
	for line := range strings.Lines(upload) {
		if _, data, ok := strings.Cut(line, "<t:Data>"); ok {
			data, _, _ = strings.Cut(data, "</t:Data>")
			fmt.Println(strings.TrimLeft(data, "[0123456789 "))
			break
		}
	}
	fmt.Println(strings.Contains(wire.String(), "svc-password"))
	// Output:
	// bytes not shown]
	// false
}
