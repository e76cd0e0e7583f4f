// Package auth signs in to Exchange: each constructor returns an
// [net/http.RoundTripper] that belongs to one identity at one endpoint.
//
//   - [Basic]: user name and password with every request.
//   - [NTLM]: NTLMv2 with channel binding (Extended Protection).
//   - [AzureAD]: tokens for an application with a certificate; [NewCertificate]
//     and [LoadPFX] provide one.
//   - [NewTransport]: the connection settings underneath, such as proxy, trusted
//     roots and timeouts.
//
// They all follow these rules:
//
//   - Credentials go to the scheme, host and port of the endpoint and nowhere
//     else. A request to any other, including one reached by a redirect, is
//     refused before a byte is sent.
//   - Credentials do not go over plain HTTP, except to this machine or where an
//     option explicitly allows it.
//   - The first refusal of credentials that never worked is final. Until the
//     server has accepted them once, requests are sent one at a time, and a request
//     that has waited for a minute fails with an [*AuthError] that is Temporary. After
//     a refusal no more are sent, because about ten wrong passwords lock an
//     account. If the credentials have worked before, the next attempt waits one
//     minute, then two, and so on up to half an hour.
//   - Passwords and certificates can change while the program runs: after a refusal
//     their source is asked again, and a different value is tried once. If that gets no
//     response within 10 seconds, the old one is used in the meantime. See
//     [NewCredentialFunc] and AzureADOptions.CertificateFunc.
//   - Refusals are [*AuthError]. They say what to check and contain no secrets: any that
//     the other side echoes are removed from all errors.
//   - Two identities never share a connection that the server has
//     authenticated.
//
// # NTLM
//
// NTLM authenticates a connection, not a request, so whoever has the connection
// has the identity. A connection pool shared by requests breaks it: the handshakes of
// two requests interleave, and a response may be another user's. Here each
// connection is a session with its own [net/http.Transport], which can dial only
// once. This was preferred to reading and writing the connection directly,
// because net/http streams in both directions, copes with early responses,
// proxies and cancelled contexts, and leaks no goroutines; and because a
// transport that cannot dial again can never move a request to a connection that
// is not signed in. This package adds the handshake, the pool, and the knowledge
// of whether a byte of the request was sent.
//
// Any other RoundTripper can be used instead; ews.Client requires nothing more.
package auth
