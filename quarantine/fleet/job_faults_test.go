package fleet_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

// logged is a log that can be read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// employ starts workers that have a log.
func (l *campaignLab) employ(t *testing.T, opts fleet.WorkerOptions) *logged {
	t.Helper()
	log := new(logged)
	opts.Logger = slog.New(slog.NewTextHandler(log, nil))
	w, err := fleet.NewWorkers(l.campaigns, l.router(t, nil), &opts)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	require.NoError(t, w.Start(ctx))
	t.Cleanup(func() {
		stop()
		<-w.Stopped()
	})
	return log
}

// says waits until a log contains a text.
func (l *logged) says(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return bytes.Contains([]byte(l.String()), []byte(text)) }, time.Minute, 20*time.Millisecond, "%s\n%s", text, l)
}

// Workers that are started while the database is down report that, and what to do. If it
// goes down while they work, they continue when it is back.
func TestJobsWithoutDatabase(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice, bob)
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice, bob)})
	require.NoError(t, err)
	faults := new(pgtest.Faults)
	p := l.process(t, pgtest.Open(t, faults.Install(l.pool.Config())))
	faults.SetDown(true)
	w, err := fleet.NewWorkers(p.campaigns, p.router(t, nil), nil)
	require.NoError(t, err)
	err = w.Start(t.Context())
	require.ErrorIs(t, err, fleet.ErrUnreachable)
	require.ErrorContains(t, err, "see that it runs")

	faults.SetDown(false)
	slow := l.Fail(ewstest.When{Operation: ews.OpMoveItem}, ewstest.Slow(300*time.Millisecond))
	log := p.employ(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond})
	require.Eventually(t, func() bool { return slow.Struck() > 0 }, 30*time.Second, time.Millisecond)
	faults.SetDown(true)
	log.says(t, "see that it runs")
	assert.NotContains(t, log.String(), "it is then asked again: fleet: the database does not answer", "it is said once")
	faults.SetDown(false)
	s := l.done(t, "case-1")
	assert.Equal(t, [2]int{2, 0}, [2]int{s.Taken, s.Problems})
	assert.Equal(t, [2]int{0, 2}, [2]int{l.copies(alice, bob), l.copies(kept)})
}

