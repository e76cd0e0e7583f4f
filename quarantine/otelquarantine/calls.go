package otelquarantine

import (
	"cmp"
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/rpcconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// systemOf returns the system as in the conventions for RPC, which leave the list of
// systems open. A request of EWS has the version of a schema, a request of Graph has
// none.
func systemOf(call ews.CallStart) string {
	if call.Version == 0 {
		return "msgraph"
	}
	return "ews"
}

// TraceCallStart begins the span of a request. It is called by the client: see
// [ews.Hook].
func (t *Telemetry) TraceCallStart(ctx context.Context, call ews.CallStart) context.Context {
	attrs := []attribute.KeyValue{
		semconv.RPCSystemNameKey.String(systemOf(call)),
		semconv.RPCMethod(string(call.Operation)),
		attribute.String("ewsquarantine.client_request_id", call.ClientRequestID),
	}
	attrs = t.address(attrs, "ewsquarantine.mailbox", call.Mailbox)
	attrs = t.address(attrs, "ewsquarantine.payer", call.Payer)
	if call.Attempt > 1 {
		attrs = append(attrs, semconv.HTTPRequestResendCount(call.Attempt-1))
	}
	ctx, _ = t.tracer.Start(ctx, string(call.Operation), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attrs...))
	return ctx
}

// TraceCallEnd ends the span of a request and records its metrics. It is called by the
// client: see [ews.Hook].
func (t *Telemetry) TraceCallEnd(ctx context.Context, call ews.CallEnd) {
	method := semconv.RPCMethod(string(call.Operation))
	failure := failed(call)
	if call.Outcome != ews.CallUnsent {
		if m, ok := ctx.Value(messageKey{}).(*message); ok {
			m.calls.Add(1)
		}
		attrs := given([]attribute.KeyValue{method}, string(semconv.RPCResponseStatusCodeKey), string(call.Code))
		if failure != "" {
			attrs = append(attrs, semconv.ErrorTypeKey.String(failure))
		}
		t.callDuration.Record(ctx, (call.Duration - call.Waited).Seconds(), rpcconv.SystemNameAttr(systemOf(call.CallStart)), attrs...)
		t.callIO.Add(ctx, call.BytesOut, metric.WithAttributes(semconv.NetworkIODirectionTransmit))
		t.callIO.Add(ctx, call.BytesIn, metric.WithAttributes(semconv.NetworkIODirectionReceive))
	}
	t.callWaited.Record(ctx, call.Waited.Seconds(), metric.WithAttributes(method))
	if call.BackOff > 0 {
		t.callBackOff.Add(ctx, call.BackOff.Seconds(), metric.WithAttributes(method))
	}

	span := trace.SpanFromContext(ctx)
	attrs := []attribute.KeyValue{
		attribute.String("ewsquarantine.call.outcome", string(call.Outcome)),
		attribute.Int("ewsquarantine.call.refused", call.Refused),
		attribute.Float64("ewsquarantine.call.waited", call.Waited.Seconds()),
		attribute.Float64("ewsquarantine.call.back_off", call.BackOff.Seconds()),
	}
	attrs = given(attrs, string(semconv.RPCResponseStatusCodeKey), string(call.Code))
	attrs = given(attrs, "ewsquarantine.request_id", call.RequestID)
	if call.Status > 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(call.Status))
	}
	span.SetAttributes(attrs...)
	if failure != "" {
		span.SetAttributes(semconv.ErrorTypeKey.String(failure))
		span.SetStatus(codes.Error, "the request was "+string(call.Outcome))
	}
	span.End()
}

// failed returns why a request failed: the response code if there is one, otherwise the
// outcome, and "" if it did not fail.
func failed(call ews.CallEnd) string {
	if call.Outcome == ews.CallOK {
		return ""
	}
	code := string(call.Code)
	if call.Code == "NoError" {
		code = ""
	}
	return cmp.Or(code, string(call.Outcome))
}
