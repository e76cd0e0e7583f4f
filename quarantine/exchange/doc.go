// Package exchange builds a quarantine for Exchange from configuration. One
// [Config], written as a JSON object in a file, becomes a [quarantine.Service];
// several become a [quarantine.Router].
//
//	q, err := exchange.OpenFile("exchange.json", nil)
//
// [Open] wires up authentication, the EWS client, throttling, the driver of
// package ewsmail and the journal. It contacts no server; the first call does.
// Errors name the setting and say what to do.
//
// The subpackage selftest tests everything that a configuration needs; the
// subpackage setup writes the steps that prepare an organisation for one.
package exchange
