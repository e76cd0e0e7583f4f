package quarantine_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// The server searches for words, so it also returns messages with longer
// subjects. Their details are not read, or Examined would not limit anything.
func TestDetailsOfOtherSubjectsAreNotRead(t *testing.T) {
	t.Parallel()
	srv, strategy := criteriaWorld(t, true)
	for i := range 200 {
		srv.Mailbox(alice).DeliverWith(mail(fmt.Sprint("m", i), fmt.Sprintf("From: mallory@evil.example\nSubject: Re: invoice %d", i), "x"), ewstest.Delivery{Received: criteriaDay})
	}
	srv.ResetRequests()
	ids, undecided, err := findBy(t, strategy, quarantine.Criteria{Sender: "mallory@evil.example", Subject: "invoice"}, quarantine.Limits{Examined: 5, PerMailbox: 5})
	require.NoError(t, err)
	assert.Empty(t, ids)
	assert.Empty(t, undecided)
	for _, r := range srv.Requests() {
		assert.NotEqual(t, ews.OpGetItem, r.Operation)
	}
}

// A folder that could not be searched completely is searched again. What was
// undecided the first time must then be decided.
func TestUndecidedIsDecidedInTheNextLook(t *testing.T) {
	t.Parallel()
	srv, strategy := criteriaWorld(t, true)
	for i := range 12 {
		srv.Mailbox(alice).DeliverWith(mail(fmt.Sprint("m", i), "From: mallory@evil.example\nSubject: s", "https://evil.example/x"), ewstest.Delivery{Received: criteriaDay})
	}
	reads := 0
	srv.OnRequest(func(_ int, r *ewstest.Request) {
		if r.Operation != ews.OpGetItem {
			return
		}
		reads++
		switch reads {
		case 3: // just before the MIME of the third message
			srv.FailNext(ews.OpGetItem, ewstest.MemberCode("ErrorItemPropertyRequestFailed"))
		case 12: // just before the details of the second batch
			srv.FailNext(ews.OpGetItem, ewstest.FaultCode("ErrorAccessDenied"))
		}
	})
	ids, undecided, err := findBy(t, strategy, quarantine.Criteria{Sender: "mallory@evil.example", URL: "https://evil.example/x", ReceivedAfter: criteriaDay, ReceivedBefore: criteriaDay.AddDate(0, 0, 1)}, quarantine.Limits{})
	require.NoError(t, err)
	assert.Len(t, ids, 12)
	assert.Empty(t, undecided)
}

// deaf is a driver that continues after an error from visit.
type deaf struct{ driver.Strategy }

type deafMailbox struct{ driver.Mailbox }

func (d deaf) Mailbox(address string) driver.Mailbox {
	return deafMailbox{d.Strategy.Mailbox(address)}
}

func (deafMailbox) Open(context.Context, driver.Item) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("")), nil
}

func (deafMailbox) Candidates(_ context.Context, _ driver.Criteria, _ driver.Query, visit func(driver.Candidate) error) (driver.Findings, error) {
	for i := range 50 {
		_ = visit(driver.Candidate{Item: driver.Item{ID: fmt.Sprint(i), Subject: "an invoice"}})
	}
	return driver.Findings{}, nil
}

func TestLimitsHoldForDriversThatGoOn(t *testing.T) {
	t.Parallel()
	_, strategy := criteriaWorld(t, true)
	ids, _, err := findBy(t, deaf{strategy}, quarantine.Criteria{Subject: "an invoice"}, quarantine.Limits{PerMailbox: 5})
	assert.ErrorIs(t, err, quarantine.ErrTooManyHits)
	assert.Empty(t, ids)
}
