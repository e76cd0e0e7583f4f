package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// defaultAuthority issues the tokens unless a setting or the cloud of the EWS
// endpoint says otherwise.
const defaultAuthority = "https://login.windows.net"

// AzureADOptions are the settings of [AzureAD].
type AzureADOptions struct {
	// ApplicationID is the application's (client) id, a GUID. Required.
	ApplicationID string

	// TenantID is the tenant's id or one of its domain names. Required.
	TenantID string

	// Certificate signs the token requests. It must be registered with the
	// application; see [Certificate.CER] and [Certificate.KeyCredentials]. Required.
	Certificate *Certificate

	// CertificateFunc fetches a newer certificate, so that it can be replaced while
	// the program runs. It is called before each token request, about once an hour, and
	// again after a refusal, when a different certificate is tried once. If it fails, the
	// previous certificate is used. It must be safe for concurrent use. Default: none;
	// Certificate is always used.
	CertificateFunc func(context.Context) (*Certificate, error)

	// AuthenticationEndpoint is the authority's URL without the tenant. Hosts
	// that are not Microsoft's are not looked up in Microsoft's directory of
	// authorities. Default: the authority of the cloud that has the EWS host of ewsURL
	// (see [Clouds]), or else https://login.windows.net.
	AuthenticationEndpoint string

	// Scope is the scope requested for the token. Default: the scope of the cloud,
	// or else https://HOST/.default with the host of ewsURL.
	Scope string

	// SendChain sends the certificate and its chain with each token request,
	// for applications that trust a subject name and issuer instead of one
	// certificate.
	SendChain bool

	// OtherService means that the URL belongs to a service other than EWS, such as
	// Microsoft Graph. A 403 is then returned to the caller instead of an
	// [*EWSBlockedError], and any 401 replaces the token once, because such services do
	// not give a reason. Default: false.
	OtherService bool

	// Transport sends the requests to Exchange. Default: a private one from
	// NewTransport without options.
	Transport http.RoundTripper

	// TokenTransport sends the requests to the authority. Default: Transport.
	TokenTransport http.RoundTripper
}

