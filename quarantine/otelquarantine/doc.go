// Package otelquarantine turns what the SDK does into OpenTelemetry spans and metrics. A
// [Telemetry] is both hooks of a service:
//
//	tel, err := otelquarantine.New(nil) // the global providers
//	...
//	s, err := exchange.Open(cfg, &exchange.Options{Hook: tel, CallHook: tel})
//
// It is a separate module, so that the SDK itself does not depend on OpenTelemetry.
//
// # Spans
//
//   - "quarantine message", "restore message" and "recover message", of kind internal:
//     one for each message that is processed, as described for [quarantine.Hook]. Its
//     attributes are ewsquarantine.action, ewsquarantine.outcome, ewsquarantine.way,
//     ewsquarantine.server, ewsquarantine.mailbox, ewsquarantine.quarantine_mailbox,
//     ewsquarantine.reference, ewsquarantine.operation, ewsquarantine.residue,
//     ewsquarantine.size, ewsquarantine.retries, ewsquarantine.calls and
//     ewsquarantine.waited (in seconds).
//   - the name of the operation, such as "FindItem" of EWS or "PATCH message" of Graph, of
//     kind client: one for each request, as a child of the message's span if it was sent for
//     one message. These spans follow the semantic conventions for RPC, with "ews" or
//     "msgraph" as rpc.system.name, the operation as rpc.method, and the response code of EWS
//     or the error code of Graph as rpc.response.status_code. They also have
//     http.response.status_code, http.request.resend_count, ewsquarantine.mailbox,
//     ewsquarantine.payer, ewsquarantine.call.outcome, ewsquarantine.call.refused,
//     ewsquarantine.call.waited, ewsquarantine.call.back_off (in seconds),
//     ewsquarantine.client_request_id and ewsquarantine.request_id.
//
// Spans contain nothing that the sender of a message wrote: no subject, no Message-ID,
// and no text of an error, which may quote it. A span whose message or request failed has
// the status Error and the attribute error.type: an outcome, or a response code. With
// [Options.WithoutMailboxes], addresses are left out as well.
//
// # Metrics
//
//   - ewsquarantine.messages ({message}): messages by ewsquarantine.action,
//     ewsquarantine.outcome and ewsquarantine.way
//   - ewsquarantine.message.duration (s): how long a message took, by action and outcome
//   - ewsquarantine.message.calls ({call}): requests for a message, by action and
//     outcome; not counting searches, which may serve several messages
//   - ewsquarantine.message.retries ({retry}): repeated steps, by action
//   - rpc.client.call.duration (s): how long requests took, by rpc.system.name, rpc.method,
//     rpc.response.status_code and error.type; not including the wait for the limiter
//   - ewsquarantine.call.waited (s): how long requests waited for the limiter, by rpc.method
//   - ewsquarantine.call.back_off (s): total length of the pauses that the server asked
//     for, by rpc.method
//   - ewsquarantine.call.io (By): bytes of bodies, by network.io.direction
//
// No metric has an attribute that grows with the number of mailboxes or messages; messages
// and calls have the attribute ewsquarantine.server only in spans.
//
// Outcomes, ways and response codes are defined by packages quarantine and ews. The
// conventions are https://opentelemetry.io/docs/specs/semconv/rpc/ and
// https://opentelemetry.io/docs/specs/semconv/general/metrics/.
package otelquarantine
