// Package exchange builds a quarantine for Exchange from configuration. One
// [Config], written as a JSON object in a file, becomes a [quarantine.Service];
// several become a [quarantine.Router].
//
//	q, err := exchange.OpenFile("exchange.json", nil)
//
// [Open] wires up authentication, the client, throttling, the journal and the driver:
// package ewsmail over EWS or, with "api": "graph", package graphmail over Microsoft Graph,
// whose InPlace serves "quarantineInPlace". It contacts no server; the first call does.
// Errors name the setting and say what to do.
//
// The subpackage selftest tests everything that a configuration needs; the
// subpackage setup writes the steps that prepare an organisation for one.
//
// # Log records
//
// The records of a service, its driver and its client use these keys, each with one
// meaning:
//
//   - attempt: which request of a call it is, from 1
//   - backOff: how long the server asked to wait
//   - bytesIn, bytesOut: length of the body of the response, as transferred, and of the request
//   - clientRequestID: GUID of the request, which the server also logs
//   - code: response code of Exchange, or the code of Graph's error
//   - configuration: name of the configuration
//   - duration: time from when the request may be sent to the end of the response
//   - error: text of an error
//   - fault: whether the whole request was refused, rather than one member of it
//   - from, to: names of the configurations between which a mailbox has moved
//   - inner: second response code, which Exchange adds to some
//   - intent: operation name in the journal, as in the stamp and the receipt
//   - mailbox: address of the mailbox concerned
//   - ok: whether the request was answered and not refused as a whole
//   - operation: EWS operation, or kind of request to Graph
//   - reason: what an HTTP status means, and what to do
//   - reference: the caller's reference of the target
//   - requestID: the server's ID for the request
//   - server: the Exchange servers that answered, as they name themselves, or the host of Graph
//   - source: the Autodiscover service that gave the URL
//   - status: HTTP status
//   - url: URL of EWS, as found by Autodiscover
//   - version: schema version that the request uses
//   - waited: time spent waiting for the limiter before the request
package exchange
