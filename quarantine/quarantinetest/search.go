package quarantinetest

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// searcher returns the user's mailbox, with three messages, for strategies that
// can search by criteria; others are not asked.
func searcher(t *testing.T, lab Lab) (driver.Searcher, bool) {
	t.Helper()
	m := message(theID)
	m.Attachment = "invoice.pdf"
	lab.Deliver(t, m)
	other := message(otherID)
	other.Subject = "You have not won"
	other.Folder = "Projects"
	lab.Deliver(t, other)
	unlike := message("<unlike@good.example>")
	unlike.Subject, unlike.Received = "Minutes", received.AddDate(0, 0, -3)
	lab.Deliver(t, unlike)
	s, ok := lab.Strategy().Mailbox(lab.User()).(driver.Searcher)
	return s, ok
}

// searchCandidates: nothing that matches is left out.
func searchCandidates(t *testing.T, lab Lab) {
	s, ok := searcher(t, lab)
	if !ok {
		return
	}
	for name, c := range map[string]struct {
		filter driver.Criteria
		query  driver.Query
		want   []string
	}{
		"subject":    {filter: driver.Criteria{Subject: "you  have WON", SubjectMatch: driver.SubjectExact}, want: []string{theID}},
		"beginning":  {filter: driver.Criteria{Subject: "you have", SubjectMatch: driver.SubjectPrefix}, want: []string{theID, otherID}},
		"part":       {filter: driver.Criteria{Subject: "not won", SubjectMatch: driver.SubjectContains}, want: []string{otherID}},
		"time":       {filter: driver.Criteria{ReceivedAfter: received, ReceivedBefore: received.AddDate(0, 0, 1), AttachmentName: "INVOICE.pdf"}, want: []string{theID}},
		"with query": {filter: driver.Criteria{Subject: "won", SubjectMatch: driver.SubjectContains}, query: driver.Query{MessageID: otherID}, want: []string{otherID}},
	} {
		var seen []string
		found, err := s.Candidates(t.Context(), c.filter, c.query, func(m driver.Candidate) error {
			if m.Err != nil {
				t.Errorf("%s: the details of %s: %v", name, m.Item.MessageID, m.Err)
			}
			if m.Item.ID == "" || m.Item.Folder.ID == "" || m.Item.Received.IsZero() {
				t.Errorf("%s: an incomplete candidate: %+v", name, m.Item)
			}
			if c.filter.AttachmentName != "" && m.Item.MessageID == theID && len(m.Item.Attachments) != 1 {
				t.Errorf("%s: candidate with attachments %+v, want one", name, m.Item.Attachments)
			}
			seen = append(seen, m.Item.MessageID)
			return nil
		})
		if err != nil || len(found.Unsearched) != 0 {
			t.Fatalf("%s: Candidates left %d folders unsearched: %v", name, len(found.Unsearched), err)
		}
		for _, id := range c.want {
			if !slices.Contains(seen, id) {
				t.Errorf("%s: Candidates did not show %s, but %q", name, id, seen)
			}
		}
		if c.query.MessageID != "" && len(seen) != len(c.want) {
			t.Errorf("%s: Candidates showed %q, beyond the query", name, seen)
		}
	}
}

// searchStops: what visit returns ends the search, and is returned as it is.
func searchStops(t *testing.T, lab Lab) {
	s, ok := searcher(t, lab)
	if !ok {
		return
	}
	stop := errors.New("quarantinetest: enough")
	calls := 0
	_, err := s.Candidates(t.Context(), driver.Criteria{Subject: "won", SubjectMatch: driver.SubjectContains}, driver.Query{}, func(driver.Candidate) error {
		calls++
		return stop
	})
	if err != stop || calls != 1 {
		t.Errorf("Candidates went on for %d calls and returned %v, want one call and the error of visit", calls, err)
	}
}

// searchOpen: a message can be read, and one that is gone is told as such.
func searchOpen(t *testing.T, lab Lab) {
	s, ok := searcher(t, lab)
	if !ok {
		return
	}
	m := lab.Strategy().Mailbox(lab.User())
	it := the(t, m, driver.Query{MessageID: theID})
	r, err := s.Open(t.Context(), it)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil || !strings.Contains(string(text), strings.Trim(theID, "<>")) {
		t.Errorf("Open gave %d bytes without the Message-ID (%v)", len(text), err)
	}
	if err := m.Remove(t.Context(), it); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Open(t.Context(), it); !errors.Is(err, driver.ErrGone) {
		t.Errorf("Open of a message that is gone gave %v, %v, want ErrGone", r, err)
	}
}

// searchService: the engine finds, counts and refuses.
func searchService(t *testing.T, lab Lab) {
	if _, ok := searcher(t, lab); !ok {
		return
	}
	find := func(c quarantine.Criteria, l quarantine.Limits) (*quarantine.Receipt, error) {
		s, err := quarantine.New(lab.Strategy(), lab.Quarantine(), &quarantine.Options{CriteriaSearch: true, SearchLimits: l})
		if err != nil {
			t.Fatal(err)
		}
		return s.Find(t.Context(), quarantine.Target{Mailbox: lab.User(), Criteria: c})
	}
	both := quarantine.Criteria{Subject: "you have", SubjectMatch: driver.SubjectPrefix}
	if r, err := find(both, quarantine.Limits{}); err != nil || len(r.Items) != 2 || r.Err() != nil {
		t.Errorf("Find(%s): %v, %v, want two messages", both, r, err)
	}
	if r, err := find(both, quarantine.Limits{PerMailbox: 1}); !errors.Is(err, quarantine.ErrTooManyHits) {
		t.Errorf("Find(%s) beyond its limit: %v, %v, want ErrTooManyHits", both, r, err)
	}
	if r, err := find(both, quarantine.Limits{Protected: []string{lab.User()}}); !errors.Is(err, quarantine.ErrProtected) {
		t.Errorf("Find(%s) in a protected mailbox: %v, %v, want ErrProtected", both, r, err)
	}
}
