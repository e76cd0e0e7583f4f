// Package redact strikes the secrets that were sent to the other side from the texts that
// come back: a debug page, a fault, a header or a broken status line may echo the
// password.
//
// A [Secrets] knows what one transport has sent. It finds secrets in plain text, in
// percent-, HTML-, XML- and JSON-escapes, in quoted-printable, form encoding, base64 at
// any offset, UTF-16 and hex, nested in each other, and with line ends in base64 and hex.
// The client that made the request gets the texts, but the transport, which may be below
// other transports, knows the secrets. So a client puts a [Watch] into the context of its
// request, and the transport announces its Secrets there.
//
// Strike a text before shortening it or taking it apart: half a secret would not be
// recognised.
//
// A secret of one to three characters cannot be struck out: it occurs in any text, and
// the gaps would spell it. A text that contains it as a word is withheld as a whole.
package redact
