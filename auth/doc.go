// Package auth signs in to Exchange: each constructor returns an
// [net/http.RoundTripper] that belongs to one identity at one endpoint.
//
//   - [Basic]: user name and password with every request.
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
// Any other RoundTripper can take their place, since ews.Client asks for no
// more.
package auth
