package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/counters"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// Limits on what callers may send.
const (
	maxBody      = 4 << 20 // bytes
	maxMailboxes = 20_000
)

// api serves programs: alerts, probes and metrics.
type api struct {
	campaigns *fleet.Campaigns
	reports   *fleet.Reports
	pool      *pgxpool.Pool
	counts    *counters.Counters
	log       *slog.Logger
	stopping  *atomic.Bool
}

// handler is an http.Handler that may fail.
type handler func(http.ResponseWriter, *http.Request) error

// newServer returns all that is served.
func newServer(s *settings, campaigns *fleet.Campaigns, pool *pgxpool.Pool, counts *counters.Counters, log *slog.Logger, stopping *atomic.Bool) http.Handler {
	a := &api{campaigns, fleet.NewReports(campaigns), pool, counts, log, stopping}
	programs, all := http.NewServeMux(), http.NewServeMux()
	handle := func(mux *http.ServeMux, pattern string, h handler) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := h(w, r); err != nil {
				problemOf(err, r, log).write(w)
			}
		})
	}
	handle(programs, "POST /alerts", a.post)
	handle(programs, "GET /alerts/{id}", a.get)
	handle(programs, "POST /alerts/{id}/restore", a.restore)
	handle(programs, "POST /alerts/{id}/cancel", a.cancel)
	handle(programs, "GET /reported", a.listReports)
	handle(programs, "GET /reported/{key}", a.report)
	handle(programs, "POST /reported/{key}/quarantine", a.quarantineReport)
	handle(programs, "POST /reported/{key}/dismiss", a.dismissReport)
	handle(programs, "GET /metrics", a.metrics)
	handle(all, "GET /healthz", a.healthz)
	handle(all, "GET /readyz", a.readyz)
	guarded := authorized(s.token, programs)
	all.Handle("/alerts", guarded)
	all.Handle("/alerts/", guarded)
	all.Handle("/reported", guarded)
	all.Handle("/reported/", guarded)
	all.Handle("/metrics", guarded)
	all.Handle("/", newPages(s, campaigns, log))
	// A page on another website can make a browser send requests, too.
	return recovered(log, headers(http.NewCrossOriginProtection().Handler(all)))
}

// headers sets the header of every answer: answers are about people's mail, and nothing in
// them must be executed.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		next.ServeHTTP(w, r)
	})
}

// alert is the body that a program posts.
type alert struct {
	ID             string              `json:"id"`
	Mailboxes      []string            `json:"mailboxes"`
	Groups         []string            `json:"groups"`
	MessageID      string              `json:"messageId"`
	Criteria       quarantine.Criteria `json:"criteria"`
	Reason         string              `json:"reason"`
	FollowForwards bool                `json:"followForwards"`
}

// order returns the order for an alert.
func (a *alert) order() fleet.Order {
	o := fleet.Order{Campaign: a.ID, Reason: a.Reason}
	for _, m := range a.Mailboxes {
		o.Targets = append(o.Targets, quarantine.Target{Mailbox: m, MessageID: a.MessageID, Criteria: a.Criteria})
	}
	for _, g := range a.Groups {
		o.Groups = append(o.Groups, quarantine.GroupTarget{Group: g, Target: quarantine.Target{MessageID: a.MessageID, Criteria: a.Criteria}})
	}
	if a.FollowForwards {
		o.Forwards = new(quarantine.ForwardOptions)
	}
	return o
}

// post stores an alert with its jobs before it is acknowledged. The key of the request
// becomes the name of the campaign, so a repeated request changes nothing.
func (a *api) post(w http.ResponseWriter, r *http.Request) error {
	var body alert
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	if keys := r.Header.Values("Idempotency-Key"); len(keys) > 0 {
		key := strings.Trim(keys[0], `"`)
		if len(keys) > 1 || key == "" || body.ID != "" && body.ID != key {
			return &problem{Status: http.StatusBadRequest, Detail: "Idempotency-Key is empty, sent twice, or differs from id; send one of them, once"}
		}
		body.ID = key
	}
	if body.ID == "" {
		body.ID = newCampaign()
	}
	if len(body.Mailboxes)+len(body.Groups) == 0 {
		return &problem{Status: http.StatusBadRequest, Detail: "mailboxes and groups are empty; name at least one of either"}
	}
	if len(body.Mailboxes)+len(body.Groups) > maxMailboxes {
		return &problem{Status: http.StatusBadRequest, Detail: fmt.Sprintf("mailboxes and groups are more than %d; post the rest under the same id", maxMailboxes)}
	}
	done, err := a.campaigns.Enqueue(r.Context(), body.order())
	if err != nil {
		return err
	}
	a.log.InfoContext(r.Context(), "alert stored", "campaign", done.Campaign, "targets", done.Added, "repeated", done.Repeated, "jobs", done.Jobs)
	w.Header().Set("Location", "/alerts/"+done.Campaign)
	writeJSON(w, http.StatusAccepted, "application/json", done)
	return nil
}

