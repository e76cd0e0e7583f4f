// Package counters counts what the SDK does, for a status page, a test or a program that
// has no OpenTelemetry; quarantine/otelquarantine is for one that has. [Counters] is both
// hooks of a service, and a page that Prometheus reads:
//
//	counts := new(counters.Counters)
//	s, err := exchange.Open(cfg, &exchange.Options{Hook: counts, CallHook: counts})
//	...
//	expvar.Publish("quarantine", counts)
//	mux.Handle("GET /metrics", counts)
//
// Nothing of a message, a mailbox or a server is kept: its size does not grow with the
// number of mailboxes. A program with hooks of its own calls these from them.
package counters
