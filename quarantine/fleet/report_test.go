package fleet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

const abuse = "abuse@example.test"

// reports adds a mailbox for reports, and returns the stored reports.
func (l *campaignLab) reports() *fleet.Reports {
	l.AddMailbox(abuse, nil)
	return fleet.NewReports(l.campaigns)
}

// report delivers a report of the phishing message, as it was sent to some addresses.
func (l *campaignLab) report(from string, to ...string) {
	l.Mailbox(abuse).Deliver(fmt.Appendf(nil, "From: <%s>\r\nTo: %s\r\nSubject: <b>suspicious</b>\r\nMessage-ID: <report-of-%s>\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"+
		"From: mallory@evil.example\r\nTo: %s\r\nMessage-ID: %s\r\nSubject: Your invoice\r\n\r\nClick here.\r\n--b--\r\n", from, abuse, from, strings.Join(to, ", "), phishing))
}

// watch starts a watch as a separate process would; stop ends it, or the end of the test
// does.
func (l *campaignLab) watch(t *testing.T, opts fleet.ReportWatchOptions) (stop func()) {
	t.Helper()
	opts.Reported.Interval, opts.Reported.Pause, opts.Lease = 50*time.Millisecond, 50*time.Millisecond, time.Second
	w, err := fleet.NewReportWatch(fleet.NewReports(l.campaigns), l.router(t, nil), abuse, &opts)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return stop
}

// folders returns how many reports are in each folder of the mailbox.
func (l *campaignLab) folders() map[string]int {
	all := make(map[string]int)
	for _, m := range l.Mailbox(abuse).Messages() {
		all[m.Folder]++
	}
	return all
}

// kept waits until n reports are stored and out of the Inbox, and returns them.
func (l *campaignLab) kept(t *testing.T, r *fleet.Reports, n int) []fleet.KeptReport {
	t.Helper()
	var all []fleet.KeptReport
	require.Eventually(t, func() bool {
		var err error
		all, err = r.List(t.Context(), "", nil, 100)
		return err == nil && len(all) == n && l.folders()["/Reported/Done"] == n
	}, time.Minute, 20*time.Millisecond, "%s", stringer(func() string { return fmt.Sprintf("%+v %v", all, l.folders()) }))
	return all
}

// Reports are stored by one process at a time, and nothing is taken until there is a
// decision: then the reporter's copy is, and those of recipients, as far as they have
// mailboxes.
func TestReports(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	reports := l.reports()
	l.deliver(alice, bob, carol)
	l.AddList("all-staff@example.test", carol)
	l.report(alice, bob, "all-staff@example.test", "someone@elsewhere.example")
	l.report(bob, "nobody@elsewhere.example")
	other := l.process(t, l.pool)
	calls := &inFlight{RoundTripper: l.Direct()}
	other.transport = calls
	stop := l.watch(t, fleet.ReportWatchOptions{})
	all := l.kept(t, reports, 2)
	other.watch(t, fleet.ReportWatchOptions{})
	time.Sleep(1500 * time.Millisecond)
	assert.Zero(t, calls.peak.Load(), "the first has the turn")
	watches, err := reports.Watches(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []fleet.WatchStatus{{Mailbox: abuse, Watched: true}}, watches)
	l.work(t, fleet.WorkerOptions{}, func(c *exchange.Config) { c.Domains = []string{"example.test"} })
	assert.Equal(t, 3, l.copies(alice, bob, carol), "nothing is taken without a decision")

	byWhom := map[string]fleet.KeptReport{all[0].Reporter: all[0], all[1].Reporter: all[1]}
	one, err := reports.Report(t.Context(), byWhom[alice].Key)
	require.NoError(t, err)
	require.NotNil(t, one.Meant)
	assert.Equal(t, phishing, one.Meant.Messages[0].MessageID)
	assert.Equal(t, "<b>suspicious</b>", one.Subject)
	for range 2 { // the second changes nothing
		one, err = reports.Quarantine(t.Context(), one.Key, fleet.Decision{By: "anna"})
		require.NoError(t, err)
		assert.Equal(t, fleet.ReportQuarantined, one.State)
	}
	s := l.done(t, one.Campaign)
	assert.Equal(t, [2]int{3, 0}, [2]int{s.Taken, s.Problems})
	assert.Equal(t, "reported by "+alice, s.Reason)
	require.Len(t, s.Unplanned, 1)
	assert.Equal(t, "someone@elsewhere.example", s.Unplanned[0].Address)
	_, err = reports.Dismiss(t.Context(), one.Key, fleet.Decision{})
	require.ErrorIs(t, err, fleet.ErrDecided)

	for range 2 {
		two, err := reports.Dismiss(t.Context(), byWhom[bob].Key, fleet.Decision{By: "anna", Reason: "a joke"})
		require.NoError(t, err)
		assert.Equal(t, [3]string{"dismissed", "anna", "a joke"}, [3]string{string(two.State), two.By, two.Reason})
	}
	counts, err := reports.Counts(t.Context())
	require.NoError(t, err)
	assert.Equal(t, map[fleet.ReportState]int{fleet.ReportQuarantined: 1, fleet.ReportDismissed: 1}, counts)
	page, err := reports.List(t.Context(), "", &all[0], 10)
	require.NoError(t, err)
	assert.Equal(t, all[1].Key, page[0].Key)
	_, err = reports.Report(t.Context(), "no\x00ne")
	require.ErrorIs(t, err, fleet.ErrNoReport)

	stop()
	l.report(carol)
	l.kept(t, reports, 3)
	assert.NotZero(t, calls.peak.Load(), "the second has taken over")
}

