//go:build apache

package apachetest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net"
	"regexp"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/ntlmserver"
)

// proxy terminates TLS between client and server, as inspecting firewalls do, and records
// what clients send.
type proxy struct {
	url  string
	mu   sync.Mutex
	said bytes.Buffer
}

// startProxy starts a proxy with the certificate own, in front of a server with
// the certificate shown.
func startProxy(t *testing.T, server string, shown, own certificate) *proxy {
	t.Helper()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(shown.pem))
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{own.tls}})
	require.NoError(t, err)
	p := &proxy{url: "https://" + l.Addr().String() + "/EWS/Exchange.asmx"}
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { p.carry(in, server, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}) })
		}
	})
	return p
}

// carry copies one connection until either side closes it.
func (p *proxy) carry(in net.Conn, server string, config *tls.Config) {
	defer in.Close()
	out, err := tls.Dial("tcp", server, config)
	if err != nil {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer in.Close()
		_, _ = io.Copy(in, out)
	})
	_, _ = io.Copy(io.MultiWriter(out, p), in)
	out.Close()
	wg.Wait()
}

// Write records what a client sent.
func (p *proxy) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.Write(b)
}

var authorization = regexp.MustCompile(`(?i)\r\nAuthorization: (?:NTLM|Negotiate) ([A-Za-z0-9+/=]+)\r\n`)

// binding returns, in hexadecimal, the channel binding of the last AUTHENTICATE message
// that passed; it is empty if the message had none.
func (p *proxy) binding(t *testing.T) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	all := authorization.FindAllSubmatch(p.said.Bytes(), -1)
	require.NotEmpty(t, all)
	text, err := base64.StdEncoding.DecodeString(string(all[len(all)-1][1]))
	require.NoError(t, err)
	msg, err := ntlmserver.ParseAuthenticate(text)
	require.NoError(t, err)
	return hex.EncodeToString(msg.AV[channelBindings])
}
