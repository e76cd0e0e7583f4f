package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

//go:embed pages
var files embed.FS

// perPage is how many campaigns or targets a page shows.
const perPage = 50

// pages shows campaigns to people. Everything that mail systems and senders wrote is text:
// package template escapes it, and no page has a script.
type pages struct {
	settings  *settings
	campaigns *fleet.Campaigns
	reports   *fleet.Reports
	log       *slog.Logger
	templates *template.Template
}

func newPages(s *settings, campaigns *fleet.Campaigns, log *slog.Logger) http.Handler {
	p := &pages{settings: s, campaigns: campaigns, reports: fleet.NewReports(campaigns), log: log}
	p.templates = template.Must(template.New("").Funcs(template.FuncMap{
		"when": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
	}).ParseFS(files, "pages/*.html"))
	mux := http.NewServeMux()
	for pattern, h := range map[string]page{
		"GET /{$}":                  p.list,
		"GET /campaigns/{campaign}": p.campaign,
		"GET /campaigns/{campaign}/receipts.jsonl":             p.receipts,
		"GET /campaigns/{campaign}/targets/{key}":              p.target,
		"GET /campaigns/{campaign}/targets/{key}/receipt.json": p.receipt,
		"GET /campaigns/{campaign}/release":                    p.confirm,
		"GET /campaigns/{campaign}/targets/{key}/release":      p.confirm,
		"POST /campaigns/{campaign}/release":                   p.release,
		"POST /campaigns/{campaign}/targets/{key}/release":     p.release,
		"GET /reports":               p.listReports,
		"GET /reports/{key}":         p.report,
		"GET /reports/{key}/decide":  p.confirmDecision,
		"POST /reports/{key}/decide": p.decide,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, h) })
	}
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "pages/style.css")
	})
	return mux
}

// page answers a request of a user.
type page func(w http.ResponseWriter, r *http.Request, user string) error

func (p *pages) serve(w http.ResponseWriter, r *http.Request, h page) {
	user, refused := p.settings.userOf(r)
	var err error
	if refused != nil {
		err = refused
	} else {
		err = h(w, r, user)
	}
	if err == nil {
		return
	}
	told := problemOf(err, r, p.log)
	told.Title = http.StatusText(told.Status)
	_ = p.show(w, told.Status, "problem.html", map[string]any{"Problem": told, "User": user, "Title": told.Title})
}

// show writes a page, whole or not at all.
func (p *pages) show(w http.ResponseWriter, status int, name string, data map[string]any) error {
	var out bytes.Buffer
	if err := p.templates.ExecuteTemplate(&out, name, data); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
	return nil
}

// list shows the campaigns, the latest first.
func (p *pages) list(w http.ResponseWriter, r *http.Request, user string) error {
	var after *fleet.CampaignStatus
	if name := r.FormValue("after"); name != "" {
		last, err := p.campaigns.Status(r.Context(), name)
		if err != nil {
			return err
		}
		after = &last
	}
	all, err := p.campaigns.List(r.Context(), after, perPage)
	if err != nil {
		return err
	}
	data := map[string]any{"User": user, "Campaigns": all, "Title": "Campaigns"}
	if len(all) == perPage {
		data["Next"] = "/?after=" + url.QueryEscape(all[perPage-1].Campaign)
	}
	return p.show(w, http.StatusOK, "list.html", data)
}

// campaign shows a campaign and its targets, all or those with an outcome or a problem.
func (p *pages) campaign(w http.ResponseWriter, r *http.Request, user string) error {
	name := r.PathValue("campaign")
	s, err := p.campaigns.Status(r.Context(), name)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	f := fleet.TargetFilter{
		Unsearched: query.Get("show") == "unsearched", Problems: query.Get("show") == "problems", Read: query.Get("show") == "read",
		AfterMailbox: query.Get("mailbox"), AfterKey: query.Get("key"),
	}
	if query.Has("outcome") {
		f.Outcome = new(quarantine.Outcome(query.Get("outcome")))
	}
	targets, err := p.campaigns.Targets(r.Context(), name, f, perPage)
	if err != nil {
		return err
	}
	data := map[string]any{"User": user, "Campaign": s, "Targets": targets, "Title": "Campaign " + name, "Filtered": query.Has("show") || query.Has("outcome")}
	if len(targets) == perPage {
		last := targets[perPage-1]
		query.Set("mailbox", last.Target.Mailbox)
		query.Set("key", last.Key)
		data["Next"] = "?" + query.Encode()
	}
	return p.show(w, http.StatusOK, "campaign.html", data)
}

// target shows what became of one target.
func (p *pages) target(w http.ResponseWriter, r *http.Request, user string) error {
	t, err := p.campaigns.Target(r.Context(), r.PathValue("campaign"), r.PathValue("key"))
	if err != nil {
		return err
	}
	return p.show(w, http.StatusOK, "target.html", map[string]any{"User": user, "Name": r.PathValue("campaign"), "Target": t, "Title": t.Target.Mailbox})
}

// receipt sends the receipts of a target as a file.
func (p *pages) receipt(w http.ResponseWriter, r *http.Request, _ string) error {
	t, err := p.campaigns.Target(r.Context(), r.PathValue("campaign"), r.PathValue("key"))
	if err != nil {
		return err
	}
	attached(w, "application/json", r.PathValue("campaign")+"-"+t.Key+".json")
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	_ = out.Encode(t)
	return nil
}

// receipts sends the receipts of a campaign, one per line, in the form from which ewsq
// restores.
func (p *pages) receipts(w http.ResponseWriter, r *http.Request, _ string) error {
	name := r.PathValue("campaign")
	if _, err := p.campaigns.Status(r.Context(), name); err != nil {
		return err
	}
	attached(w, "application/x-ndjson", name+".jsonl")
	out := json.NewEncoder(w)
	for t, err := range p.campaigns.All(r.Context(), name) {
		if err != nil {
			p.log.ErrorContext(r.Context(), "receipts cut short", "campaign", name, "error", err)
			panic(http.ErrAbortHandler) // so nobody takes some receipts for all of them
		}
		if err := out.Encode(t); err != nil {
			return nil // the caller has gone
		}
	}
	return nil
}

// attached declares the response as a file. The name has no characters that need quoting.
func attached(w http.ResponseWriter, contentType, name string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// confirm asks whether to put back a target, or all.
func (p *pages) confirm(w http.ResponseWriter, r *http.Request, user string) error {
	data := map[string]any{"User": user, "Name": r.PathValue("campaign"), "Title": "Release"}
	if key := r.PathValue("key"); key != "" {
		t, err := p.campaigns.Target(r.Context(), r.PathValue("campaign"), key)
		if err != nil {
			return err
		}
		data["Target"] = t
	}
	s, err := p.campaigns.Status(r.Context(), r.PathValue("campaign"))
	if err != nil {
		return err
	}
	data["Campaign"], data["Token"] = s, p.formToken(w, r)
	return p.show(w, http.StatusOK, "confirm.html", data)
}

// release puts back a target, or all.
func (p *pages) release(w http.ResponseWriter, r *http.Request, user string) error {
	if err := checkForm(w, r); err != nil {
		return err
	}
	campaign, key := r.PathValue("campaign"), r.PathValue("key")
	if err := restore(context.WithoutCancel(r.Context()), p.campaigns, campaign, key); err != nil {
		return err
	}
	p.log.InfoContext(r.Context(), "release", "campaign", campaign, "target", key, "user", user)
	http.Redirect(w, r, "/campaigns/"+url.PathEscape(campaign), http.StatusSeeOther)
	return nil
}
