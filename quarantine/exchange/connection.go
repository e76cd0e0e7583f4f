package exchange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Connection is the way to the server of a configuration: it finds EWS where
// the configuration does not say where it is, and signs in. [Open] uses one; so
// can a program that makes calls of its own with package ews, or looks at each
// step by itself. Its methods may be called concurrently.
type Connection struct {
	cfg       Config // with defaults
	base      http.RoundTripper
	discovery *discovery // nil: ewsUrl is set

	mu     sync.Mutex
	signIn []http.RoundTripper // to be closed
}

// Connect prepares the way to the server of a configuration, which must be
// valid, and goes no step of it: it contacts nobody. Of the options it uses
// Transport, Resolver, UserAgent and Logger. The error names the setting that
// cannot be used.
func Connect(cfg *Config, opts *Options) (*Connection, error) {
	if cfg == nil {
		return nil, driver.Invalid("configuration", "", "is nil; load one, for example with LoadConfig")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	c := &Connection{cfg: cfg.WithDefaults(), base: o.Transport}
	var err error
	if c.base == nil {
		c.base, err = auth.NewTransport(&auth.TransportOptions{
			UseProxy: c.cfg.UseProxy, ProxyURL: c.cfg.ProxyURL.Reveal(), RootCAFile: c.cfg.RootCAFile,
		})
	}
	if err == nil && c.cfg.EWSURL == "" {
		c.discovery = newDiscovery(&c.cfg, c.base, o.Resolver, o.UserAgent, o.Logger)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Base returns the transport that the requests go through, which adds no
// credentials: the one of the options, or one that the configuration describes.
func (c *Connection) Base() http.RoundTripper { return c.base }

// SignIn returns a RoundTripper that signs in to the host of a URL as the
// configuration says, and to no other.
func (c *Connection) SignIn(url string) (http.RoundTripper, error) {
	rt, err := c.cfg.signIn(url, c.base)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signIn = append(c.signIn, rt)
	return rt, nil
}

// Discover finds the EWS URL by Autodiscover, where ewsUrl is empty. What it
// finds stays; a failure is remembered for a while, and refused credentials for
// good, so that the account is not locked.
func (c *Connection) Discover(ctx context.Context) (*autodiscover.Result, error) {
	if c.discovery == nil {
		return nil, driver.Invalid(configNamed(c.cfg.Name), "ewsUrl", "is set, so there is nothing to find")
	}
	found, err := c.discovery.get(ctx)
	if err != nil {
		return nil, err
	}
	return found.Result, nil
}

// Client returns an EWS client that signs in as the configuration says. Where
// ewsUrl is empty, the first call finds it. The options may be nil; their
// Transport and Discover are set here.
func (c *Connection) Client(opts *ews.Options) (*ews.Client, error) {
	var o ews.Options
	if opts != nil {
		o = *opts
	}
	o.Payer = cmp.Or(o.Payer, c.cfg.Authentication.Username)
	if c.discovery != nil {
		if err := c.discovery.checkSignIn(); err != nil {
			return nil, err
		}
		o.Transport, o.Discover = c.discovery, c.discovery.EWSURL
		return ews.NewClient("", &o)
	}
	var err error
	if o.Transport, err = c.SignIn(c.cfg.EWSURL); err != nil {
		return nil, err
	}
	return ews.NewClient(c.cfg.EWSURL, &o)
}

// Close ends the connections that are idle.
func (c *Connection) Close() error {
	if c.discovery != nil {
		c.discovery.CloseIdleConnections()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rt := range c.signIn {
		closeIdle(rt)
	}
	closeIdle(c.base)
	return nil
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
		return nil, driver.Invalid("options", "Transport", fmt.Sprintf("is a %T; NTLM signs in connections, so it needs an *http.Transport", base))
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
	return auth.AzureAD(url, &auth.AzureADOptions{
		ApplicationID: c.Authentication.ApplicationID, TenantID: c.Authentication.TenantID,
		Certificate: certificate, AuthenticationEndpoint: endpoint, Transport: base,
	})
}
