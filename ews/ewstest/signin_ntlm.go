package ewstest

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/ewsquarantine/ewsquarantine/internal/ntlmserver"
)

// windowsScheme is NTLM, by itself or within Negotiate. It authenticates
// connections, so it starts with the socket.
type windowsScheme struct {
	server *Server
	names  []string
	ntlm   atomic.Pointer[ntlmserver.Server]
}

// begin starts NTLM for a socket with a certificate, which is nil without TLS.
func (n *windowsScheme) begin(cert *x509.Certificate) {
	s := n.server
	ntlm, err := ntlmserver.New(ntlmserver.Options{
		Password:    n.password,
		Domain:      strings.ToUpper(s.directory.netBIOS()),
		Schemes:     n.names,
		Protection:  ntlmserver.Protection(s.opts.ExtendedProtection),
		Certificate: cert,
	})
	if err != nil {
		panic("ewstest: " + err.Error())
	}
	n.ntlm.Store(ntlm)
}

func (n *windowsScheme) password(domain, user string) (string, bool) {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	password, ok := s.directory.accounts[n.account(domain, user)]
	return password, ok
}

func (n *windowsScheme) account(domain, user string) string {
	if domain != "" {
		user = domain + `\` + user
	}
	return n.server.directory.account(user)
}

func (n *windowsScheme) connContext(ctx context.Context, c net.Conn) context.Context {
	return n.ntlm.Load().ConnContext(ctx, c)
}

func (n *windowsScheme) handles(r *http.Request) bool {
	ntlm := n.ntlm.Load()
	return ntlm != nil && ntlm.Handles(r)
}

func (n *windowsScheme) offers() []string { return n.names }

func (n *windowsScheme) signIn(w http.ResponseWriter, r *http.Request) (string, bool) {
	user, ok := n.ntlm.Load().Authenticate(w, r)
	if !ok {
		return "", false
	}
	return n.account(user.Domain, user.Name), true
}
