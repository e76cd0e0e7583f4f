// Package azuread is an Azure AD authority for tests: discovery, and the token
// endpoint of the client credentials flow with a certificate. It verifies the
// signed assertion against the certificates registered with the application,
// issues signed tokens with audience, roles and times, and verifies them for the
// resource. Like Azure AD, it refuses with AADSTS numbers.
//
// An [Authority] is an http.Handler to be served over TLS; its issuer uses the
// host of the request.
//
// See https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials
// and https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow.
package azuread
