package fleet_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

// statements counts statements by what they do: each is a round trip.
type statements struct {
	mu sync.Mutex
	n  map[string]int
}

var statementKind = regexp.MustCompile(`(?is)(insert|update|delete|select)\s.*?(fleet_\w+)`)

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := q.SQL
	if strings.Contains(q.SQL, "INSERT INTO fleet_intents") {
		kind = "INSERT fleet_intents"
	} else if m := statementKind.FindStringSubmatch(q.SQL); m != nil {
		kind = m[1] + " " + m[2]
	}
	s.n[kind]++
	return ctx
}

func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart counts statements that are sent together: they are one round trip.
func (s *statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n[fmt.Sprintf("batch of %d", b.Batch.Len())]++
	return ctx
}

func (s *statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (s *statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// byTime matches what the limiter and River ask periodically, whether or not there are
// messages.
var byTime = regexp.MustCompile(`fleet_share|LISTEN|-- name: (JobGetAvailable|JobSchedule|JobGetStuck|JobDelete|Leader|Queue)`)

// sum returns how many statements there were, how many of them by time, and what they were.
func (s *statements) sum() (all, timed int, kinds string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for kind, n := range s.n {
		all += n
		if byTime.MatchString(kind) {
			timed += n
		}
		kind, _, _ = strings.Cut(kind, "\n")
		lines = append(lines, fmt.Sprintf("%5d %s", n, kind))
	}
	slices.Sort(lines)
	return all, timed, strings.Join(lines, "\n")
}

// A message costs at most six round trips to the database in a campaign, in addition to the
// limiter's two per second and worker.
func TestRoundTripsOfAMessage(t *testing.T) {
	t.Parallel()
	for _, impersonation := range []bool{false, true} {
		t.Run(fmt.Sprint("impersonation=", impersonation), func(t *testing.T) {
			t.Parallel()
			config := migrated(t)
			count := &statements{n: make(map[string]int)}
			config.ConnConfig.Tracer = count
			pool := pgtest.Open(t, config)
			journal, err := fleet.NewJournal(pool, nil)
			require.NoError(t, err)
			limiter, err := fleet.NewLimiter(pool, &fleet.LimiterOptions{Payers: unlimited(9), Workers: 3})
			require.NoError(t, err)
			srv := ewstest.NewServer(nil)
			defer srv.Close()
			const messages = 40
			var targets []quarantine.Target
			for i := range messages {
				target := quarantine.Target{Mailbox: fmt.Sprintf("user%d@example.test", i), MessageID: fmt.Sprintf("<%d@evil.example>", i)}
				srv.Mailbox(target.Mailbox).Deliver([]byte("Message-ID: " + target.MessageID + "\r\nSubject: Your invoice\r\n\r\nClick here.\r\n"))
				targets = append(targets, target)
			}
			client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: http.RoundTripper(srv.As(srv.Direct(), "svc")), Limiter: limiter})
			require.NoError(t, err)
			opts := &quarantine.Options{Name: "A", Journal: journal, SearchLag: time.Millisecond}
			var service *quarantine.Service
			if impersonation {
				strategy, err := ewsmail.NewImpersonation(client, nil)
				require.NoError(t, err)
				service, err = quarantine.New(strategy, vault, opts)
				require.NoError(t, err)
			} else {
				strategy, err := ewsmail.NewFullAccess(client, nil)
				require.NoError(t, err)
				service, err = quarantine.New(strategy, vault, opts)
				require.NoError(t, err)
			}
			router, err := quarantine.NewRouter([]quarantine.Route{{Service: service}}, nil)
			require.NoError(t, err)
			defer router.Close()
			begun := time.Now()
			for r, err := range router.QuarantineCampaign(t.Context(), "c", slices.Values(targets)) {
				require.NoError(t, err)
				require.NoError(t, r.Err())
				require.Equal(t, quarantine.Quarantined, r.Outcome())
			}
			count.mu.Lock()
			defer count.mu.Unlock()
			journalled, asked := 0, 0
			for kind, n := range count.n {
				if kind == "SELECT fleet_share" {
					asked += n // by time, not by message
					continue
				}
				journalled += n
			}
			t.Logf("%.2f a message: %v", float64(journalled+asked)/messages, count.n)
			assert.LessOrEqual(t, journalled, 6*messages)
			assert.LessOrEqual(t, asked, 5+int(time.Since(begun)/(100*time.Millisecond)))
		})
	}
}

// A message of a campaign that is done by jobs costs at most six round trips in total:
// those of the journal, the limiter, the jobs and River. A job has ten messages here; in a
// large campaign it has more.
func TestRoundTripsOfJobs(t *testing.T) {
	t.Parallel()
	const messages = 32 * 10
	l := newCampaignLab(t)
	count := &statements{n: make(map[string]int)}
	config := l.pool.Config()
	config.ConnConfig.Tracer = count
	counted := l.process(t, pgtest.Open(t, config))
	limiter, err := fleet.NewLimiter(counted.pool, &fleet.LimiterOptions{Payers: unlimited(9), Workers: 3})
	require.NoError(t, err)
	counted.limiter = limiter
	var owners []string
	for i := range messages {
		owners = append(owners, fmt.Sprintf("user%d@example.test", i))
	}
	l.deliver(owners...)
	_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(owners...)})
	require.NoError(t, err)
	counted.work(t, fleet.WorkerOptions{}, nil)
	s := l.done(t, "case-1")
	all, timed, kinds := count.sum()
	assert.Equal(t, messages, s.Taken)
	t.Logf("%.2f a message, of which %.2f by time:\n%s", float64(all)/messages, float64(timed)/messages, kinds)
	const jobs = messages / 10 // River has to fetch each of them, which counts as by time
	assert.LessOrEqual(t, all-timed+jobs, 6*messages)
}
