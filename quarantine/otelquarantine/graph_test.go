package otelquarantine_test

import (
	"net/http"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/otelquarantine"
)

// TestGraph: over Graph there are the same spans and metrics, and no secrets in them.
func TestGraph(t *testing.T) {
	t.Parallel()
	srv := graphtest.New(nil, nil)
	t.Cleanup(srv.Close)
	srv.Mailbox(alice).Deliver([]byte(message))
	srv.FailNext(graphtest.OpListUsers, graphtest.Throttled(time.Millisecond))
	x := &scene{spans: tracetest.NewSpanRecorder(), metrics: sdkmetric.NewManualReader()}
	tel, err := otelquarantine.New(&otelquarantine.Options{
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(x.spans)),
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(x.metrics)),
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := exchange.Open(&exchange.Config{
		API: exchange.APIGraph, GraphURL: srv.DirectURL(), QuarantineMailbox: vault,
		Authentication: exchange.Authentication{Type: exchange.AuthenticationExternal},
	}, &exchange.Options{
		Hook: tel, CallHook: tel, Transport: srv.Direct(),
		SignIn: func(_ string, base http.RoundTripper) (http.RoundTripper, error) { return srv.As(base, "app"), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	r, err := s.Quarantine(t.Context(), target)
	if err != nil || r.Err() != nil {
		t.Fatal(err, r.Err())
	}
	calls := 0
	for _, span := range x.spans.Ended() {
		if span.SpanKind() != trace.SpanKindClient {
			continue
		}
		calls++
		check(t, "rpc.system.name", has(span)["rpc.system.name"], "msgraph")
	}
	check(t, "requests", calls, r.Cost.Requests)
	check(t, "imports", len(x.ended("import item")), 1)
	durations := x.points(t, "rpc.client.call.duration")
	if _, ok := durations["error.type=ApplicationThrottled,rpc.method=list users,rpc.response.status_code=ApplicationThrottled,rpc.system.name=msgraph"]; !ok {
		t.Errorf("the throttled request is not among %v", durations)
	}
}
