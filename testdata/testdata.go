// Package testdata contains messages and organisations written for this project, for
// the examples and for tests of more than one package.
//
// The folder scenarios contains two organisations that received the same phishing
// message, for [ewstest.LoadScenarioFile] and examples/exchange -scenario:
// head-office.json, which runs its own servers, and cloud.json, a tenant of Exchange
// Online. Each file describes the purpose of its mailboxes, lists and messages. Their
// mail is in scenarios/mail. In adverse.json, which stands alone, server, owner and
// policies get in a client's way.
//
// The folder reports contains reports of suspicious mail in the forms that people and
// buttons give them, and in expected.json what is to be understood of each: they are for
// package understood, and for examples/exchange -load.
//
// [ewstest.LoadScenarioFile]: https://pkg.go.dev/github.com/ewsquarantine/ewsquarantine/ews/ewstest#LoadScenarioFile
package testdata

import "embed"

// GraphConfig is the configuration of ewsq for examples/exchange -api graph -client, at its
// usual address and with the files in the working directory.
//
//go:embed graph/ewsq.json
var GraphConfig []byte

// Mail contains the folder mail: one RFC 5322 message per file, with CRLF line ends.
//
//	plain.eml              an innocent message
//	phishing.eml           HTML, to all staff, asks for a read receipt
//	attachment.eml         with an attached file
//	non-ascii.eml          subject in four scripts, encoded words
//	control-character.eml  a subject that XML 1.0 cannot carry
//
//go:embed mail/*.eml
var Mail embed.FS
