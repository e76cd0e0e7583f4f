// Package linkunwrap recognises a URL in the forms that it takes in mail: rewritten by
// a link-protection service, or spelt differently.
//
// Gateways replace the links in a message with links to themselves. Many of these
// contain the original in a readable form: [Unwrap] recovers it, one layer at a time.
// Others have only a token, and the original stays on the service's servers (Mimecast,
// INKY, Forcepoint, McAfee, some of Hornetsecurity's); links of Mimecast and INKY may at
// least name the domain. Open redirects, such as those of search engines, are read in
// the same way.
//
// [Matcher] compares URLs as browsers read them (https://url.spec.whatwg.org), not as
// they are spelt; package net/url follows RFC 3986, which browsers do not. It is more
// lenient than the specification where mail programs and people are: it accepts a URL
// without a scheme that begins with www., and a defanged one. The input may come from an
// attacker: all functions accept anything, and the work is linear in its length.
package linkunwrap