func (a *api) get(w http.ResponseWriter, r *http.Request) error {
	s, err := a.campaigns.Status(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", s)
	return nil
}

func (a *api) restore(w http.ResponseWriter, r *http.Request) error {
	return a.change(w, r, "restore", a.campaigns.Restore)
}

func (a *api) cancel(w http.ResponseWriter, r *http.Request) error {
	return a.change(w, r, "cancel", a.campaigns.Cancel)
}

func (a *api) change(w http.ResponseWriter, r *http.Request, what string, do func(context.Context, string) error) error {
	if err := do(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	a.log.InfoContext(r.Context(), what, "campaign", r.PathValue("id"))
	s, err := a.campaigns.Status(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, "application/json", s)
	return nil
}

// metrics answers with what this process has done, and with the jobs of all processes.
func (a *api) metrics(w http.ResponseWriter, r *http.Request) error {
	jobs, err := a.campaigns.Jobs(r.Context())
	if err != nil {
		return err
	}
	reports, err := a.reports.Counts(r.Context())
	if err != nil {
		return err
	}
	a.counts.ServeHTTP(w, r)
	var b strings.Builder
	b.WriteString("# HELP quarantined_jobs Jobs in the database, of all processes.\n# TYPE quarantined_jobs gauge\n")
	for _, j := range jobs {
		fmt.Fprintf(&b, "quarantined_jobs{kind=%q,state=%q} %d\n", j.Kind, j.State, j.Count)
	}
	b.WriteString("# HELP quarantined_reports Reports of suspicious mail in the database.\n# TYPE quarantined_reports gauge\n")
	for _, state := range []fleet.ReportState{fleet.ReportWaiting, fleet.ReportQuarantined, fleet.ReportDismissed} {
		fmt.Fprintf(&b, "quarantined_reports{state=%q} %d\n", state, reports[state])
	}
	_, _ = io.WriteString(w, b.String())
	return nil
}

// healthz reports whether to let the process continue. A database that is down is no reason
// to restart it.
func (a *api) healthz(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, "application/json", map[string]string{"status": "ok"})
	return nil
}

// readyz reports whether an alert that is posted now would be stored.
func (a *api) readyz(w http.ResponseWriter, r *http.Request) error {
	if a.stopping.Load() {
		return &problem{Status: http.StatusServiceUnavailable, Detail: "the process is stopping"}
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	var readOnly string
	if err := a.pool.QueryRow(ctx, `SHOW transaction_read_only`).Scan(&readOnly); err != nil {
		a.log.WarnContext(r.Context(), "not ready", "error", err)
		return &problem{Status: http.StatusServiceUnavailable, Detail: "the database does not answer: see the log"}
	}
	if readOnly != "off" {
		return &problem{Status: http.StatusServiceUnavailable, Detail: "the database is read-only; let databaseUrl name the primary"}
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]string{"status": "ready"})
	return nil
}

// readJSON reads the body of a request, which must be JSON: a form on another website
// cannot send that type.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	if t, _, err := mime.ParseMediaType(strings.Join(r.Header.Values("Content-Type"), ", ")); err != nil || t != "application/json" {
		return &problem{Status: http.StatusUnsupportedMediaType, Detail: "send Content-Type: application/json"}
	}
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	in.DisallowUnknownFields()
	err := in.Decode(v)
	if err == nil {
		if _, more := in.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the object")
		}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body is larger than %d bytes; post the rest under the same id", maxBody)}
	}
	if err != nil {
		return &problem{Status: http.StatusBadRequest, Detail: "the body is not the JSON that is asked for: " + err.Error()}
	}
	return nil
}
