package main

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// listReports shows the reports, the latest first: those that wait, unless the request asks
// for others.
func (p *pages) listReports(w http.ResponseWriter, r *http.Request, user string) error {
	state, err := stateOf(r)
	if err != nil {
		return err
	}
	all, err := pageOf(r, p.reports, perPage)
	if err != nil {
		return err
	}
	watches, err := p.reports.Watches(r.Context())
	if err != nil {
		return err
	}
	data := map[string]any{"User": user, "Title": "Reports", "Reports": all, "Watches": watches, "State": state}
	if len(all) == perPage {
		data["Next"] = "/reports?" + url.Values{"state": {string(state)}, "after": {all[perPage-1].Key}}.Encode()
	}
	return p.show(w, http.StatusOK, "reports.html", data)
}

// report shows a report.
func (p *pages) report(w http.ResponseWriter, r *http.Request, user string) error {
	return p.showReport(w, r, "report.html", map[string]any{"User": user, "Title": "Report"})
}

// confirmDecision shows what would be taken, and asks what to do.
func (p *pages) confirmDecision(w http.ResponseWriter, r *http.Request, user string) error {
	return p.showReport(w, r, "decide.html", map[string]any{"User": user, "Title": "Decide", "Token": p.formToken(w, r)})
}

func (p *pages) showReport(w http.ResponseWriter, r *http.Request, name string, data map[string]any) error {
	one, err := p.reports.Report(r.Context(), r.PathValue("key"))
	if err != nil {
		return err
	}
	own, others := one.Planned()
	data["Report"], data["Own"], data["Others"] = one, own, others
	return p.show(w, http.StatusOK, name, data)
}

// decide stores what a person has decided.
func (p *pages) decide(w http.ResponseWriter, r *http.Request, user string) error {
	if err := checkForm(w, r); err != nil {
		return err
	}
	do := p.reports.Quarantine
	switch r.PostFormValue("decision") {
	case "quarantine":
	case "dismiss":
		do = p.reports.Dismiss
	default:
		return &problem{Status: http.StatusBadRequest, Detail: "the form does not say what to do"}
	}
	one, err := do(context.WithoutCancel(r.Context()), r.PathValue("key"), fleet.Decision{By: user, Reason: r.PostFormValue("reason")})
	if err != nil {
		return err
	}
	p.log.InfoContext(r.Context(), "decision", "report", one.Key, "state", one.State, "campaign", one.Campaign, "user", user)
	to := "/reports/" + one.Key
	if one.State == fleet.ReportQuarantined {
		to = "/campaigns/" + one.Campaign
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
