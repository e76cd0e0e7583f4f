package main

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// tally collects what the lines of runs report.
type tally struct {
	title  string
	lines  int
	unread int

	copies     map[string]copyRow // by server and operation, or by location
	order      []string
	unsearched map[string]placeRow
	places     []string
	forwards   []forwardRow
	failures   []failureRow
	began, end time.Time
	reasons    []string
}

func newTally(title string) *tally {
	return &tally{title: title, copies: make(map[string]copyRow), unsearched: make(map[string]placeRow)}
}

// copyRow is a copy of a message, in the state reported by the last line about it.
type copyRow struct {
	Server, Mailbox, Folder, MessageID string
	Outcome                            quarantine.Outcome
	Received, Taken                    time.Time
	Read                               bool
	Reach                              driver.Reach
	Problem, Residue                   string
}

// placeRow is a place that could not be searched.
type placeRow struct{ Server, Mailbox, Folder, Cause, Reason string }

// forwardRow is somebody who got a message because somebody forwarded it.
type forwardRow struct {
	From, To string
	Outcome  string
}

// failureRow is a target about which nothing is known but an error.
type failureRow struct{ Server, Mailbox, What, Outcome, Error string }

func (d *tally) read(line numberedLine) {
	d.lines++
	var r result
	if err := json.Unmarshal(line.text, &r); err != nil {
		d.unread++
		return
	}
	if r.Receipt == nil && r.Outcome == "" {
		receipt := new(quarantine.Receipt)
		if err := json.Unmarshal(line.text, receipt); err != nil || receipt.Action == "" {
			d.unread++
			return
		}
		r = resultOf(receipt, nil)
	}
	if r.Forward != nil {
		d.forwards = append(d.forwards, forwardRow{From: r.Forward.From, To: r.Mailbox, Outcome: words(r.Outcome)})
	}
	if isAside(r.Outcome) {
		return
	}
	if r.Receipt == nil || len(r.Receipt.Items) == 0 && !r.ok() {
		what := r.MessageID
		if !r.Criteria.IsZero() {
			what = r.Criteria.String()
		}
		d.failures = append(d.failures, failureRow{r.Server, r.Mailbox, what, words(r.Outcome), r.Error})
	}
	if r.Receipt != nil {
		d.receipt(r)
	}
}

func (d *tally) receipt(r result) {
	receipt := r.Receipt
	server := cmp.Or(receipt.Server, r.Server)
	if reason := receipt.Target.Reason; reason != "" && !slices.Contains(d.reasons, reason) && len(d.reasons) < 20 {
		d.reasons = append(d.reasons, reason)
	}
	if d.began.IsZero() || !receipt.Started.IsZero() && receipt.Started.Before(d.began) {
		d.began = receipt.Started
	}
	if receipt.Finished.After(d.end) {
		d.end = receipt.Finished
	}
	for _, it := range receipt.Items {
		row := copyRow{
			Server: server, Mailbox: receipt.Target.Mailbox, Folder: it.Folder, MessageID: it.MessageID, Outcome: it.Outcome, Received: it.Received,
			Taken: receipt.Finished, Read: it.WasRead, Reach: it.Reach, Residue: it.Residue,
		}
		if it.Err != nil {
			row.Problem = it.Err.Error()
		}
		key := server + "\x00" + it.Operation
		if it.Operation == "" {
			key = strings.Join([]string{server, strings.ToLower(row.Mailbox), it.MessageID, it.From.ItemID, it.Received.String()}, "\x00")
		}
		earlier, again := d.copies[key]
		if !again {
			d.order = append(d.order, key)
		} else {
			// What the owner had done is known from before the message was taken.
			row.Read = row.Read || earlier.Read
			if row.Reach.IsZero() {
				row.Reach = earlier.Reach
			}
		}
		d.copies[key] = row
	}
	for _, u := range receipt.Unsearched {
		row := placeRow{server, receipt.Target.Mailbox, cmp.Or(u.Folder.Path, "the rest of the mailbox"), causeWords(u.Cause), u.Reason}
		key := strings.Join([]string{row.Server, strings.ToLower(row.Mailbox), row.Folder}, "\x00")
		if _, again := d.unsearched[key]; !again {
			d.places = append(d.places, key)
		}
		d.unsearched[key] = row
	}
}

// page returns what the page shows.
func (d *tally) page(now time.Time) summaryView {
	p := summaryView{Title: d.title, Made: now.UTC(), Began: d.began, End: d.end, Reasons: d.reasons, UnreadLines: d.unread, Forwards: d.forwards, Failures: d.failures}
	mailboxes, outcomes := make(map[string]bool), make(map[quarantine.Outcome]int)
	for _, key := range d.order {
		c := d.copies[key]
		p.Copies = append(p.Copies, c)
		mailboxes[strings.ToLower(c.Mailbox)] = true
		outcomes[c.Outcome]++
		p.Several = p.Several || c.Server != p.Copies[0].Server
		if c.Read || c.Reach.Answer != driver.AnswerNone {
			p.Call = append(p.Call, c)
		}
		if c.Read {
			p.Read++
		}
		if c.Reach.Answer != driver.AnswerNone {
			p.Answered++
		}
	}
	p.Mailboxes = len(mailboxes)
	p.Counts = countsOf(outcomes)
	slices.SortStableFunc(p.Call, func(a, b copyRow) int {
		if urgent := urgency(a) - urgency(b); urgent != 0 {
			return urgent
		}
		return a.Reach.AnsweredAt.Compare(b.Reach.AnsweredAt)
	})
	for _, key := range d.places {
		p.Unsearched = append(p.Unsearched, d.unsearched[key])
	}
	return p
}

// urgency orders the people to be called: someone who has replied may have given something
// away.
func urgency(c copyRow) int {
	switch c.Reach.Answer {
	case driver.AnswerReplied, driver.AnswerRepliedToAll:
		return 0
	case driver.AnswerForwarded:
		return 1
	}
	return 2
}
