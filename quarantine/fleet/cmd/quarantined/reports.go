package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// reportSettings are the configuration of a mailbox to which users report mail. All but
// Mailbox are as in [reported.Options].
type reportSettings struct {
	Mailbox  string            `json:"mailbox"`
	Folder   []string          `json:"folder"`
	Done     []string          `json:"done"`
	MarkOnly bool              `json:"markOnly"`
	Interval exchange.Duration `json:"interval"`
	MarkWait exchange.Duration `json:"markWait"`
}

func (s *settings) checkReports() error {
	seen := make(map[string]bool)
	for _, r := range s.Reports {
		key := strings.ToLower(r.Mailbox)
		switch {
		case r.Mailbox == "":
			return errors.New("reports: mailbox is missing; give the address of the mailbox that users report to")
		case seen[key]:
			return fmt.Errorf("reports: %s stands there twice; leave one of them out", r.Mailbox)
		case r.MarkOnly && len(r.Done) > 0:
			return fmt.Errorf("reports: %s has markOnly and done; leave one of them out", r.Mailbox)
		}
		seen[key] = true
	}
	return nil
}

// watches returns the watches of the mailboxes in the configuration.
func (s *settings) watches(campaigns *fleet.Campaigns, router *quarantine.Router, log *slog.Logger) (all []*fleet.ReportWatch, err error) {
	for _, r := range s.Reports {
		w, err := fleet.NewReportWatch(fleet.NewReports(campaigns), router, r.Mailbox, &fleet.ReportWatchOptions{
			Logger: log, KeysOf: s.keysOf,
			Reported: reported.Options{
				Folder: r.Folder, Done: r.Done, MarkOnly: r.MarkOnly, Interval: time.Duration(r.Interval), MarkWait: time.Duration(r.MarkWait),
			},
		})
		if err != nil {
			return nil, fmt.Errorf("reports: %w; %w", err, errUsage)
		}
		all = append(all, w)
	}
	return all, nil
}

// keysOf returns the keys of the stamps at a server, which also seal notes on reports.
func (s *settings) keysOf(server string) ([][]byte, error) {
	for i := range s.configs {
		if s.configs[i].Name == server {
			return s.configs[i].ReadStampKeys()
		}
	}
	return nil, nil
}

// runAll runs the watches until ctx ends or stop is called, which waits for them to end.
func runAll(ctx context.Context, all []*fleet.ReportWatch) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for _, w := range all {
		running.Go(func() { w.Run(ctx) })
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// stateOf returns the state that a request asks for, or "" for all.
func stateOf(r *http.Request) (fleet.ReportState, error) {
	switch s := fleet.ReportState(r.FormValue("state")); s {
	case "", fleet.ReportWaiting, fleet.ReportQuarantined, fleet.ReportDismissed:
		return s, nil
	}
	return "", &problem{Status: http.StatusBadRequest, Detail: "state is none of waiting, quarantined and dismissed"}
}

// pageOf returns a page of the reports that a request asks for.
func pageOf(r *http.Request, reports *fleet.Reports, n int) ([]fleet.KeptReport, error) {
	state, err := stateOf(r)
	if err != nil {
		return nil, err
	}
	var after *fleet.KeptReport
	if key := r.FormValue("after"); key != "" {
		last, err := reports.Report(r.Context(), key)
		if err != nil {
			return nil, err
		}
		after = &last
	}
	return reports.List(r.Context(), state, after, n)
}

// listReports answers with at most 100 reports, the latest first, and with the state of the
// watches.
func (a *api) listReports(w http.ResponseWriter, r *http.Request) error {
	all, err := pageOf(r, a.reports, 100)
	if err != nil {
		return err
	}
	watches, err := a.reports.Watches(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", struct {
		Reports []fleet.KeptReport  `json:"reports"`
		Watches []fleet.WatchStatus `json:"watches"`
	}{all, watches})
	return nil
}

func (a *api) report(w http.ResponseWriter, r *http.Request) error {
	one, err := a.reports.Report(r.Context(), r.PathValue("key"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", one)
	return nil
}

func (a *api) quarantineReport(w http.ResponseWriter, r *http.Request) error {
	return a.decide(w, r, a.reports.Quarantine)
}

func (a *api) dismissReport(w http.ResponseWriter, r *http.Request) error {
	return a.decide(w, r, a.reports.Dismiss)
}

func (a *api) decide(w http.ResponseWriter, r *http.Request, do func(context.Context, string, fleet.Decision) (fleet.KeptReport, error)) error {
	var body struct {
		By     string `json:"by"`
		Reason string `json:"reason"`
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	one, err := do(r.Context(), r.PathValue("key"), fleet.Decision{By: body.By, Reason: body.Reason})
	if err != nil {
		return err
	}
	a.log.InfoContext(r.Context(), "decision", "report", one.Key, "state", one.State, "campaign", one.Campaign)
	if one.Campaign != "" {
		w.Header().Set("Location", "/alerts/"+one.Campaign)
	}
	writeJSON(w, http.StatusOK, "application/json", one)
	return nil
}
