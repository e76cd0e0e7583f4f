package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// summaryView is what the page of summary shows.
type summaryView struct {
	Title            string
	Made, Began, End time.Time
	Reasons          []string
	Counts           []outcomeCount
	Mailboxes        int
	Read, Answered   int
	Several          bool // servers
	Call             []copyRow
	Copies           []copyRow
	Failures         []failureRow
	Unsearched       []placeRow
	Forwards         []forwardRow
	UnreadLines      int
}

// outcomeCount is how many copies have an outcome.
type outcomeCount struct {
	N    int
	What string
	Good bool
}

// countsOf returns the outcomes in the order in which people ask for them.
func countsOf(outcomes map[quarantine.Outcome]int) (all []outcomeCount) {
	for _, o := range []quarantine.Outcome{
		quarantine.Quarantined, quarantine.AlreadyQuarantined, quarantine.Restored, quarantine.AlreadyRestored, quarantine.Found, quarantine.NotFound,
		quarantine.Refused, quarantine.NotBegun, quarantine.Undecided, quarantine.Failed,
	} {
		if n := outcomes[o]; n > 0 {
			all = append(all, outcomeCount{n, words(o), o.Done() || o == quarantine.NotFound})
			delete(outcomes, o)
		}
	}
	others := 0
	for _, n := range outcomes { // those that this version does not know
		others += n
	}
	if others > 0 {
		all = append(all, outcomeCount{others, "of another outcome", false})
	}
	return all
}

// reachWords returns what an owner did with a message, in plain words; empty for nothing.
func reachWords(r driver.Reach) string {
	text := map[driver.Answer]string{
		driver.AnswerReplied: "replied", driver.AnswerRepliedToAll: "replied to all", driver.AnswerForwarded: "forwarded",
	}[r.Answer]
	if text != "" && !r.AnsweredAt.IsZero() {
		text += " " + clock(r.AnsweredAt)
	}
	flag := map[driver.FollowUp]string{driver.FollowUpFlagged: "flagged", driver.FollowUpCompleted: "flag completed"}[r.FollowUp]
	if text != "" && flag != "" {
		text += ", "
	}
	return text + flag
}

//go:embed summary.html
var summaryHTML string

// summaryHead is the beginning of every page.
var summaryHead, _, _ = strings.Cut(summaryHTML, "{{")

// summaryPage is the page. html/template makes text written by a sender inert, and the
// function text shows its invisible characters.
var summaryPage = template.Must(template.New("summary").Funcs(template.FuncMap{
	"text": terminal.Escape,
	"when": func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return clock(t)
	},
	"words":  func(o quarantine.Outcome) string { return words(o) },
	"reach":  reachWords,
	"counts": func(n int, one, many string) string { return fmt.Sprint(count2(n, one, many)) },
	"done":   func(o quarantine.Outcome) bool { return o.Done() || o == quarantine.NotFound },
}).Parse(summaryHTML))
