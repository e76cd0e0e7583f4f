package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported/understood"
)

// reportRecord is a report and what became of it.
type reportRecord struct {
	ID       string    `json:"id"`
	Mailbox  string    `json:"mailbox"` // to which it was sent
	Received time.Time `json:"received"`
	By       string    `json:"by"`
	// Rules are the names of the rules that matched. Without any, people have to decide.
	Rules []string `json:"rules,omitempty"`
	// Alerts are the ids of the alerts that it became; their receipts say what was taken.
	Alerts []string `json:"alerts,omitempty"`
	// Outside are recipients without a mailbox here, and groups that are not fully known.
	Outside []string `json:"outside,omitempty"`
	// Answer is what became of the answer to the reporter: empty without one.
	Answer string `json:"answer,omitempty"`
	Done   bool   `json:"done"`
	// Understood is what it means. All of it may come from an attacker.
	Understood *understood.Report `json:"understood,omitempty"`
}

// reportRef identifies the report that an alert comes from.
type reportRef struct {
	ID      string `json:"id"`
	Mailbox string `json:"mailbox"`
}

// reportPrefix begins the keys of reports, which are stored among the results: no key of a
// result begins with it.
const reportPrefix = "/report/"

var errNoReport = errors.New("no report has that id")

// putReport stores a report.
func (s *store) putReport(r reportRecord) error {
	return s.file.Update(func(tx *sealedfile.Tx) error { return put(tx, resultsTable, []byte(reportPrefix+r.ID), r) })
}

// report returns a report. The error matches errNoReport if it does not exist.
func (s *store) report(id string) (r reportRecord, err error) {
	err = s.file.View(func(tx *sealedfile.Tx) error {
		text, err := tx.Get(resultsTable, []byte(reportPrefix+id))
		if err != nil {
			return err
		}
		if text == nil {
			return errNoReport
		}
		return json.Unmarshal(text, &r)
	})
	return r, err
}

// reports returns at most most reports, latest first, without their meaning.
func (s *store) reports(most int) (all []reportRecord, err error) {
	err = s.file.View(func(tx *sealedfile.Tx) error {
		return tx.Scan(resultsTable, []byte(reportPrefix), func(key, text []byte) error {
			var r reportRecord
			if err := json.Unmarshal(text, &r); err != nil {
				return fmt.Errorf("report %q cannot be read: %w", key, err)
			}
			r.Understood = nil
			all = append(all, r)
			return nil
		})
	})
	slices.SortFunc(all, func(a, b reportRecord) int { return b.Received.Compare(a.Received) })
	return all[:min(len(all), most)], err
}
