package exchange

import (
	"fmt"
	"net/http"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// checkSignIn returns an error unless SignIn is set exactly when the configuration leaves
// signing in to the program.
func (o *Options) checkSignIn(c *Config) error {
	switch external := c.Authentication.Type == AuthenticationExternal; {
	case external && o.SignIn == nil:
		return driver.Invalid(configNamed(c.Name), "authentication.type",
			`is "external": the program signs in itself, with SignIn of its Options, but this one does not set it; set "ntlm", "basic" or "azureAD", or use a program that does`)
	case !external && o.SignIn != nil:
		return driver.Invalid("options", "SignIn", fmt.Sprintf(`is set, but authentication.type of the configuration is %q; set it to "external", or leave SignIn out`, c.Authentication.Type))
	}
	return nil
}

// signer makes the RoundTrippers that sign in as configured.
type signer struct {
	cfg      *Config
	base     http.RoundTripper
	external func(endpoint string, base http.RoundTripper) (http.RoundTripper, error)
	wrap     func(http.RoundTripper) http.RoundTripper
}

// signIn returns a RoundTripper that signs in to the host of a URL, wrapped.
func (s *signer) signIn(endpoint string) (http.RoundTripper, error) {
	var rt http.RoundTripper
	var err error
	switch s.cfg.Authentication.Type {
	case AuthenticationExternal:
		rt, err = s.signInExternally(endpoint)
	case AuthenticationNTLM:
		rt, err = s.cfg.ntlm(endpoint, s.base)
	case AuthenticationAzureAD:
		rt, err = s.cfg.azureAD(endpoint, s.base)
	default:
		rt, err = s.basic(endpoint)
	}
	if err != nil {
		return nil, err
	}
	return s.wrapped(rt)
}

func (s *signer) basic(endpoint string) (http.RoundTripper, error) {
	credential, err := s.cfg.credential()
	if err != nil {
		return nil, err
	}
	return auth.Basic(endpoint, credential, &auth.BasicOptions{Transport: s.base, SendPasswordOverPlainHTTP: s.cfg.AllowPlainHTTP})
}

// signInExternally asks the program for a RoundTripper. It gets the requests for the
// host of the endpoint, and no others.
func (s *signer) signInExternally(endpoint string) (http.RoundTripper, error) {
	confine := func(rt http.RoundTripper) (http.RoundTripper, error) {
		return auth.Confine(endpoint, rt, &auth.ConfineOptions{SendOverPlainHTTP: s.cfg.AllowPlainHTTP, Transport: s.base})
	}
	if _, err := confine(s.base); err != nil { // before the program hears of the endpoint
		return nil, err
	}
	rt, err := s.external(endpoint, s.base)
	if err != nil {
		return nil, fmt.Errorf("signing in (SignIn of the options): %w", err)
	}
	if rt == nil {
		return nil, driver.Invalid("options", "SignIn", "returned neither a RoundTripper nor an error; it must return one of them")
	}
	return confine(rt)
}

// wrapped puts WrapTransport of the options around a RoundTripper.
func (s *signer) wrapped(rt http.RoundTripper) (http.RoundTripper, error) {
	if s.wrap == nil {
		return rt, nil
	}
	outer := s.wrap(rt)
	if outer == nil {
		return nil, driver.Invalid("options", "WrapTransport", "returned nil; return the RoundTripper that it was given, if there is nothing to add")
	}
	return &wrapper{outer, rt}, nil
}

// wrapper is a RoundTripper together with the inner one that it wraps, whose connections
// can be closed through any wrapping.
type wrapper struct {
	http.RoundTripper
	inner http.RoundTripper
}

// CloseIdleConnections closes the idle connections of the wrapped RoundTripper.
func (w *wrapper) CloseIdleConnections() { closeIdle(w.inner) }
