package fleet_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

// Whatever the database setup that fleets may meet, two workers take a campaign and put it
// back, with its original times.
func TestOddDatabases(t *testing.T) {
	t.Parallel()
	for name, parameters := range map[string]map[string]string{
		"another schema":           {"search_path": "mail"},
		"serializable":             {"default_transaction_isolation": "serializable"},
		"repeatable read":          {"default_transaction_isolation": "repeatable read"},
		"times and texts":          {"TimeZone": "Pacific/Apia", "DateStyle": "German, DMY", "IntervalStyle": "sql_standard", "bytea_output": "escape", "extra_float_digits": "-15"},
		"summer in Lisbon":         {"TimeZone": "Europe/Lisbon", "DateStyle": "SQL, MDY", "lc_messages": "C"},
		"old strings":              {"standard_conforming_strings": "off", "escape_string_warning": "on", "backslash_quote": "on"},
		"impatient":                {"statement_timeout": "5s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "1s"},
		"plans that are made once": {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"},
		"not quite durable":        {"synchronous_commit": "off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := pgtest.Config(t)
			first := pgtest.Open(t, config)
			_, err := first.Exec(t.Context(), `CREATE SCHEMA mail`)
			require.NoError(t, err)
			maps.Copy(config.ConnConfig.RuntimeParams, parameters)
			pool := pgtest.Open(t, config)
			require.NoError(t, fleet.Migrate(t.Context(), pool))
			require.NoError(t, fleet.CheckSchema(t.Context(), pool))
			lab := &campaignLab{Server: ewstest.NewServer(nil)}
			defer lab.Close()
			l := lab.process(t, pool)
			l.deliver(alice, bob, carol)
			_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Reason: `it's a \ "reason" \'`, Targets: targets(alice, bob)})
			require.NoError(t, err)
			_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-2", Targets: []quarantine.Target{{Mailbox: carol, Criteria: quarantine.Criteria{Subject: "Your invoice"}}}})
			require.NoError(t, err)
			log := l.employ(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond})
			l.process(t, pool).employ(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond})
			s := l.done(t, "case-1")
			assert.Equal(t, [2]int{2, 0}, [2]int{s.Taken, s.Problems}, "%+v", s)
			assert.Equal(t, `it's a \ "reason" \'`, s.Reason)
			assert.WithinDuration(t, time.Now(), s.Created, time.Hour)
			assert.Equal(t, 1, l.done(t, "case-2").Taken)
			for target, err := range l.campaigns.All(t.Context(), "case-1") {
				require.NoError(t, err)
				assert.WithinDuration(t, time.Now(), target.Finished, time.Hour)
			}
			require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
			require.NoError(t, l.campaigns.Restore(t.Context(), "case-2"))
			s = l.done(t, "case-1")
			assert.Equal(t, [2]int{2, 0}, [2]int{s.Restored, s.Unrestored}, "%+v", s)
			assert.Equal(t, 1, l.done(t, "case-2").Restored)
			assert.Equal(t, [2]int{3, 0}, [2]int{l.copies(alice, bob, carol), l.copies(kept)})
			assert.Equal(t, parameters["synchronous_commit"] == "off", strings.Contains(log.String(), "synchronous_commit"), log.String())
		})
	}
}

// An account that may only read and write the tables is enough for workers. If it lacks a
// right, the error names the objects to grant it on; if it may not create tables, how to
// get them.
func TestRights(t *testing.T) {
	t.Parallel()
	config := pgtest.Config(t)
	owner := pgtest.Open(t, config)
	role := "worker_" + config.ConnConfig.Database
	exec := func(statements ...string) {
		t.Helper()
		for _, s := range statements {
			_, err := owner.Exec(t.Context(), s)
			require.NoError(t, err, s)
		}
	}
	exec(`CREATE ROLE `+role+` LOGIN PASSWORD 'hidden'`, `REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
	t.Cleanup(func() {
		ctx := context.Background() // the test's own has ended
		_, err := owner.Exec(ctx, `DROP OWNED BY `+role+`; DROP ROLE `+role)
		assert.NoError(t, err)
	})
	limited := config.Copy()
	limited.ConnConfig.User, limited.ConnConfig.Password = role, "hidden"
	pool := pgtest.Open(t, limited)
	err := fleet.Migrate(t.Context(), pool)
	require.ErrorContains(t, err, "the account may create no tables in this schema; migrate once as one that may")
	assert.NotContains(t, err.Error(), "hidden")
	require.NoError(t, fleet.Migrate(t.Context(), owner))
	err = fleet.CheckSchema(t.Context(), pool)
	require.ErrorContains(t, err, "lacks a right; grant it")

	exec(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO `+role, `GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO `+role)
	lab := &campaignLab{Server: ewstest.NewServer(nil)}
	defer lab.Close()
	l := lab.process(t, pool)
	l.deliver(alice)
	_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice)})
	require.NoError(t, err)
	log := l.employ(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond})
	assert.Equal(t, 1, l.done(t, "case-1").Taken)
	exec(`REVOKE INSERT ON fleet_receipts FROM ` + role)
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	log.says(t, "lacks a right; grant it")
	exec(`GRANT INSERT ON fleet_receipts TO ` + role)
	assert.Equal(t, 1, l.done(t, "case-1").Restored)
	assert.Equal(t, [2]int{1, 0}, [2]int{l.copies(alice), l.copies(kept)})
}

// A migration that is interrupted anywhere continues where it was when it is run again.
func TestMigrationCut(t *testing.T) {
	t.Parallel()
	config := pgtest.Config(t)
	for at := 1; ; at += 3 {
		require.Less(t, at, 300, "the migration has no end")
		faults := new(pgtest.Faults)
		pool := pgtest.Open(t, faults.Install(config))
		n := 0
		faults.OnSend(func() {
			if n++; n == at {
				faults.SetDown(true)
			}
		})
		err := fleet.Migrate(t.Context(), pool)
		pool.Close()
		if err == nil {
			break
		}
		require.ErrorIs(t, err, fleet.ErrUnreachable, "%d", at)
		require.NotErrorIs(t, err, fleet.ErrSchemaNewer)
	}
	require.NoError(t, fleet.CheckSchema(t.Context(), pgtest.Open(t, config)))
}
