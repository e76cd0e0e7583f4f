// Package linkunwrap recognises a URL in the forms it takes in mail: rewritten by
// a link-protection service, or spelt differently.
//
// Gateways replace the links in a message with links to themselves. Many contain
// the original in a readable form: [Unwrap] recovers it, one layer at a time.
// Others keep it on the service's servers behind a token (Mimecast, INKY,
// Hornetsecurity, Forcepoint, McAfee); links of Mimecast and INKY may at least
// name the domain.
//
// [Matcher] compares URLs as browsers read them, not as they are spelt. The input
// may come from an attacker: all functions accept anything, and the work is
// linear in its length.
package linkunwrap
