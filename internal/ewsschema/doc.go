// Package ewsschema validates EWS requests the way an Exchange server does.
//
// A server checks every request against its schema before processing it: the
// order of elements, required attributes, the spelling of each enumeration
// value. A request that does not match is refused as a whole, with a SOAP fault
// that names line and position. A client tested only against a lenient server
// never notices such mistakes. So the Exchange server for tests calls [Parse],
// which returns the operation as a tree that matches the schema, or an error
// such as a [*Violation].
//
// The content models are written in a compact notation, in the files below grammar/, and
// compiled once. They cover the content of requests; the order and the types are those of
// Microsoft's published schemas of Exchange 2016. Anything added to the protocol after
// Exchange 2007 is marked with its version, so an old server, or a newer one addressed
// with an old version, refuses anything that version lacks.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-schema-versions-in-exchange.
package ewsschema
