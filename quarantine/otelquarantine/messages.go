package otelquarantine

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// message counts the requests sent for a message.
type message struct{ calls atomic.Int64 }

type messageKey struct{}

// TraceItemStart begins the span of a message. It is called by the service: see
// [quarantine.Hook].
func (t *Telemetry) TraceItemStart(ctx context.Context, item quarantine.ItemStart) context.Context {
	attrs := []attribute.KeyValue{attribute.String("ewsquarantine.action", string(item.Action))}
	attrs = given(attrs, "ewsquarantine.server", item.Server)
	attrs = given(attrs, "ewsquarantine.reference", item.Reference)
	attrs = t.address(attrs, "ewsquarantine.mailbox", item.Mailbox)
	attrs = t.address(attrs, "ewsquarantine.quarantine_mailbox", item.Quarantine)
	if item.Size > 0 {
		attrs = append(attrs, attribute.Int64("ewsquarantine.size", item.Size))
	}
	ctx, _ = t.tracer.Start(ctx, string(item.Action)+" message", trace.WithAttributes(attrs...))
	return context.WithValue(ctx, messageKey{}, &message{})
}

// TraceItemEnd ends the span of a message and counts the message. It is called by the
// service: see [quarantine.Hook].
func (t *Telemetry) TraceItemEnd(ctx context.Context, item quarantine.ItemEnd) {
	action := attribute.String("ewsquarantine.action", string(item.Action))
	outcome := attribute.String("ewsquarantine.outcome", string(item.Outcome))
	by := metric.WithAttributes(action, outcome)
	var calls int64
	if m, ok := ctx.Value(messageKey{}).(*message); ok {
		calls = m.calls.Load()
		t.calls.Record(ctx, calls, by)
	}
	t.messages.Add(ctx, 1, metric.WithAttributes(given([]attribute.KeyValue{action, outcome}, "ewsquarantine.way", string(item.Way))...))
	t.duration.Record(ctx, item.Duration.Seconds(), by)
	if item.Retries > 0 {
		t.retries.Add(ctx, int64(item.Retries), metric.WithAttributes(action))
	}

	span := trace.SpanFromContext(ctx)
	attrs := []attribute.KeyValue{
		outcome,
		attribute.Int("ewsquarantine.retries", item.Retries),
		attribute.Int64("ewsquarantine.calls", calls),
		attribute.Float64("ewsquarantine.waited", item.Waited.Seconds()),
	}
	attrs = given(attrs, "ewsquarantine.operation", item.Operation)
	attrs = given(attrs, "ewsquarantine.way", string(item.Way))
	span.SetAttributes(given(attrs, "ewsquarantine.residue", item.Residue)...)
	if !item.Outcome.Done() {
		// The text of the error may quote what a server, or a sender, wrote.
		span.SetAttributes(semconv.ErrorTypeKey.String(string(item.Outcome)))
		span.SetStatus(codes.Error, "the message is "+string(item.Outcome))
	}
	span.End()
}

// given adds an attribute if it has a value.
func given(attrs []attribute.KeyValue, key, value string) []attribute.KeyValue {
	if value == "" {
		return attrs
	}
	return append(attrs, attribute.String(key, value))
}

// address adds the address of a mailbox, unless addresses are left out.
func (t *Telemetry) address(attrs []attribute.KeyValue, key, address string) []attribute.KeyValue {
	if t.withoutMailboxes {
		return attrs
	}
	return given(attrs, key, address)
}