var (
	guid   = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	domain = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?(\.[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?)+$`)
)

// AzureAD returns a RoundTripper that signs in to Exchange Online, or to
// Exchange Server with hybrid modern authentication, as an application with a
// certificate (OAuth 2.0 client credentials). Every request must impersonate the
// mailbox it works on; the application needs full_access_as_app, or the role
// Application EWS.AccessAsApp for the mailboxes in question.
//
// Tokens go to the host of ewsURL over https, and nowhere else. One token is kept
// and replaced before it expires, with a single request however many goroutines
// need it. On a 401 that reports an invalid or expired token, or demands claims,
// the token is replaced and the request is sent once more if its body can be
// read again; any other 401 becomes an [*AuthError]. A 403 becomes an
// [*EWSBlockedError].
//
// Exchange Online accepts EWS only from allow-listed applications, and only until
// 2027-04-01.
//
// AzureAD does no I/O.
func AzureAD(ewsURL string, opts *AzureADOptions) (*AzureADTransport, error) {
	var o AzureADOptions
	if opts != nil {
		o = *opts
	}
	e, err := parseEndpoint(ewsURL)
	if err != nil {
		return nil, err
	}
	if e.scheme != "https" {
		return nil, errors.New("auth: ewsUrl must begin with https:// for Azure AD, because anyone who sees a token can use it")
	}
	switch {
	case !guid.MatchString(o.ApplicationID):
		return nil, errors.New("auth: authentication.applicationId is not a GUID; copy it from the application's page in the Azure portal")
	case !guid.MatchString(o.TenantID) && !domain.MatchString(o.TenantID):
		return nil, errors.New("auth: authentication.tenantId is neither a GUID nor a domain name such as customer.onmicrosoft.com")
	case o.Certificate == nil:
		return nil, errors.New("auth: authentication.privateKeyFile is missing; Azure AD needs a certificate")
	}
	if err := o.Certificate.CheckValidity(time.Now()); err != nil {
		return nil, err
	}
	authority, scope, err := chooseCloud(e, o.AuthenticationEndpoint, o.Scope)
	if err != nil {
		return nil, err
	}
	if o.Transport == nil {
		if o.Transport, err = NewTransport(nil); err != nil {
			return nil, err
		}
	}
	if o.TokenTransport == nil {
		o.TokenTransport = o.Transport
	}
	f, err := newTokenFetcher(authority, scope, o)
	if err != nil {
		return nil, err
	}
	return &AzureADTransport{
		endpoint: e, applicationID: o.ApplicationID, fetcher: f, other: o.OtherService,
		next: o.Transport, tokens: &tokenSource{fetch: f.fetch, renewed: f.renewed}, sent: f.sent,
	}, nil
}

// chooseCloud returns the authority's URL and the scope.
func chooseCloud(e endpoint, authority, scope string) (string, string, error) {
	cloud, known := CloudOf(e.bare)
	given := authority != ""
	switch {
	case given:
	case known:
		authority = cloud.Authority
	default:
		authority = defaultAuthority
	}
	u, err := url.Parse(authority)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
		return "", "", errors.New("auth: authentication.authenticationEndpoint must be a URL like https://login.windows.net; the tenant belongs in authentication.tenantId")
	}
	if given && known {
		own, err := url.Parse(cloud.Authority)
		if group := authorityGroup(u.Host); err == nil && group != "" && group != authorityGroup(own.Host) {
			return "", "", fmt.Errorf("auth: authentication.authenticationEndpoint %s cannot sign in to %s (cloud %s); leave it empty, or use %s",
				u.Host, e.bare, cloud.Name, cloud.Authority)
		}
	}
	switch {
	case scope != "":
	case known:
		scope = cloud.Scope
	default:
		scope = "https://" + strings.TrimSuffix(e.host, ":443") + "/.default"
	}
	return "https://" + strings.ToLower(u.Host), scope, nil
}

// AzureADTransport is the RoundTripper that [AzureAD] returns.
type AzureADTransport struct {
	endpoint      endpoint
	applicationID string
	fetcher       *tokenFetcher
	other         bool // the service is not EWS
	next          http.RoundTripper
	tokens        *tokenSource    // pointers, so that fmt does not print what they point to
	sent          *redact.Secrets // must not come back in an error
}

// Certificate returns the certificate last used to sign in, so that its expiry can be
// monitored.
func (t *AzureADTransport) Certificate() *Certificate { return t.fetcher.certificate() }

// CloseIdleConnections closes the connections that are not in use.
func (t *AzureADTransport) CloseIdleConnections() { closeIdle(t.next) }

// RoundTrip implements [http.RoundTripper].
func (t *AzureADTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.sent.AddProxy(t.next, req)
	t.sent.Announce(req.Context())
	body := newRequestBody(req)
	resp, err := t.roundTrip(req, body)
	body.settle(err != nil)
	if err != nil {
		return nil, t.sent.Error(err)
	}
	resp.Request = req // without the token
	return resp, nil
}

func (t *AzureADTransport) roundTrip(req *http.Request, body *requestBody) (*http.Response, error) {
	if err := t.endpoint.admit("Bearer", req); err != nil {
		return nil, err
	}
	ctx := req.Context()
	value, err := t.tokens.get(ctx)
	if err != nil {
		return nil, t.noToken(err)
	}
	resp, err := t.send(req, body, value)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return t.conclude(resp, err)
	}
	refusal := readBearerRefusal(resp, t.sent)
	if !refusal.renew() && !t.other {
		return nil, t.refused(refusal, "")
	}
	value, err = t.tokens.replace(ctx, value, refusal.claims)
	switch {
	case errors.Is(err, errNoReplacement):
		return nil, t.refused(refusal, "A new token did not help a moment ago. ")
	case err != nil:
		return nil, t.noToken(err)
	}
	resp, err = t.send(req, body, value)
	if errors.Is(err, errBodySpent) {
		return nil, t.refused(refusal, "The token was replaced, but the request cannot be sent again because its body cannot be read again. ")
	}
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		t.tokens.unhelpful()
		return nil, t.refused(readBearerRefusal(resp, t.sent), "A new token did not help. ")
	}
	return t.conclude(resp, err)
}

// send makes one attempt at the request.
func (t *AzureADTransport) send(req *http.Request, body *requestBody, value string) (*http.Response, error) {
	stream, ok := body.next()
	if !ok {
		return nil, errBodySpent
	}
	t.sent.AddToken(value)
	attempt := req.Clone(req.Context())
	attempt.Body = stream
	attempt.Header.Set("Authorization", "Bearer "+value)
	return t.next.RoundTrip(attempt)
}

// conclude turns a 403 from EWS into an error.
func (t *AzureADTransport) conclude(resp *http.Response, err error) (*http.Response, error) {
	if err != nil || resp.StatusCode != http.StatusForbidden || t.other {
		return resp, err
	}
	return nil, &EWSBlockedError{ApplicationID: t.applicationID, Host: t.endpoint.host, Detail: t.readDetail(resp)}
}

func (t *AzureADTransport) noToken(err error) error {
	if e, ok := errors.AsType[*AuthError](err); ok {
		return e
	}
	return notSent(err)
}
