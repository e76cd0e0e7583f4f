package main

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
	"github.com/ewsquarantine/ewsquarantine/quarantine/counters"
)

// api serves HTTP requests. It only reads and writes alerts; work carries them out.
type api struct {
	alerts *store
	work   *work
	counts *counters.Counters
}

func newAPI(alerts *store, work *work, counts *counters.Counters, log *slog.Logger, token string) http.Handler {
	a := &api{alerts, work, counts}
	probes, guarded := http.NewServeMux(), http.NewServeMux()
	for _, route := range []struct {
		mux          *http.ServeMux
		method, path string
		handler      handler
	}{
		{guarded, http.MethodPost, "/alerts", a.post},
		{guarded, http.MethodGet, "/alerts/{id}", a.get},
		{guarded, http.MethodPost, "/alerts/{id}/restore", a.restore},
		{guarded, http.MethodGet, "/reports", a.listReports},
		{guarded, http.MethodGet, "/reports/{id}", a.getReport},
		{guarded, http.MethodGet, "/metrics", a.metrics},
		{guarded, http.MethodGet, "/debug/vars", a.vars},
		{probes, http.MethodGet, "/healthz", a.healthz},
		{probes, http.MethodGet, "/readyz", a.readyz},
	} {
		route.mux.Handle(route.method+" "+route.path, route.handler.logged(log))
		route.mux.Handle(route.path, onlyBy(route.method).logged(log))
	}
	guarded.Handle("/", handler(notFound).logged(log))
	probes.Handle("/", authorized(token, guarded))
	return recovered(log, probes)
}

// post accepts an alert. It is stored before it is acknowledged.
func (a *api) post(w http.ResponseWriter, r *http.Request) error {
	body, err := limited(w, r)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(r.Header)
	if err != nil {
		return err
	}
	o, err := readOrder(key, body)
	if err != nil {
		return err
	}
	kept, err := a.alerts.find(o.ID)
	if errors.Is(err, errNoAlert) {
		kept, err = a.work.accept(o, nil)
	}
	if err != nil {
		return refusal(err)
	}
	if !kept.same(&o) {
		return &problem{Status: http.StatusUnprocessableEntity, Field: "id", Detail: "was used for a different alert; give each its own id or Idempotency-Key"}
	}
	return accepted(w, kept)
}

// restore requests that everything an alert took be put back. Repeating the request while
// that is in progress changes nothing; repeating it afterwards retries what failed.
func (a *api) restore(w http.ResponseWriter, r *http.Request) error {
	body, err := limited(w, r)
	if err != nil {
		return err
	}
	if err := readNothing(body); err != nil {
		return err
	}
	id, err := idOf(r)
	if err != nil {
		return err
	}
	kept, err := a.work.restore(id)
	if err != nil {
		return refusal(err)
	}
	return accepted(w, kept)
}

func accepted(w http.ResponseWriter, a alert) error {
	w.Header().Set("Location", "/alerts/"+a.ID)
	writeJSON(w, http.StatusAccepted, "application/json", a)
	return nil
}

// refusal returns the response to an error of the work or the store.
func refusal(err error) error {
	switch {
	case errors.Is(err, errNoAlert):
		return &problem{Status: http.StatusNotFound, Detail: err.Error()}
	case errors.Is(err, errNotDone):
		return &problem{Status: http.StatusConflict, Detail: err.Error(), retryAfter: 5 * time.Second}
	case errors.Is(err, errFull), errors.Is(err, errStopped):
		return &problem{Status: http.StatusServiceUnavailable, Detail: err.Error(), retryAfter: 10 * time.Second}
	case errors.Is(err, sealedfile.ErrFull), errors.Is(err, sealedfile.ErrBroken):
		return &unstored{err}
	}
	return err
}

// idOf returns the id in the path. It refuses one that cannot be valid, so that it is not
// looked up.
func idOf(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if !validID.MatchString(id) {
		return "", refusal(errNoAlert)
	}
	return id, nil
}

func (a *api) get(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	kept, err := a.alerts.get(id)
	if err != nil {
		return refusal(err)
	}
	writeJSON(w, http.StatusOK, "application/json", kept)
	return nil
}

// healthz reports whether the process can continue or has to be restarted.
func (a *api) healthz(w http.ResponseWriter, _ *http.Request) error {
	if a.work.sick() != nil {
		return &problem{Status: http.StatusServiceUnavailable, Detail: a.work.storage()}
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]string{"status": "ok"})
	return nil
}

// readyz reports whether to send alerts here: whether one that is posted now is worked on
// soon. While it is not ready, the service may accept alerts, but they wait.
func (a *api) readyz(w http.ResponseWriter, _ *http.Request) error {
	r, unready := a.work.health()
	if unready != "" {
		return &problem{Status: http.StatusServiceUnavailable, Detail: unready, retryAfter: 5 * time.Second}
	}
	writeJSON(w, http.StatusOK, "application/json", r)
	return nil
}

func notFound(http.ResponseWriter, *http.Request) error {
	return &problem{Status: http.StatusNotFound, Detail: "the paths are /alerts, /reports, /metrics, /debug/vars, /healthz and /readyz"}
}

func onlyBy(method string) handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Allow", method)
		return &problem{Status: http.StatusMethodNotAllowed, Detail: "use " + method}
	}
}
