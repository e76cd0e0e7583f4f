// Package testdata holds messages that the project wrote itself, for the
// examples and for tests of more than one package.
package testdata

import "embed"

// Mail has the folder mail: one RFC 5322 message a file, lines ended by CRLF.
//
//	plain.eml              an innocent message
//	phishing.eml           HTML, to a whole staff, asks for a read receipt
//	attachment.eml         with a file
//	non-ascii.eml          subject in four scripts, encoded words
//	control-character.eml  a subject that XML 1.0 cannot carry
//
//go:embed mail/*.eml
var Mail embed.FS
