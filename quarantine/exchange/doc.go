// Package exchange makes a quarantine for Exchange from configuration: one
// [Config], which as JSON is an object of a file, becomes a
// [quarantine.Service], and several become a [quarantine.Router].
//
//	q, err := exchange.OpenFile("exchange.json", nil)
//
// [Open] wires authentication, the EWS client, throttling, the driver of package
// ewsmail and the journal. It contacts no server: the first call does. An error
// names the setting and says what to do.
//
// Package selftest, below this one, tries everything that a configuration needs,
// and package setup writes the steps that prepare an organisation for one.
package exchange
