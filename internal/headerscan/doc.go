// Package headerscan looks for an address in the header of a message.
//
// It is deliberately looser than RFC 5322. Servers and clients each read in their own way
// what senders write, and keep only a part of it: of several addresses in From, Exchange
// keeps the first ([MS-OXCMAIL], section 2.2.3.1.3), which in
// `From: Bank, Ltd <m@evil.example>` is Bank. An address therefore counts wherever a
// person would read it: with or without angle brackets; in a name, a comment, a group or
// a route; in encoded words or glued to them; with comments, quotes, blanks and line ends
// inside. Package net/mail returns an error for most of these.
//
// Time and memory are linear in the size of the header.
package headerscan
