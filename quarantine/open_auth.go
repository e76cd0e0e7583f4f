package quarantine

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

// connection is the way to the server of a configuration.
type connection struct {
	url       string // of EWS; empty if discover finds it
	discover  func(context.Context) (string, error)
	transport http.RoundTripper // signs in
	close     func() error      // ends what is idle
}

// connect returns the way to the server, without going it.
func (c *Config) connect(o *Options) (connection, error) {
	base, err := c.transport(o.Transport)
	if err != nil {
		return connection{}, err
	}
	conn := connection{url: c.EWSURL}
	if c.EWSURL == "" {
		d, err := c.discovery(base, o.Resolver, o.UserAgent, o.Logger)
		if err != nil {
			return connection{}, err
		}
		conn.discover, conn.transport = d.EWSURL, d
	} else if conn.transport, err = c.signIn(c.EWSURL, base); err != nil {
		return connection{}, err
	}
	conn.close = func() error { closeIdle(conn.transport); closeIdle(base); return nil }
	return conn, nil
}

// transport returns the transport that the configuration describes, unless one
// is given. It adds no credentials.
func (c *Config) transport(given http.RoundTripper) (http.RoundTripper, error) {
	if given != nil {
		return given, nil
	}
	return auth.NewTransport(&auth.TransportOptions{
		UseProxy: c.UseProxy, ProxyURL: c.ProxyURL.Reveal(), RootCAFile: c.RootCAFile,
	})
}

// signIn returns a RoundTripper that signs in to the host of a URL as the
// configuration says.
func (c *Config) signIn(url string, base http.RoundTripper) (http.RoundTripper, error) {
	switch c.Authentication.Type {
	case AuthenticationNTLM:
		return c.ntlm(url, base)
	case AuthenticationAzureAD:
		return c.azureAD(url, base)
	}
	credential, err := c.credential()
	if err != nil {
		return nil, err
	}
	return auth.Basic(url, credential, &auth.BasicOptions{Transport: base, SendPasswordOverPlainHTTP: c.AllowPlainHTTP})
}

func closeIdle(rt http.RoundTripper) {
	if c, ok := rt.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// credential returns user name and password, which is fetched when it is needed
// if the configuration says how.
func (c *Config) credential() (auth.Credential, error) {
	password := func(context.Context) (string, error) { return c.Authentication.Password.Reveal(), nil }
	if c.Authentication.PasswordFunc != nil {
		password = c.Authentication.PasswordFunc
	}
	return auth.NewCredentialFunc(c.Authentication.Username, password)
}

func (c *Config) ntlm(url string, base http.RoundTripper) (http.RoundTripper, error) {
	transport, ok := base.(*http.Transport)
	if !ok {
		return nil, invalid("options", "Transport", fmt.Sprintf("is a %T; NTLM signs in connections, so it needs an *http.Transport", base))
	}
	credential, err := c.credential()
	if err != nil {
		return nil, err
	}
	return auth.NTLM(url, credential, &auth.NTLMOptions{
		Transport: transport, DisableChannelBinding: c.Authentication.DisableChannelBinding, SendNTLMOverPlainHTTP: c.AllowPlainHTTP,
	})
}

func (c *Config) azureAD(url string, base http.RoundTripper) (http.RoundTripper, error) {
	certificate, err := auth.LoadPFX(c.Authentication.PrivateKeyFile, c.Authentication.PrivateKeyPassword.Reveal())
	switch {
	case errors.Is(err, auth.ErrPFXPassword) && c.Authentication.PrivateKeyPassword.IsZero():
		return nil, fmt.Errorf("authentication.privateKeyFile: %w, or the environment variable %s, if the program reads it", err, c.envNames(EnvPrivateKeyPassword))
	case err != nil:
		return nil, fmt.Errorf("authentication.privateKeyFile: %w", err)
	}
	endpoint := c.Authentication.AuthenticationEndpoint
	return auth.AzureAD(url, auth.AzureADOptions{
		ApplicationID: c.Authentication.ApplicationID, TenantID: c.Authentication.TenantID,
		Certificate: certificate, AuthenticationEndpoint: endpoint, Transport: base,
	})
}
