package exchange

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
)

// graphLog logs each request to Graph, as the EWS client logs its own, and calls a further
// hook, which may be nil.
type graphLog struct {
	log  *slog.Logger
	next graphmail.Hook
}

// TraceRequestStart implements [graphmail.Hook].
func (g graphLog) TraceRequestStart(ctx context.Context, r graphmail.Request) context.Context {
	if g.next == nil {
		return ctx
	}
	return g.next.TraceRequestStart(ctx, r)
}

// TraceRequestEnd implements [graphmail.Hook].
func (g graphLog) TraceRequestEnd(ctx context.Context, r graphmail.Request) {
	level := slog.LevelDebug
	if r.Err != nil && !r.Unsent && !expectedStatus(r.Status) {
		level = slog.LevelWarn
	}
	if g.log.Enabled(ctx, level) {
		g.log.LogAttrs(ctx, level, "graph call", recordOf(r)...)
	}
	if g.next != nil {
		g.next.TraceRequestEnd(ctx, r)
	}
}

// expectedStatus reports whether a status is nothing unusual: something is gone, exists
// already, or has changed.
func expectedStatus(status int) bool {
	return status == http.StatusNotFound || status == http.StatusConflict || status == http.StatusPreconditionFailed
}

func recordOf(r graphmail.Request) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("operation", r.Operation),
		slog.String("mailbox", startOf(r).Mailbox),
		slog.String("server", r.Host),
		slog.Int("attempt", r.Attempt),
		slog.Duration("waited", r.Waited),
		slog.Duration("duration", r.Duration-r.Waited),
		slog.Int64("bytesOut", r.BytesOut),
		slog.Int64("bytesIn", r.BytesIn),
		slog.Int("status", r.Status),
		slog.Bool("ok", r.Err == nil),
	}
	for _, a := range []struct{ key, value string }{
		{"clientRequestID", r.ClientRequestID}, {"requestID", r.RequestID}, {"code", r.Code},
	} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.key, a.value))
		}
	}
	if r.BackOff > 0 {
		attrs = append(attrs, slog.Duration("backOff", r.BackOff))
	}
	if r.Err != nil && r.Code == "" {
		attrs = append(attrs, slog.String("error", r.Err.Error())) // Graph's own text may quote the message
	}
	return attrs
}
