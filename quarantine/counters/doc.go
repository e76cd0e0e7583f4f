// Package counters counts what the SDK does, for a status page, a test or a program
// without OpenTelemetry; for programs with it, there is quarantine/otelquarantine.
// [Counters] is both hooks of a service, and a page for Prometheus:
//
//	counts := new(counters.Counters)
//	s, err := exchange.Open(cfg, &exchange.Options{Hook: counts, CallHook: counts})
//	...
//	expvar.Publish("quarantine", counts)
//	mux.Handle("GET /metrics", counts)
//
// It keeps nothing about a message, a mailbox or a server, so its size does not grow with
// the number of mailboxes. A program with hooks of its own can call these from them.
package counters
