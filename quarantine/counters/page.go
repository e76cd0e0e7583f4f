package counters

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// ServeHTTP answers with the counts in the text format of Prometheus, version 0.0.4:
// https://prometheus.io/docs/instrumenting/exposition_formats/. It is up to the caller
// who may ask; the page reveals nothing about mail.
func (c *Counters) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte(c.Values().page())) // the client is gone
}

// page returns the values in the text format of Prometheus.
func (v Values) page() string {
	var b strings.Builder
	counter := func(name, help string) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s counter\n", name, help, name)
	}
	one := func(name, help, value string) {
		counter(name, help)
		fmt.Fprintf(&b, "%s %s\n", name, value)
	}
	counter("ewsquarantine_messages_total", "Messages that were quarantined, restored or recovered, by outcome.")
	rows(v.Messages, func(action quarantine.ItemAction, outcome quarantine.Outcome, n int64) {
		fmt.Fprintf(&b, "ewsquarantine_messages_total{action=%q,outcome=%q} %d\n", action, outcome, n)
	})
	one("ewsquarantine_message_calls_total", "Requests that were sent for messages, searches aside.", whole(v.MessageCalls))
	one("ewsquarantine_message_retries_total", "Steps that were repeated after a temporary failure.", whole(v.MessageRetries))
	one("ewsquarantine_message_seconds_total", "Time spent on messages.", seconds(v.MessageTime))
	counter("ewsquarantine_calls_total", "Requests to servers, by operation and outcome.")
	rows(v.Calls, func(operation ews.Operation, outcome ews.CallOutcome, n int64) {
		fmt.Fprintf(&b, "ewsquarantine_calls_total{operation=%q,outcome=%q} %d\n", operation, outcome, n)
	})
	one("ewsquarantine_call_retries_total", "Requests that repeated an earlier one.", whole(v.CallRetries))
	one("ewsquarantine_call_seconds_total", "Time that requests took, without waiting for the limiter.", seconds(v.CallTime))
	one("ewsquarantine_call_waited_seconds_total", "Time that requests waited for the limiter.", seconds(v.Waited))
	one("ewsquarantine_call_back_off_seconds_total", "Pauses that servers asked for.", seconds(v.BackOff))
	counter("ewsquarantine_call_bytes_total", "Bytes of bodies, as they were transferred.")
	fmt.Fprintf(&b, "ewsquarantine_call_bytes_total{direction=\"out\"} %d\newsquarantine_call_bytes_total{direction=\"in\"} %d\n", v.BytesOut, v.BytesIn)
	one("ewsquarantine_connections_total", "Connections that were opened.", whole(v.Connections))
	one("ewsquarantine_tls_handshakes_total", "TLS handshakes that were completed.", whole(v.Handshakes))
	return b.String()
}

// rows calls row for each count, ordered by name.
func rows[A, B ~string](all map[A]map[B]int64, row func(a A, b B, n int64)) {
	for _, a := range slices.Sorted(maps.Keys(all)) {
		for _, b := range slices.Sorted(maps.Keys(all[a])) {
			row(a, b, all[a][b])
		}
	}
}

func whole(n int64) string { return strconv.FormatInt(n, 10) }

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }
