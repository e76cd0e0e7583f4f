// Package testdata holds messages and organisations that the project wrote itself,
// for the examples and for tests of more than one package.
//
// The folder scenarios has two organisations that were sent the same phishing, for
// [ewstest.LoadScenarioFile] and examples/exchange -scenario: head-office.json, with
// servers of its own, and cloud.json, a tenant of Exchange Online. Each says what
// its mailboxes, lists and messages are there for. Their mail is in scenarios/mail.
//
// [ewstest.LoadScenarioFile]: https://pkg.go.dev/github.com/ewsquarantine/ewsquarantine/ews/ewstest#LoadScenarioFile
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
