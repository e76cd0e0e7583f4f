// Package linkunwrap recognises a URL behind the disguises it wears in mail:
// rewritten by a link-protection service, or written otherwise.
//
// Gateways replace the links of a message by links to themselves. Many carry
// the original in a form that can be read back: these are undone by [Unwrap],
// one inside another if need be. Others keep it on the service's servers behind
// a token (Mimecast, INKY, Hornetsecurity, Forcepoint, McAfee); of them Mimecast
// and INKY may name the domain, which is all that can be said of such a link.
//
// Two URLs are compared by [Matcher] as browsers read them, not as they are
// spelt. All functions take what an attacker wrote: any input is accepted, and
// the work is linear in its length.
package linkunwrap
