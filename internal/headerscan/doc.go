// Package headerscan looks for an address in the header of a message.
//
// It is looser than RFC 5322 on purpose. Servers and clients read what senders write
// in their own ways, and keep only a part of it: of several addresses in From,
// Exchange keeps the first ([MS-OXCMAIL], section 2.2.3.1.3), which in
// `From: Bank, Ltd <m@evil.example>` is Bank. So an address counts wherever a person
// would read it: in angle brackets or without, in a name, a comment, a group or a
// route; in encoded words or glued to them; with comments, quotes, blanks and line
// ends inside. Package net/mail returns an error for most of these.
//
// Time and memory are linear in the size of the header.
package headerscan
