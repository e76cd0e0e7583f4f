package quarantine

import (
	"context"
	"fmt"
	"net/http"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

// signIn returns a RoundTripper that signs in as the configuration says, and how
// to close its connections.
func (c *Config) signIn(base http.RoundTripper) (http.RoundTripper, func() error, error) {
	if base == nil {
		t, err := auth.NewTransport(&auth.TransportOptions{
			UseProxy: c.UseProxy, ProxyURL: c.ProxyURL.Reveal(), RootCAFile: c.RootCAFile,
		})
		if err != nil {
			return nil, nil, err
		}
		base = t
	}
	var rt http.RoundTripper
	var err error
	switch c.Authentication.Type {
	case AuthenticationNTLM:
		rt, err = c.ntlm(base)
	case AuthenticationAzureAD:
		rt, err = c.azureAD(base)
	default:
		var credential auth.Credential
		if credential, err = c.credential(); err == nil {
			rt, err = auth.Basic(c.EWSURL, credential, &auth.BasicOptions{Transport: base, SendPasswordOverPlainHTTP: c.AllowPlainHTTP})
		}
	}
	if err != nil {
		return nil, nil, err
	}
	return rt, func() error { closeIdle(rt); closeIdle(base); return nil }, nil
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

func (c *Config) ntlm(base http.RoundTripper) (http.RoundTripper, error) {
	transport, ok := base.(*http.Transport)
	if !ok {
		return nil, fmt.Errorf("%w options: Transport: NTLM signs in connections, so it needs an *http.Transport, not a %T", ErrInvalid, base)
	}
	credential, err := c.credential()
	if err != nil {
		return nil, err
	}
	return auth.NTLM(c.EWSURL, credential, &auth.NTLMOptions{
		Transport: transport, DisableChannelBinding: c.Authentication.DisableChannelBinding, SendNTLMOverPlainHTTP: c.AllowPlainHTTP,
	})
}

func (c *Config) azureAD(base http.RoundTripper) (http.RoundTripper, error) {
	certificate, err := auth.LoadPFX(c.Authentication.PrivateKeyFile, c.Authentication.PrivateKeyPassword.Reveal())
	if err != nil {
		return nil, fmt.Errorf("authentication.privateKeyFile: %w", err)
	}
	endpoint := c.Authentication.AuthenticationEndpoint
	return auth.AzureAD(c.EWSURL, auth.AzureADOptions{
		ApplicationID: c.Authentication.ApplicationID, TenantID: c.Authentication.TenantID,
		Certificate: certificate, AuthenticationEndpoint: endpoint, Transport: base,
	})
}
