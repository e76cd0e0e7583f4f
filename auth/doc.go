// Package auth signs in to Exchange: each constructor returns an
// [net/http.RoundTripper] that belongs to one identity at one endpoint.
//
//   - [Basic]: user name and password with every request.
//   - [NTLM]: NTLMv2 with channel binding (Extended Protection).
//   - [AzureAD]: tokens for an application with a certificate; [NewCertificate]
//     and [LoadPFX] provide one.
//   - [NewTransport]: the connection settings below it, such as proxy, trusted
//     roots and time limits.
//
// What holds for all of them:
//
//   - Credentials go to the scheme, host and port of the endpoint and nowhere
//     else. A request for another, also one that a redirect leads to, is refused
//     before a byte is sent.
//   - Credentials do not go over plain HTTP, except to this machine or where an
//     option allows it by name.
//   - The first refusal of credentials that never worked is final. Until the
//     server has accepted them once, requests go one at a time; after a refusal
//     no more are sent, since some ten wrong passwords lock an account. Where the
//     credentials have worked before, the next attempt waits a minute, then two,
//     up to half an hour.
//   - Refusals are [*AuthError]. They say what to check, and hold no secret.
//   - Two identities never share a connection that the server has
//     authenticated.
//
// # NTLM
//
// NTLM signs in a connection, not a request, so who holds the connection holds
// the identity. A pool of connections that is shared by requests breaks it:
// handshakes of two requests interleave, and an answer may be another user's.
// Here each connection is a session with an [net/http.Transport] of its own that
// may dial once. That was chosen over reading and writing the connection by
// hand, since net/http streams in both directions, copes with early answers,
// proxies and cancelled contexts, and leaks no goroutines; and since a transport
// that cannot dial again can never move a request to a connection that is not
// signed in. What is ours is the handshake, the pool, and the knowledge of
// whether a byte of the request went out.
//
// Any other RoundTripper can take their place, since ews.Client asks for no
// more.
package auth
