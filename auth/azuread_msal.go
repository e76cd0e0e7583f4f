package auth

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	msalerrors "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// tokenFetcher gets tokens from the authority. MSAL signs and sends the requests; this
// package decides when, because MSAL would let each goroutine that finds no token
// request one.
type tokenFetcher struct {
	authority string // with the tenant
	host      string
	scope     string
	opts      AzureADOptions
	sent      *redact.Secrets

	mu     sync.Mutex
	signer *signer
}

// signer is the client that signs with one certificate.
type signer struct {
	cert    *Certificate
	client  confidential.Client
	refused bool // the authority refused what it signed
}

func newTokenFetcher(authority, scope string, opts AzureADOptions) (*tokenFetcher, error) {
	u, err := url.Parse(authority)
	if err != nil {
		return nil, errors.New("auth: authentication.authenticationEndpoint is not a URL")
	}
	f := &tokenFetcher{authority: authority + "/" + opts.TenantID, host: u.Host, scope: scope, opts: opts, sent: new(redact.Secrets)}
	f.signer, err = f.newSigner(opts.Certificate)
	return f, err
}

func (f *tokenFetcher) newSigner(cert *Certificate) (*signer, error) {
	cred, err := confidential.NewCredFromCert(append([]*x509.Certificate{cert.leaf}, cert.chain...), cert.key())
	if err != nil {
		return nil, fmt.Errorf("auth: cannot use the certificate: %w", err)
	}
	name, _, _ := strings.Cut(f.host, ":")
	options := []confidential.Option{
		confidential.WithHTTPClient(&http.Client{
			Transport: assertionWatch{f.opts.TokenTransport, f.sent},
			// An authority has no reason to send the signed request elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
		confidential.WithCache(noCache{}),
		// Declares that claims challenges are understood.
		confidential.WithClientCapabilities([]string{"CP1"}),
		confidential.WithInstanceDiscovery(authorityGroup(name) != ""),
	}
	if f.opts.SendChain {
		options = append(options, confidential.WithX5C())
	}
	client, err := confidential.New(f.authority, f.opts.ApplicationID, cred, options...)
	if err != nil {
		return nil, fmt.Errorf("auth: authentication.authenticationEndpoint or tenantId: %w", err)
	}
	return &signer{cert: cert, client: client}, nil
}

func (f *tokenFetcher) certificate() *Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.signer.cert
}

// current returns the client that signs with the current certificate. While that
// cannot be used, for example because its file is being written, the old one stays.
func (f *tokenFetcher) current(ctx context.Context) *signer {
	var cert *Certificate
	var err error
	if f.opts.CertificateFunc != nil {
		cert, err = f.opts.CertificateFunc(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil || cert == nil || cert.leaf.Equal(f.signer.cert.leaf) || cert.CheckValidity(time.Now()) != nil {
		return f.signer
	}
	if next, err := f.newSigner(cert); err == nil {
		f.signer = next
	}
	return f.signer
}

// renewed reports whether there is a certificate other than the one refused.
func (f *tokenFetcher) renewed(ctx context.Context) bool {
	s := f.current(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	return !s.refused
}

// fetch requests a token. If that is refused, and there is another certificate by now,
// it tries once more with that one.
func (f *tokenFetcher) fetch(ctx context.Context, claims string) (token, time.Duration, error) {
	used := f.current(ctx)
	t, pause, err := f.request(ctx, used, claims)
	if e, ok := errors.AsType[*AuthError](err); !ok || !e.Refused {
		return t, pause, err
	}
	f.mu.Lock()
	used.refused = true
	f.mu.Unlock()
	if next := f.current(ctx); next != used {
		return f.request(ctx, next, claims)
	}
	return t, pause, err
}

func (f *tokenFetcher) request(ctx context.Context, s *signer, claims string) (token, time.Duration, error) {
	if err := s.cert.CheckValidity(time.Now()); err != nil {
		return token{}, failurePause, notSent(err)
	}
	var extra []confidential.AcquireByCredentialOption
	if claims != "" {
		extra = append(extra, confidential.WithClaims(claims))
	}
	result, err := s.client.AcquireTokenByCredential(ctx, []string{f.scope}, extra...)
	if err != nil {
		pause, err := f.failure(err)
		return token{}, pause, err
	}
	return newToken(result), 0, nil
}

func newToken(r confidential.AuthResult) token {
	t := token{value: r.AccessToken, expires: r.ExpiresOn, refreshOn: r.Metadata.RefreshOn}
	if t.refreshOn.IsZero() {
		// A quarter of its lifetime is then left.
		t.refreshOn = t.expires.Add(-time.Until(t.expires) / 4)
	}
	return t
}

// noCache keeps MSAL from returning a token it got earlier: this package keeps
// the token, and asks for a new one when it needs one.
type noCache struct{}

// Replace implements [cache.ExportReplace].
func (noCache) Replace(_ context.Context, c cache.Unmarshaler, _ cache.ReplaceHints) error {
	return c.Unmarshal([]byte("{}"))
}

// Export implements [cache.ExportReplace].
func (noCache) Export(context.Context, cache.Marshaler, cache.ExportHints) error { return nil }

// TokenError reports that the authority (Azure AD) did not issue a token.
type TokenError struct {
	Status        int
	Code          string // OAuth 2.0 error, such as invalid_client
	Numbers       []int  // AADSTS error numbers
	Description   string // the authority's text, shortened
	CorrelationID string // for Microsoft's support
}

// Error returns the authority's response, quoted.
func (e *TokenError) Error() string {
	s := fmt.Sprintf("HTTP %d, %q", e.Status, e.Code)
	if e.Description != "" {
		s += fmt.Sprintf(", %q", e.Description)
	}
	if e.CorrelationID != "" {
		s += fmt.Sprintf(", correlation id %q", e.CorrelationID)
	}
	return s
}

// tokenAdvice is what to do about the most common AADSTS errors.
var tokenAdvice = map[int]string{
	90002:   "no such tenant: check authentication.tenantId, and that authenticationEndpoint is in the right cloud",
	900023:  "no such tenant: check authentication.tenantId",
	900382:  "the tenant is in another cloud: check authentication.authenticationEndpoint",
	700016:  "the application is not known in this tenant: check authentication.applicationId and tenantId, and give admin consent",
	700027:  "the certificate is not registered with the application, or has expired: upload the .cer file, or add its keyCredentials to the manifest",
	700024:  "the signed request is outside its validity period: check this machine's clock",
	7000222: "the application's credential has expired: register a new certificate",
	7000229: "the application has no service principal in this tenant: give admin consent",
	7000112: "the application is disabled in this tenant",
	500011:  "this tenant does not know Exchange Online under that scope: check the scope and the cloud",
	501051:  "the application is not assigned to a role: grant full_access_as_app with admin consent",
	65001:   "consent is missing: grant full_access_as_app with admin consent",
	53003:   "a Conditional Access policy blocks the application",
}

// failure makes an MSAL error safe to show: MSAL's error contains the whole
// request, with the signed assertion. It also returns how long to leave the
// authority alone.
func (f *tokenFetcher) failure(err error) (time.Duration, error) {
	if _, ok := errors.AsType[msalerrors.InvalidJsonErr](err); ok {
		err = errNoJSON // MSAL's error shows the response, which may contain a token
	}
	call, ok := errors.AsType[msalerrors.CallErr](err)
	if !ok || call.Resp == nil {
		return failurePause, &AuthError{
			Scheme: "Bearer", Host: f.host, Unsent: true, Err: flatError{f.sent.Error(err)},
			Message: "no token, because the authority sent no usable response; check authentication.authenticationEndpoint and the connection to it (name servers, proxy, firewall, and rootCAFile if something in between inspects TLS)",
		}
	}
	refusal := f.readTokenError(call.Resp)
	e := &AuthError{Scheme: "Bearer", Host: f.host, Unsent: true, Err: refusal, Message: "the authority issued no token; it may be temporarily unavailable"}
	pause := failurePause
	if refusal.Status < 500 && refusal.Status != http.StatusTooManyRequests {
		e.Refused, pause = true, refusalPause
		e.Message = "the authority refused to issue a token; check authentication.applicationId, tenantId, authenticationEndpoint and privateKeyFile"
	}
	for _, n := range refusal.Numbers {
		if advice := tokenAdvice[n]; advice != "" {
			e.Message = "the authority refused to issue a token; " + advice
			break
		}
	}
	return max(pause, retryAfter(call.Resp.Header.Get("Retry-After"), time.Now())), e
}

// maxRetryAfter bounds how long an authority can ask to be left alone.
const maxRetryAfter = 5 * time.Minute

// retryAfter parses a Retry-After header, which is a number of seconds or a date (RFC
// 9110, section 10.2.3). It returns 0 if the header is missing or unusable.
func retryAfter(value string, now time.Time) time.Duration {
	var d time.Duration
	if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		d = time.Duration(min(max(n, 0), int64(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}

var errNoJSON = errors.New("its answer is not JSON, or not that of a token")

// flatError shows an error quoted, on one line of bounded length: MSAL's errors contain
// line breaks and whole responses.
type flatError struct{ err error }

func (e flatError) Error() string {
	text := strings.Join(strings.Fields(e.err.Error()), " ")
	const most = 500
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return strconv.Quote(text)
}

func (e flatError) Unwrap() error { return e.err }

// readTokenError reads an OAuth 2.0 error.
func (f *tokenFetcher) readTokenError(resp *http.Response) *TokenError {
	e := &TokenError{Status: resp.StatusCode}
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // MSAL has buffered it
	var body struct {
		Error         string `json:"error"`
		Description   string `json:"error_description"`
		Codes         []int  `json:"error_codes"`
		CorrelationID string `json:"correlation_id"`
	}
	if json.Unmarshal(data, &body) != nil {
		e.Code = "no JSON"
		return e
	}
	// The rest of the description repeats the other fields.
	description, _, _ := strings.Cut(f.sent.Strike(body.Description), "\r\n")
	text := func(s string) string { return shorten(f.sent.Strike(s)) }
	e.Code, e.Numbers = text(body.Error), body.Codes
	e.Description, e.CorrelationID = shorten(description), text(body.CorrelationID)
	return e
}
