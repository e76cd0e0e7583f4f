package main

import (
	"cmp"
	"errors"
	"net/http"
)

// reportsListed is the maximum number of reports to list.
const reportsListed = 1000

// listReports returns the latest reports.
func (a *api) listReports(w http.ResponseWriter, _ *http.Request) error {
	all, err := a.alerts.reports(reportsListed)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]any{"reports": append([]reportRecord{}, all...)})
	return nil
}

// getReport returns one report.
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
