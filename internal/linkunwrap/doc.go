// Package linkunwrap recognises a URL in the forms it takes in mail: rewritten by
// a link-protection service, or spelt differently.
//
// Gateways replace the links in a message with links to themselves. Many contain
// the original in a readable form: [Unwrap] recovers it, one layer at a time.
// Others keep it on the service's servers behind a token (Mimecast, INKY, Forcepoint,
// McAfee, some of Hornetsecurity); links of Mimecast and INKY may at least name the
// domain. Pages that lead anywhere, such as that of a search engine, are read
// like them.
//
// [Matcher] compares URLs as browsers read them (https://url.spec.whatwg.org), not as
// they are spelt; package net/url follows RFC 3986, which browsers do not. It is more
// lenient than the specification where mail programs and people are: a URL without
// scheme that begins with www., or one that was written so that nobody can follow it.
// The input may come from an attacker: all functions accept anything, and the work is
// linear in its length.
package linkunwrap