// A report that cannot be read is reported and comes again; what nobody can take is not
// taken.
func TestUnreadableReport(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	reports := l.reports()
	unreadable := l.Fail(ewstest.When{Operation: ews.OpGetItem, Request: func(r *ewstest.Request) bool { return bytes.Contains(r.Body, []byte("MimeContent")) }}, ewstest.FaultCode("ErrorMimeContentConversionFailed"))
	l.report(alice, bob)
	l.watch(t, fleet.ReportWatchOptions{})
	var all []fleet.KeptReport
	require.Eventually(t, func() bool {
		var err error
		all, err = reports.List(t.Context(), fleet.ReportWaiting, nil, 10)
		watches, _ := reports.Watches(t.Context())
		return err == nil && (len(all) == 1 || len(watches) == 1 && strings.Contains(watches[0].Problem, "ErrorMimeContentConversionFailed"))
	}, time.Minute, 20*time.Millisecond)
	assert.Zero(t, l.folders()["/Reported/Done"], "it stays where it is")
	if len(all) == 1 {
		_, err := reports.Quarantine(t.Context(), all[0].Key, fleet.Decision{})
		require.ErrorIs(t, err, fleet.ErrNothingSure)
	}
	unreadable.Cancel()
	all = l.kept(t, reports, 1)
	one, err := reports.Report(t.Context(), all[0].Key)
	require.NoError(t, err)
	assert.NotNil(t, one.Meant)
	assert.Empty(t, one.Problem)
}

// A report is stored before it is acknowledged: a database that is down, or an answer that is
// lost, delays it, and it is stored once.
func TestReportNotLost(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	reports := l.reports()
	faults := new(pgtest.Faults)
	worker := l.process(t, pgtest.Open(t, faults.Install(l.pool.Config())))
	l.report(alice)
	l.FailNext(ews.OpUpdateItem, ewstest.DropAfter, ewstest.DropBefore)
	worker.watch(t, fleet.ReportWatchOptions{})
	l.kept(t, reports, 1)
	faults.SetDown(true)
	l.report(bob)
	time.Sleep(500 * time.Millisecond)
	faults.SetDown(false)
	l.kept(t, reports, 2)
}

// Without the keys that seal notes, nothing is watched; they are requested by server.
func TestReportKeys(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	reports := l.reports()
	l.report(alice, bob)
	var asked atomic.Int32
	l.watch(t, fleet.ReportWatchOptions{KeysOf: func(server string) ([][]byte, error) {
		assert.Equal(t, l.router(t, nil).Servers(), []string{server})
		if asked.Add(1) == 1 {
			return nil, errors.New("the key file cannot be read")
		}
		return [][]byte{[]byte("a key of thirty-two bytes, sealed")}, nil
	}})
	l.kept(t, reports, 1)
	assert.GreaterOrEqual(t, asked.Load(), int32(2))
}

// Options that cannot work are refused immediately.
func TestReportOptions(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	for mailbox, opts := range map[string]*fleet.ReportWatchOptions{
		"no address":         nil,
		"a1@example.test":    {Lease: time.Millisecond},
		"answer@example.com": {Reported: reported.Options{Answer: new(reported.Answer)}},
		"keys@example.com": {
			Reported: reported.Options{Keys: [][]byte{make([]byte, 32)}}, KeysOf: func(string) ([][]byte, error) { return nil, nil },
		},
	} {
		_, err := fleet.NewReportWatch(fleet.NewReports(l.campaigns), l.router(t, nil), mailbox, opts)
		require.ErrorIs(t, err, quarantine.ErrInvalid, mailbox)
	}
	_, err := fleet.NewReports(l.campaigns).Dismiss(t.Context(), "x", fleet.Decision{By: "\x00"})
	require.True(t, errors.Is(err, quarantine.ErrInvalid))
	_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "c", Recipients: []quarantine.Target{{Mailbox: "nobody"}}})
	require.ErrorIs(t, err, quarantine.ErrInvalid)
}

// Processes that stop in the middle leave nothing behind and store nothing twice: a report
// that one had taken is handed to another when its lease has ended.
func TestReportWatchStopped(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	reports := l.reports()
	const n = 12
	for i := range n {
		l.report(fmt.Sprintf("user%d@example.test", i), bob)
	}
	opts := fleet.ReportWatchOptions{Reported: reported.Options{Lease: 10 * time.Second}}
	rounds := 0
	for strike := 3; strike < 40; strike += 12 { // at different requests each time, before and after they were acted on
		met := make(chan struct{})
		l.ClearFaults()
		fault := ewstest.Slow(time.Minute)
		if rounds++; rounds%2 == 0 {
			fault = ewstest.DropAfter
		}
		struck := l.Fail(ewstest.When{Skip: strike, Times: 1}, fault)
		go func() {
			defer close(met)
			for struck.Struck() == 0 && t.Context().Err() == nil {
				time.Sleep(time.Millisecond)
			}
		}()
		stop := l.watch(t, opts)
		<-met
		stop()
	}
	l.ClearFaults()
	l.watch(t, opts)
	all := l.kept(t, reports, n)
	seen := make(map[string]bool)
	for _, one := range all {
		assert.False(t, seen[one.Reporter], one.Reporter)
		seen[one.Reporter] = true
	}
}
