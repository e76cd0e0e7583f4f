package exchange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Connection connects to the server of a configuration: it finds EWS if ewsUrl
// is empty, and signs in. [Open] uses one; so can a program that makes its own
// calls with package ews, or tests the steps one by one. Its methods may be
// called concurrently.
type Connection struct {
	cfg       Config // with defaults
	signer    *signer
	discovery *discovery // nil: ewsUrl is set

	mu     sync.Mutex
	signIn map[string]http.RoundTripper // by URL
}

// Connect prepares a connection to the server of a configuration, which must be valid. It
// does no network I/O. Of the options it uses Transport, SignIn, WrapTransport, Resolver,
// UserAgent and Logger. The error names the setting that cannot be used.
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
	if err := o.checkSignIn(cfg); err != nil {
		return nil, err
	}
	c := &Connection{cfg: cfg.WithDefaults(), signIn: make(map[string]http.RoundTripper)}
	c.signer = &signer{cfg: &c.cfg, base: o.Transport, external: o.SignIn, wrap: o.WrapTransport}
	var err error
	if o.Transport == nil {
		c.signer.base, err = auth.NewTransport(&auth.TransportOptions{
			UseProxy: c.cfg.UseProxy, ProxyURL: c.cfg.ProxyURL.Reveal(), RootCAFile: c.cfg.RootCAFile,
			ClientCertificateFile: c.cfg.ClientCertificateFile, ClientCertificatePassword: c.cfg.ClientCertificatePassword.Reveal(),
			Renegotiation: c.cfg.TLSRenegotiation,
		})
	}
	err = unread(err)
	if err == nil && c.cfg.EWSURL == "" && c.cfg.API != APIGraph {
		c.discovery, err = newDiscovery(&c.cfg, c.signer, o.Resolver, o.UserAgent, o.Logger)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Base returns the underlying transport, which adds no credentials: the one in
// the options, or one built from the configuration.
func (c *Connection) Base() http.RoundTripper { return c.signer.base }

// SignIn returns a RoundTripper that signs in as configured, to the host of a URL and to no
// other, wrapped with WrapTransport of the options. It returns the same one each time for
// the same URL: one that was refused does not try the password again, which could lock the
// account.
func (c *Connection) SignIn(url string) (http.RoundTripper, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if rt, ok := c.signIn[url]; ok {
		return rt, nil
	}
	rt, err := c.signer.signIn(url)
	if err != nil {
		return nil, unread(err)
	}
	c.signIn[url] = rt
	return rt, nil
}

// Discover finds the EWS URL with Autodiscover if ewsUrl is empty; otherwise it returns an
// error. It remembers the result. It remembers a failure for 15 seconds to 5 minutes, and
// refused credentials until they change, to avoid locking the account.
func (c *Connection) Discover(ctx context.Context) (*autodiscover.Result, error) {
	if c.discovery == nil {
		return nil, driver.Invalid(configNamed(c.cfg.Name), "ewsUrl", "is set, so Autodiscover is not used; use that URL")
	}
	found, err := c.discovery.get(ctx)
	if err != nil {
		return nil, err
	}
	return found.Result, nil
}

// Client returns an EWS client that signs in as configured. If ewsUrl is empty,
// its first call finds the URL. The options may be nil; their Transport and
// Discover are ignored. Payer and StallTimeout are those of the configuration unless
// the options set them.
func (c *Connection) Client(opts *ews.Options) (*ews.Client, error) {
	if c.cfg.API == APIGraph {
		return nil, driver.Invalid(configNamed(c.cfg.Name), "api", `is "graph", which has no EWS client; set "ews" while the tenant still has it`)
	}
	var o ews.Options
	if opts != nil {
		o = *opts
	}
	o.Payer = cmp.Or(o.Payer, c.cfg.Authentication.Username)
	o.StallTimeout = cmp.Or(o.StallTimeout, time.Duration(c.cfg.StallTimeout))
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

// Close closes idle connections.
func (c *Connection) Close() error {
	if c.discovery != nil {
		c.discovery.CloseIdleConnections()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rt := range c.signIn {
		closeIdle(rt)
	}
	closeIdle(c.signer.base)
	return nil
}

func closeIdle(rt http.RoundTripper) {
	if c, ok := rt.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// credential returns the user name and the password, which is fetched when needed.
func (c *Config) credential() (auth.Credential, error) {
	if !c.Authentication.Password.IsZero() {
		return auth.NewCredential(c.Authentication.Username, c.Authentication.Password.Reveal())
	}
	return auth.NewCredentialFunc(c.Authentication.Username, c.password)
}

// password returns the current password.
func (c *Config) password(ctx context.Context) (string, error) {
	a := &c.Authentication
	switch {
	case a.PasswordFunc != nil:
		return a.PasswordFunc(ctx)
	case a.PasswordFile != "":
		return readPassword(a.PasswordFile)
	}
	return a.Password.Reveal(), nil
}

func (c *Config) ntlm(url string, base http.RoundTripper) (http.RoundTripper, error) {
	transport, ok := base.(*http.Transport)
	if !ok {
		return nil, driver.Invalid("options", "Transport", fmt.Sprintf("is a %T; use an *http.Transport, since NTLM authenticates connections", base))
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
	first, err := c.certificate()
	if err != nil {
		return nil, err
	}
	return auth.AzureAD(url, &auth.AzureADOptions{
		ApplicationID: c.Authentication.ApplicationID, TenantID: c.Authentication.TenantID,
		Certificate:            first,
		CertificateFunc:        func(context.Context) (*auth.Certificate, error) { return c.certificate() },
		AuthenticationEndpoint: c.Authentication.AuthenticationEndpoint, OtherService: c.API == APIGraph, Transport: base,
	})
}

// certificate reads the certificate of the application.
func (c *Config) certificate() (*auth.Certificate, error) {
	certificate, err := auth.LoadPFX(c.Authentication.PrivateKeyFile, c.Authentication.PrivateKeyPassword.Reveal())
	switch {
	case errors.Is(err, auth.ErrPFXPassword) && c.Authentication.PrivateKeyPassword.IsZero():
		return nil, fmt.Errorf("authentication.privateKeyFile: %w, or the environment variable %s, if the program reads it", err, c.envNames(EnvPrivateKeyPassword))
	case err != nil:
		return nil, fmt.Errorf("authentication.privateKeyFile: %w", err)
	}
	return certificate, nil
}
