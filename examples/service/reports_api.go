package main

import (
	"cmp"
	"errors"
	"net/http"
)

// reportsListed is how many reports are listed at most.
const reportsListed = 1000

// listReports answers with the last reports.
func (a *api) listReports(w http.ResponseWriter, _ *http.Request) error {
	all, err := a.alerts.reports(reportsListed)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]any{"reports": append([]reportRecord{}, all...)})
	return nil
}

// getReport answers with one.
func (a *api) getReport(w http.ResponseWriter, r *http.Request) error {
	kept, err := a.alerts.report(cmp.Or(r.PathValue("id"), "-"))
	if errors.Is(err, errNoReport) {
		return &problem{Status: http.StatusNotFound, Detail: err.Error()}
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", kept)
	return nil
}
