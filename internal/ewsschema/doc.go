// Package ewsschema validates EWS requests the way an Exchange server does.
//
// A server checks every request against its schema before it looks at it: the
// order of elements, required attributes, the spelling of each enumeration
// value. What does not fit is refused as a whole, with a SOAP fault that names
// line and position. A client that is only ever met by a lenient server never
// learns that; so the Exchange for tests calls [Parse], which either returns
// the operation as a tree that is known to fit its schema, or a [*Violation].
//
// The content models are written down in a compact notation, the files below
// grammar/, and compiled once. They hold what requests can hold; the order and
// the types are those of Microsoft's published schemas of Exchange 2016, and
// what came to the protocol after Exchange 2007 carries the version it came
// with, so that an old server, or a new one asked in the name of an old
// version, refuses what it does not know.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-schema-versions-in-exchange.
package ewsschema
