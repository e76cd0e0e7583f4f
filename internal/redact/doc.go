// Package redact strikes out of the texts of the other side what was sent to it: a
// debug page, a fault, a header or a broken status line may echo the password.
//
// A [Secrets] knows what one transport has sent. It finds it plain, and as percent-,
// HTML-, XML- and JSON-escapes, quoted-printable, form encoding, base64 at any offset,
// UTF-16 and hex make it, also in each other and with line ends in base64 and hex. The
// client that asked gets the texts, but the transport knows the secrets, perhaps below
// other transports; so a client puts a [Watch] into the context of its request, and the
// transport announces its Secrets there.
//
// A text is struck first and shortened or taken apart then: half a secret would not be
// recognised.
//
// A secret of one to three characters cannot be struck out: it occurs in any text, and
// the gaps would spell it. A text in which it stands as a word is left out whole.
package redact
