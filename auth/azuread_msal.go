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
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	msalerrors "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
)

type fetchFunc = func(ctx context.Context, claims string) (token, time.Duration, error)

// newTokenFetcher returns a function that gets a token from the authority. MSAL
// signs and sends the requests; this package decides when, because MSAL would
// let each goroutine that finds no token request one.
func newTokenFetcher(authority, scope string, opts AzureADOptions) (fetchFunc, error) {
	u, err := url.Parse(authority)
	if err != nil {
		return nil, errors.New("auth: authentication.authenticationEndpoint is not a URL")
	}
	cert := opts.Certificate
	cred, err := confidential.NewCredFromCert(append([]*x509.Certificate{cert.leaf}, cert.chain...), cert.key())
	if err != nil {
		return nil, fmt.Errorf("auth: cannot use the certificate: %w", err)
	}
	options := []confidential.Option{
		confidential.WithHTTPClient(&http.Client{
			Transport: opts.TokenTransport,
			// An authority has no reason to send the signed request elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
		confidential.WithCache(noCache{}),
		// Declares that claims challenges are understood.
		confidential.WithClientCapabilities([]string{"CP1"}),
		confidential.WithInstanceDiscovery(authorityGroup(u.Hostname()) != ""),
	}
	if opts.SendChain {
		options = append(options, confidential.WithX5C())
	}
	client, err := confidential.New(authority+"/"+opts.TenantID, opts.ApplicationID, cred, options...)
	if err != nil {
		return nil, fmt.Errorf("auth: authentication.authenticationEndpoint or tenantId: %w", err)
	}
	return func(ctx context.Context, claims string) (token, time.Duration, error) {
		if err := cert.CheckValidity(time.Now()); err != nil {
			return token{}, failurePause, notSent(err)
		}
		var extra []confidential.AcquireByCredentialOption
		if claims != "" {
			extra = append(extra, confidential.WithClaims(claims))
		}
		result, err := client.AcquireTokenByCredential(ctx, []string{scope}, extra...)
		if err != nil {
			pause, err := tokenFailure(err, u.Host)
			return token{}, pause, err
		}
		return newToken(result), 0, nil
	}, nil
}

func newToken(r confidential.AuthResult) token {
	t := token{value: r.AccessToken, expires: r.ExpiresOn, refreshOn: r.Metadata.RefreshOn}
	if t.refreshOn.IsZero() {
		// When a quarter of its lifetime is left.
		t.refreshOn = t.expires.Add(-time.Until(t.expires) / 4)
	}
	return t
}

// noCache keeps MSAL from returning a token it got earlier: this package keeps
// the token and asks for a new one when it needs it.
type noCache struct{}

// Replace implements [cache.ExportReplace].
func (noCache) Replace(_ context.Context, c cache.Unmarshaler, _ cache.ReplaceHints) error {
	return c.Unmarshal([]byte("{}"))
}

// Export implements [cache.ExportReplace].
func (noCache) Export(context.Context, cache.Marshaler, cache.ExportHints) error { return nil }

// TokenError is a refusal by the authority (Azure AD) to issue a token.
type TokenError struct {
	Status        int
	Code          string // OAuth 2.0 error, such as invalid_client
	Numbers       []int  // AADSTS error numbers
	Description   string // the authority's text, shortened
	CorrelationID string // for Microsoft's support
}

// Error returns what the authority said, quoted.
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

// tokenAdvice says what to do about the commonest AADSTS errors.
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

// tokenFailure makes an MSAL error safe to show: MSAL's contains the whole
// request, with the signed assertion. It also returns how long to leave the
// authority alone.
func tokenFailure(err error, host string) (time.Duration, error) {
	call, ok := errors.AsType[msalerrors.CallErr](err)
	if !ok || call.Resp == nil {
		return failurePause, &AuthError{
			Scheme: "Bearer", Host: host, Unsent: true, Err: flatError{err},
			Message: "no token, because the authority sent no usable response; check authentication.authenticationEndpoint and the connection to it (name servers, proxy, firewall)",
		}
	}
	refusal := readTokenError(call.Resp)
	e := &AuthError{Scheme: "Bearer", Host: host, Unsent: true, Err: refusal, Message: "the authority issued no token; it may be temporarily unavailable"}
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
	if s, err := strconv.Atoi(call.Resp.Header.Get("Retry-After")); err == nil && s > 0 {
		pause = max(pause, min(time.Duration(s)*time.Second, 5*time.Minute))
	}
	return pause, e
}

// flatError shows an error in one line of bounded length: MSAL's errors contain
// line breaks and whole responses.
type flatError struct{ err error }

func (e flatError) Error() string {
	text := strings.Join(strings.Fields(e.err.Error()), " ")
	const most = 500
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

func (e flatError) Unwrap() error { return e.err }

// readTokenError reads an OAuth 2.0 error.
func readTokenError(resp *http.Response) *TokenError {
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
	description, _, _ := strings.Cut(body.Description, "\r\n")
	e.Code, e.Numbers = shorten(body.Error), body.Codes
	e.Description, e.CorrelationID = shorten(description), shorten(body.CorrelationID)
	return e
}
