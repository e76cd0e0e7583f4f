package fleet_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

const phishing = "<1@evil.example>"

// campaignLab is an Exchange server and a database, with workers that tests start.
type campaignLab struct {
	*ewstest.Server
	pool      *pgxpool.Pool
	campaigns *fleet.Campaigns
	journal   *fleet.Journal
	limiter   ews.Limiter       // nil: that of each process
	transport http.RoundTripper // nil: directly to the server
}

func newCampaignLab(t testing.TB) *campaignLab {
	t.Helper()
	return newCampaignLabWith(t, nil)
}

func newCampaignLabWith(t testing.TB, opts *ewstest.Options) *campaignLab {
	t.Helper()
	l := &campaignLab{Server: ewstest.NewServer(opts), pool: pgtest.Pool(t)}
	t.Cleanup(l.Close)
	require.NoError(t, fleet.Migrate(t.Context(), l.pool))
	return l.process(t, l.pool)
}

// process returns the same lab with the journal and campaigns of a separate process.
func (l *campaignLab) process(t testing.TB, pool *pgxpool.Pool) *campaignLab {
	t.Helper()
	p := &campaignLab{Server: l.Server, pool: pool, transport: l.transport}
	var err error
	p.journal, err = fleet.NewJournal(pool, nil)
	require.NoError(t, err)
	p.campaigns, err = fleet.NewCampaigns(pool, nil)
	require.NoError(t, err)
	return p
}

// deliver delivers the message to mailboxes.
func (l *campaignLab) deliver(addresses ...string) {
	for _, a := range addresses {
		l.Mailbox(a).Deliver([]byte("Message-ID: " + phishing + "\r\nFrom: mallory@evil.example\r\nSubject: Your invoice\r\n\r\nClick here.\r\n"))
	}
}

// config returns the configuration of the organisation, after change if that is not nil.
func (l *campaignLab) config(t testing.TB, change func(*exchange.Config)) *exchange.Config {
	t.Helper()
	text := `{"name": "lab", "ewsUrl": "https://mail.example.test/EWS/Exchange.asmx", "quarantineMailbox": "quarantine@example.test",
		"messageIdSearch": true, "searchLag": "1ms", "authentication": {"type": "basic", "username": "svc@example.test", "password": "svc-password"}}`
	cfg, err := exchange.ParseConfig(strings.NewReader(text))
	require.NoError(t, err)
	if change != nil {
		change(cfg)
	}
	return cfg
}

// router returns the router of a separate process.
func (l *campaignLab) router(t testing.TB, change func(*exchange.Config)) *quarantine.Router {
	t.Helper()
	router, err := exchange.OpenRouter([]exchange.Config{*l.config(t, change)}, &exchange.RouterOptions{OptionsFor: func(*exchange.Config) *exchange.Options {
		return &exchange.Options{Transport: cmp.Or(l.transport, l.Direct()), Journal: l.journal, Limiter: l.limiter, Wait: time.Millisecond}
	}})
	require.NoError(t, err)
	t.Cleanup(func() { router.Close() })
	return router
}

// work starts workers, which stop before the test ends.
func (l *campaignLab) work(t testing.TB, opts fleet.WorkerOptions, change func(*exchange.Config)) *fleet.Workers {
	t.Helper()
	if testing.Verbose() {
		opts.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	w, err := fleet.NewWorkers(l.campaigns, l.router(t, change), &opts)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	require.NoError(t, w.Start(ctx))
	t.Cleanup(func() {
		stop()
		<-w.Stopped()
	})
	return w
}

// until waits until a campaign satisfies a condition.
func (l *campaignLab) until(t testing.TB, campaign string, is func(fleet.CampaignStatus) bool) fleet.CampaignStatus {
	t.Helper()
	var s fleet.CampaignStatus
	require.Eventually(t, func() bool {
		var err error
		s, err = l.campaigns.Status(t.Context(), campaign)
		return err == nil && is(s)
	}, time.Minute, 20*time.Millisecond, "%s", stringer(func() string { return fmt.Sprintf("%+v", s) }))
	return s
}

type stringer func() string

func (s stringer) String() string { return s() }

// done waits until nothing of a campaign is left to do.
func (l *campaignLab) done(t testing.TB, campaign string) fleet.CampaignStatus {
	t.Helper()
	return l.until(t, campaign, func(s fleet.CampaignStatus) bool { return s.Done() })
}

// copies returns how many copies of the message the owners can see.
func (l *campaignLab) copies(addresses ...string) (n int) {
	for _, a := range addresses {
		for _, m := range l.Mailbox(a).Messages() {
			if m.MessageID == phishing && !strings.HasPrefix(string(m.Distinguished), "recoverableitems") {
				n++
			}
		}
	}
	return n
}

// targets returns targets for the message in mailboxes.
func targets(addresses ...string) (all []quarantine.Target) {
	for _, a := range addresses {
		all = append(all, quarantine.Target{Mailbox: a, MessageID: phishing})
	}
	return all
}

const (
	alice = "alice@example.test"
	bob   = "bob@example.test"
	carol = "carol@example.test"
	kept  = "quarantine@example.test"
)