// An order whose commit was not answered is repeated, and is stored once.
func TestEnqueueCutAfterCommit(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	faults := new(pgtest.Faults)
	p := l.process(t, pgtest.Open(t, faults.Install(l.pool.Config())))
	order := fleet.Order{Campaign: "case-1", Targets: targets(alice, bob)}
	faults.CutAfter("COMMIT")
	_, err := p.campaigns.Enqueue(t.Context(), order)
	require.ErrorIs(t, err, fleet.ErrUnreachable)
	require.True(t, faults.Cut())
	again, err := p.campaigns.Enqueue(t.Context(), order)
	require.NoError(t, err)
	assert.Equal(t, [3]int{0, 2, 0}, [3]int{again.Added, again.Repeated, again.Jobs})
	faults.CutAfter("COMMIT")
	require.ErrorIs(t, p.campaigns.Restore(t.Context(), "case-1"), fleet.ErrUnreachable)
	require.NoError(t, p.campaigns.Restore(t.Context(), "case-1"))
	var jobs int
	require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT count(*) FROM river_job WHERE kind = 'fleet_restore'`).Scan(&jobs))
	assert.Equal(t, again.Repeated, jobs)
}

// With no room on the disk of the database, nothing is begun or stored; workers report what
// to do, and continue when there is room. Triggers answer as PostgreSQL does then (SQLSTATE
// 53100).
func TestJobsWithFullDisk(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice, bob)
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice, bob)})
	require.NoError(t, err)
	fill := func(tables ...string) {
		_, err := l.pool.Exec(t.Context(), `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`)
		require.NoError(t, err)
		for _, table := range tables {
			_, err := l.pool.Exec(t.Context(), `CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON `+table+` EXECUTE FUNCTION full_disk()`)
			require.NoError(t, err)
		}
	}
	makeRoom := func() {
		_, err := l.pool.Exec(t.Context(), `DROP FUNCTION full_disk CASCADE`)
		require.NoError(t, err)
	}
	fill("fleet_targets", "fleet_intents")
	_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-2", Targets: targets(carol)})
	require.ErrorIs(t, err, fleet.ErrFull)
	log := l.employ(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond})
	log.says(t, "make room on its disk")
	assert.Equal(t, 2, l.copies(alice, bob), "something was begun without an intent")
	makeRoom()
	s := l.done(t, "case-1")
	assert.Equal(t, [2]int{2, 0}, [2]int{s.Taken, s.Problems})
	_, err = l.campaigns.Status(t.Context(), "case-2")
	require.ErrorIs(t, err, fleet.ErrNoCampaign)

	fill("fleet_receipts") // results cannot be stored
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	require.Eventually(t, func() bool { return l.copies(alice, bob) == 2 }, time.Minute, 20*time.Millisecond)
	makeRoom()
	s = l.done(t, "case-1")
	assert.Equal(t, [2]int{2, 0}, [2]int{s.Restored, s.Unrestored})
	assert.Equal(t, [2]int{2, 0}, [2]int{l.copies(alice, bob), l.copies(kept)})
}

// The clock of the database decides: if those of the machines are five minutes behind or
// ahead of it, a pause that a server has asked for still lasts as long as it should.
func TestClocksApart(t *testing.T) {
	t.Parallel()
	for name, ahead := range map[string]string{"behind the database": "5 minutes", "ahead of the database": "-5 minutes"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := pgtest.Config(t)
			pool := pgtest.Open(t, config)
			_, err := pool.Exec(t.Context(), `CREATE SCHEMA skewed;
				CREATE FUNCTION skewed.now() RETURNS timestamptz STABLE LANGUAGE sql AS $$ SELECT pg_catalog.now() + interval '`+ahead+`' $$;
				CREATE FUNCTION skewed.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql AS $$ SELECT pg_catalog.clock_timestamp() + interval '`+ahead+`' $$`)
			require.NoError(t, err)
			config.ConnConfig.RuntimeParams["search_path"] = "public,skewed,pg_catalog"
			pool = pgtest.Open(t, config)
			require.NoError(t, fleet.Migrate(t.Context(), pool))
			lab := &campaignLab{Server: ewstest.NewServer(nil)}
			defer lab.Close()
			l := lab.process(t, pool)
			l.deliver(alice)
			busy := l.Fail(ewstest.When{Times: 1}, ewstest.FaultCode("ErrorServerBusy").BackOff(7*time.Second))
			_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice)})
			require.NoError(t, err)
			begun := time.Now()
			log := l.employ(t, fleet.WorkerOptions{MaxPause: 50 * time.Millisecond, Settle: time.Hour})
			log.says(t, "set both by NTP")
			s := l.done(t, "case-1")
			assert.NotZero(t, busy.Struck())
			assert.Equal(t, [2]int{1, 0}, [2]int{s.Taken, s.Problems})
			assert.Greater(t, time.Since(begun), 6*time.Second)
			var snoozes int
			require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT coalesce((metadata->>'snoozes')::int, 0) FROM river_job WHERE kind = 'fleet_take'`).Scan(&snoozes))
			assert.LessOrEqual(t, snoozes, 3, "the job was begun again and again")
		})
	}
}

// A large campaign that is enqueued twice at the same time is stored once.
func TestEnqueuedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	order := largeOrder(*large)
	var both [2]fleet.Enqueued
	var wait sync.WaitGroup
	for i := range both {
		wait.Go(func() {
			var err error
			both[i], err = l.campaigns.Enqueue(t.Context(), order)
			assert.NoError(t, err)
		})
	}
	wait.Wait()
	assert.Equal(t, [2]int{*large, *large}, [2]int{both[0].Added + both[1].Added, both[0].Repeated + both[1].Repeated})
	var jobs int
	require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT count(*) FROM river_job`).Scan(&jobs))
	assert.Equal(t, jobs, both[0].Jobs+both[1].Jobs)
	s, err := l.campaigns.Status(t.Context(), order.Campaign)
	require.NoError(t, err)
	assert.Equal(t, map[quarantine.Outcome]int{"": *large}, s.Outcomes)
}
