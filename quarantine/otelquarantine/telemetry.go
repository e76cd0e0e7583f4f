package otelquarantine

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/rpcconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// scope names the spans and metrics of this package.
const scope = "github.com/ewsquarantine/ewsquarantine/quarantine/otelquarantine"

// Options are the settings of a [Telemetry].
type Options struct {
	// TracerProvider makes the tracer. Default: [otel.GetTracerProvider].
	TracerProvider trace.TracerProvider

	// MeterProvider makes the meter. Default: [otel.GetMeterProvider].
	MeterProvider metric.MeterProvider

	// WithoutMailboxes leaves mailbox addresses out of spans: those of the user and of
	// the quarantine mailbox, and the payer. Default: spans contain them. Metrics never
	// do.
	WithoutMailboxes bool
}

// Telemetry makes spans and metrics for messages and requests. Its methods may be called
// concurrently, and several services may share one.
type Telemetry struct {
	tracer           trace.Tracer
	withoutMailboxes bool

	messages metric.Int64Counter
	duration metric.Float64Histogram
	calls    metric.Int64Histogram
	retries  metric.Int64Counter

	callDuration rpcconv.ClientCallDuration
	callWaited   metric.Float64Histogram
	callBackOff  metric.Float64Counter
	callIO       metric.Int64Counter
}

var (
	_ quarantine.Hook = (*Telemetry)(nil)
	_ ews.Hook        = (*Telemetry)(nil)
)

// New returns a Telemetry. Nil options mean the defaults. It fails only if the meter
// refuses an instrument.
func New(opts *Options) (*Telemetry, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.TracerProvider == nil {
		o.TracerProvider = otel.GetTracerProvider()
	}
	if o.MeterProvider == nil {
		o.MeterProvider = otel.GetMeterProvider()
	}
	t := &Telemetry{
		tracer:           o.TracerProvider.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL)),
		withoutMailboxes: o.WithoutMailboxes,
	}
	if err := t.instruments(o.MeterProvider.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL))); err != nil {
		return nil, fmt.Errorf("otelquarantine: %w", err)
	}
	return t, nil
}

func (t *Telemetry) instruments(m metric.Meter) error {
	var errs []error
	failed := func(err error) { errs = append(errs, err) }
	var err error
	t.messages, err = m.Int64Counter("ewsquarantine.messages", metric.WithUnit("{message}"),
		metric.WithDescription("Messages that were quarantined, restored or recovered, by outcome."))
	failed(err)
	t.duration, err = m.Float64Histogram("ewsquarantine.message.duration", metric.WithUnit("s"),
		metric.WithDescription("How long it took to deal with a message."),
		metric.WithExplicitBucketBoundaries(.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900))
	failed(err)
	t.calls, err = m.Int64Histogram("ewsquarantine.message.calls", metric.WithUnit("{call}"),
		metric.WithDescription("Requests that were sent for a message, searches aside."),
		metric.WithExplicitBucketBoundaries(2, 4, 6, 8, 10, 12, 14, 16, 20, 25, 30, 40, 60, 100))
	failed(err)
	t.retries, err = m.Int64Counter("ewsquarantine.message.retries", metric.WithUnit("{retry}"),
		metric.WithDescription("Steps that were repeated after a temporary failure."))
	failed(err)
	t.callDuration, err = rpcconv.NewClientCallDuration(m)
	failed(err)
	t.callWaited, err = m.Float64Histogram("ewsquarantine.call.waited", metric.WithUnit("s"),
		metric.WithDescription("How long requests waited for the limiter."),
		metric.WithExplicitBucketBoundaries(.005, .025, .1, .5, 1, 5, 10, 30, 60, 300))
	failed(err)
	t.callBackOff, err = m.Float64Counter("ewsquarantine.call.back_off", metric.WithUnit("s"),
		metric.WithDescription("How long servers asked for a pause, in all."))
	failed(err)
	t.callIO, err = m.Int64Counter("ewsquarantine.call.io", metric.WithUnit("By"),
		metric.WithDescription("Bytes of the bodies of requests and responses, as they were transferred."))
	failed(err)
	return errors.Join(errs...)
}
