package otelquarantine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/embedded"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/otelquarantine"
)

const (
	alice   = "alice@example.test"
	vault   = "quarantine@example.test"
	secret  = "xyzzy-what-the-sender-wrote"
	message = "Message-ID: <1@evil.example>\r\nFrom: mallory@evil.example\r\nSubject: " + secret + "\r\n\r\nPay now.\r\n"
)

var target = quarantine.Target{Mailbox: alice, MessageID: "<1@evil.example>", Reference: "case 17"}

// scene is a service under observation.
type scene struct {
	srv     *ewstest.Server
	service *quarantine.Service
	spans   *tracetest.SpanRecorder
	tracer  trace.TracerProvider
	metrics *sdkmetric.ManualReader
}

func newScene(t *testing.T, opts otelquarantine.Options) *scene {
	t.Helper()
	x := &scene{srv: ewstest.NewServer(nil), spans: tracetest.NewSpanRecorder(), metrics: sdkmetric.NewManualReader()}
	t.Cleanup(x.srv.Close)
	x.tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(x.spans))
	opts.TracerProvider = x.tracer
	opts.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(x.metrics))
	tel, err := otelquarantine.New(&opts)
	if err != nil {
		t.Fatal(err)
	}
	x.srv.Mailbox(alice).Deliver([]byte(message))
	cfg, err := exchange.ParseConfig(strings.NewReader(fmt.Sprintf(`{"name": "lab", "ewsUrl": %q, "quarantineMailbox": %q,
		"authentication": {"type": "basic", "username": "svc@example.test", "password": "svc-password"}}`, "https"+strings.TrimPrefix(x.srv.DirectURL(), "http"), vault)))
	if err != nil {
		t.Fatal(err)
	}
	x.service, err = exchange.Open(cfg, &exchange.Options{Hook: tel, CallHook: tel, Transport: x.srv.Direct()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.service.Close() })
	return x
}

// ended returns the spans with a name that have ended.
func (x *scene) ended(name string) (found []sdktrace.ReadOnlySpan) {
	for _, s := range x.spans.Ended() {
		if s.Name() == name {
			found = append(found, s)
		}
	}
	return found
}

// points returns the points of a metric as "attributes=value".
func (x *scene) points(t *testing.T, name string) map[string]float64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := x.metrics.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	found := make(map[string]float64)
	add := func(set attribute.Set, v float64) { found[set.Encoded(attribute.DefaultEncoder())] = v }
	for _, s := range all.ScopeMetrics {
		for _, m := range s.Metrics {
			if m.Name != name {
				continue
			}
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range d.DataPoints {
					add(p.Attributes, float64(p.Value))
				}
			case metricdata.Sum[float64]:
				for _, p := range d.DataPoints {
					add(p.Attributes, p.Value)
				}
			case metricdata.Histogram[int64]:
				for _, p := range d.DataPoints {
					add(p.Attributes, float64(p.Sum))
				}
			case metricdata.Histogram[float64]:
				for _, p := range d.DataPoints {
					add(p.Attributes, float64(p.Count))
				}
			}
		}
	}
	return found
}

// has returns the attributes of a span as text.
func has(s sdktrace.ReadOnlySpan) map[string]string {
	values := make(map[string]string)
	for _, kv := range s.Attributes() {
		values[string(kv.Key)] = kv.Value.String()
	}
	return values
}

func (x *scene) quarantine(t *testing.T, ctx context.Context) *quarantine.Receipt {
	t.Helper()
	r, err := x.service.Quarantine(ctx, target)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func check(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, not %v", what, got, want)
	}
}

func TestMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newScene(t, otelquarantine.Options{})
		ctx, caller := x.tracer.Tracer("caller").Start(t.Context(), "alert")
		r := x.quarantine(t, ctx)
		caller.End()

		spans := x.ended("quarantine message")
		if len(spans) != 1 {
			t.Fatalf("%d spans", len(spans))
		}
		span := spans[0]
		check(t, "parent", span.Parent().SpanID(), caller.SpanContext().SpanID())
		check(t, "kind", span.SpanKind(), trace.SpanKindInternal)
		check(t, "status", span.Status().Code, codes.Unset)
		attrs := has(span)
		for key, want := range map[string]string{
			"ewsquarantine.action": "quarantine", "ewsquarantine.outcome": "quarantined", "ewsquarantine.way": string(r.Items[0].Way),
			"ewsquarantine.server": "lab", "ewsquarantine.mailbox": alice, "ewsquarantine.quarantine_mailbox": vault,
			"ewsquarantine.reference": "case 17", "ewsquarantine.operation": r.Items[0].Operation, "ewsquarantine.retries": "0",
		} {
			check(t, key, attrs[key], want)
		}

		// Its requests are its children, and are counted.
		children := 0
		for _, s := range x.spans.Ended() {
			if s.SpanKind() != trace.SpanKindClient {
				continue
			}
			if s.Parent().SpanID() == span.SpanContext().SpanID() {
				children++
			}
			attrs := has(s)
			check(t, "rpc.system.name", attrs["rpc.system.name"], "ews")
			check(t, "rpc.method", attrs["rpc.method"], s.Name())
			check(t, "outcome of "+s.Name(), attrs["ewsquarantine.call.outcome"], "ok")
			check(t, "status of "+s.Name(), s.Status().Code, codes.Unset)
			check(t, "http.response.status_code", attrs["http.response.status_code"], "200")
		}
		check(t, "ewsquarantine.calls", attrs["ewsquarantine.calls"], fmt.Sprint(children))
		by := "ewsquarantine.action=quarantine,ewsquarantine.outcome=quarantined"
		check(t, "ewsquarantine.message.calls", x.points(t, "ewsquarantine.message.calls")[by], float64(children))
		check(t, "ewsquarantine.message.duration", x.points(t, "ewsquarantine.message.duration")[by], 1.)
		check(t, "ewsquarantine.messages", x.points(t, "ewsquarantine.messages")[by+",ewsquarantine.way="+string(r.Items[0].Way)], 1.)
		check(t, "kinds of messages", len(x.points(t, "ewsquarantine.messages")), 1)

		back, err := x.service.Restore(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		check(t, "restore", back.Outcome(), quarantine.Restored)
		check(t, "restored", len(x.ended("restore message")), 1)
	})
}

func TestCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newScene(t, otelquarantine.Options{})
		x.srv.Fail(ewstest.When{Operation: ews.OpGetItem, Times: 1}, ewstest.Busy.BackOff(7*time.Second))
		x.quarantine(t, t.Context())

		var again, throttled int
		for _, s := range x.ended("GetItem") {
			attrs := has(s)
			if attrs["http.request.resend_count"] == "1" {
				again++
			}
			if s.Status().Code == codes.Error {
				throttled++
				check(t, "error.type", attrs["error.type"], "ErrorServerBusy")
				check(t, "outcome", attrs["ewsquarantine.call.outcome"], "throttled")
				check(t, "back-off", attrs["ewsquarantine.call.back_off"], "7")
			}
		}
		check(t, "sent again", again, 1)
		check(t, "throttled", throttled, 1)
		check(t, "ewsquarantine.call.back_off", x.points(t, "ewsquarantine.call.back_off")["rpc.method=GetItem"], 7.)
		durations := x.points(t, "rpc.client.call.duration")
		check(t, "failed", durations["error.type=ErrorServerBusy,rpc.method=GetItem,rpc.response.status_code=ErrorServerBusy,rpc.system.name=ews"], 1.)
		sum := 0.
		for _, n := range durations {
			sum += n
		}
		check(t, "requests", sum, float64(len(x.srv.Requests())))
		io := x.points(t, "ewsquarantine.call.io")
		for _, direction := range []string{"transmit", "receive"} {
			if n := io["network.io.direction="+direction]; n < 1000 {
				t.Errorf("%s: %v bytes", direction, n)
			}
		}
	})
}

// A message that fails is an error. The server's words are not repeated: they may be the
// sender's.
func TestFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newScene(t, otelquarantine.Options{})
		x.srv.Fail(ewstest.When{Operation: ews.OpUpdateItem}, ewstest.FaultCode("ErrorAccessDenied"))
		r := x.quarantine(t, t.Context())
		span := x.ended("quarantine message")[0]
		check(t, "status", span.Status().Code, codes.Error)
		check(t, "error.type", has(span)["error.type"], string(r.Items[0].Outcome))
		for _, s := range x.spans.Ended() {
			if text := fmt.Sprint(s.Attributes(), s.Events(), s.Status()); strings.Contains(text, secret) || strings.Contains(text, "svc-password") {
				t.Errorf("%s: %s", s.Name(), text)
			}
		}
	})
}

func TestWithoutMailboxes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newScene(t, otelquarantine.Options{WithoutMailboxes: true})
		x.quarantine(t, t.Context())
		for _, s := range x.spans.Ended() {
			if text := fmt.Sprint(s.Attributes()); strings.Contains(text, "@") {
				t.Errorf("%s: %s", s.Name(), text)
			}
		}
	})
}

// Without providers, those of the program are used; until it sets some, nothing happens.
func TestGlobalProviders(t *testing.T) {
	t.Parallel()
	tel, err := otelquarantine.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx := tel.TraceItemStart(t.Context(), quarantine.ItemStart{Action: quarantine.ItemRecover})
	tel.TraceCallEnd(tel.TraceCallStart(ctx, ews.CallStart{Operation: ews.OpGetItem}), ews.CallEnd{})
	tel.TraceItemEnd(ctx, quarantine.ItemEnd{Outcome: quarantine.Restored})
}

// refusing provides meters without histograms.
type refusing struct{ embedded.MeterProvider }

func (refusing) Meter(string, ...metric.MeterOption) metric.Meter { return refusingMeter{} }

type refusingMeter struct{ noop.Meter }

func (refusingMeter) Int64Histogram(string, ...metric.Int64HistogramOption) (metric.Int64Histogram, error) {
	return noop.Int64Histogram{}, errors.New("no histograms here")
}

func TestInstrumentRefused(t *testing.T) {
	t.Parallel()
	_, err := otelquarantine.New(&otelquarantine.Options{MeterProvider: refusing{}})
	if err == nil || !strings.Contains(err.Error(), "no histograms here") {
		t.Error(err)
	}
}

func ExampleNew() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox(alice).Deliver([]byte(message))
	cfg, err := exchange.ParseConfig(bytes.NewBufferString(fmt.Sprintf(`{"ewsUrl": %q, "quarantineMailbox": %q,
		"authentication": {"type": "basic", "username": "svc@example.test", "password": "svc-password"}}`, srv.URL(), vault)))
	if err != nil {
		fmt.Println(err)
		return
	}
	spans := tracetest.NewSpanRecorder() // stands for an exporter
	tel, err := otelquarantine.New(&otelquarantine.Options{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := exchange.Open(cfg, &exchange.Options{Hook: tel, CallHook: tel})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	if _, err := s.Quarantine(context.Background(), target); err != nil {
		fmt.Println(err)
	}
	for _, span := range spans.Ended() {
		if span.Name() == "quarantine message" {
			fmt.Println(span.Name(), has(span)["ewsquarantine.outcome"])
		}
	}
	// Output: quarantine message quarantined
}
