package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// A file of targets is enqueued, taken, reported, and put back, all by commands.
func TestCommands(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.deliver(alice, "Your invoice")
	l.deliver(bob, "Your invoice")
	file := l.file(t, "targets.csv", "mailbox,message_id\n"+alice+","+phishing+"\n"+bob+","+phishing+"\ncarol@example.test,"+phishing+"\n")
	out, status := l.run(t, "enqueue", "-config", l.config, "-targets", file, "-campaign", "case-1", "-reason", "phishing")
	require.Zero(t, status, out)
	var done fleet.Enqueued
	require.NoError(t, json.Unmarshal([]byte(out), &done))
	assert.Equal(t, 3, done.Added)
	w := l.work(t)
	l.done(t, "case-1", nil)
	out, status = l.run(t, "status", "case-1", "-config", l.config, "-targets")
	require.Zero(t, status, out)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 4)
	var s fleet.CampaignStatus
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &s))
	assert.Equal(t, 2, s.Taken)
	var first fleet.TargetStatus
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &first))
	assert.Equal(t, alice, first.Receipt.Target.Mailbox)
	out, status = l.run(t, "restore", "-config", l.config, "-target", first.Key, "case-1")
	require.Zero(t, status, out)
	l.done(t, "case-1", func(s fleet.CampaignStatus) bool { return s.Restored == 1 })
	assert.Equal(t, [2]int{1, 0}, [2]int{l.copies(alice), l.copies(bob)})
	out, status = l.run(t, "restore", "-config", l.config, "case-1")
	require.Zero(t, status, out)
	l.done(t, "case-1", func(s fleet.CampaignStatus) bool { return s.Restored == 2 })
	assert.Equal(t, [2]int{1, 1}, [2]int{l.copies(alice), l.copies(bob)})
	out, _ = l.run(t, "list", "-config", l.config)
	assert.Contains(t, out, `"state":"restoring"`)

	assert.Zero(t, w.stop())
	assert.Contains(t, w.log.String(), `"campaign":"case-1"`)
	assert.Contains(t, w.log.String(), `"reference":"case-1"`)
	for _, secret := range []string{dbSecret, password} {
		assert.NotContains(t, w.log.String(), secret)
	}
}

// Errors in arguments and configuration are reported, without the secrets in them.
func TestUsage(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	bad := func(text string) string { return l.file(t, "bad.json", text) }
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "no command"},
		{[]string{"fly"}, "unknown command \"fly\""},
		{[]string{"work"}, "-config FILE is missing"},
		{[]string{"status", "-config", l.config}, "the name of the campaign is missing"},
		{[]string{"enqueue", "-config", l.config}, "-targets FILE is missing"},
		{[]string{"work", "-config", l.config, "more"}, "unexpected argument"},
		{[]string{"work", "-config", bad(`{"databaseUrl": "postgres://u:top%zzsecret@h/d", "exchange": {}}`)}, "databaseUrl cannot be read"},
		{[]string{"work", "-config", bad(`{"exchange": {}}`)}, "databaseUrl is missing"},
		{[]string{"work", "-config", bad(`{"databaseUrl": "postgres:///x"}`)}, `"exchange" is missing`},
		{[]string{"work", "-config", bad(`{"databaseUrl": "postgres:///x", "exchange": {"journalFile": "j"}}`)}, "journalFile"},
		{[]string{"work", "-config", bad(`{"databaseUrl": "postgres:///x", "speed": 1}`)}, "speed"},
		{[]string{"work", "-config", bad(`{"databaseUrl": "postgres:///x", "exchange": {}, "proxies": ["10.0.0.1"]}`)}, "userHeader"},
		{[]string{"enqueue", "-config", l.config, "-targets", l.file(t, "t.csv", "mailbox,subject\na@example.test,b\n")}, "column \"subject\""},
		{[]string{"enqueue", "-config", l.config, "-targets", l.file(t, "u.jsonl", "{\"mailbox\":\"a@example.test\",\"criteria\":{\"subjct\":\"b\"}}\n")}, "line 1"},
	} {
		if len(c.args) > 2 && strings.HasSuffix(c.args[2], "bad.json") {
			continue // below, one after the other
		}
		out, status := l.run(t, c.args...)
		assert.Equal(t, 2, status, "%v: %s", c.args, out)
		assert.Contains(t, out, c.says)
	}
	for text, says := range map[string]string{
		`{"databaseUrl": "postgres://u:top%zzsecret@h/d", "exchange": {}}`: "databaseUrl cannot be read",
		`{"exchange": {}}`:                 "databaseUrl is missing",
		`{"databaseUrl": "postgres:///x"}`: `"exchange" is missing`,
		`{"databaseUrl": "postgres:///x", "exchange": {"journalFile": "j"}}`:                                              "journalFile",
		`{"databaseUrl": "postgres:///x", "speed": 1}`:                                                                    "speed",
		`{"databaseUrl": "postgres:///x", "exchange": {}, "proxies": ["10.0.0.1"]}`:                                       "userHeader",
		`{"databaseUrl": "postgres:///x", "exchange": {}, "userHeader": "X User"}`:                                        "userHeader",
		`{"databaseUrl": "postgres:///x", "exchange": {}, "userHeader": "U", "proxies": ["a"]}`:                           "proxies",
		`{"databaseUrl": "postgres:///x", "exchange": {}} {}`:                                                             "line 1, column 50: is followed by other text",
		"{\n \"databaseURL\": \"postgres:///x\"}":                                                                         "line 2, column 2: databaseURL is not a setting; use databaseUrl",
		"{\"databaseUrl\": \"postgres:///x\",\n\"lisen\": \"x\"}":                                                         "line 2, column 1: lisen is not a setting; did you mean listen?; see",
		"{\"exchange\": {\n\"ewsURI\": \"x\"}}":                                                                           "line 2, column 1: exchange.ewsURI is not a setting; did you mean ewsUrl?",
		"{\"exchange\": [{},\n{\"quarantinMailbox\": \"x\"}]}":                                                            "line 2, column 2: exchange[1].quarantinMailbox is not a setting; did you mean quarantineMailbox?",
		"{\"reports\": [\n{\"mailbxo\": \"x\"}]}":                                                                         "line 2, column 2: reports[0].mailbxo is not a setting; did you mean mailbox?",
		"{\"jobs\": 1,\n\"jobs\": 2}":                                                                                     "line 2, column 1: jobs is set twice",
		"{\"jobs\": \"many\"}":                                                                                            "jobs must be a whole number, without quotation marks",
		"{\"reports\": {}}":                                                                                               "reports must be an array of objects",
		"{\"settle\": \"5\"}":                                                                                             "settle",
		`{"databaseUrl": "postgres:///x", "exchange": {}, "reports": [{}]}`:                                               "reports: mailbox is missing",
		`{"databaseUrl": "postgres:///x", "exchange": {}, "reports": [{"mailbox":"a@b.c"},{"mailbox":"A@b.c"}]}`:          "stands there twice",
		`{"databaseUrl": "postgres:///x", "exchange": {}, "reports": [{"mailbox":"a@b.c","markOnly":true,"done":["X"]}]}`: "markOnly and done",
		`{"databaseUrl": "postgres:///x", "exchange": {}, "reports": [{"mailbox":"a@b.c","interval":"-1s"}]}`:             "negative",
	} {
		out, status := l.run(t, "work", "-config", bad(text))
		assert.Equal(t, 2, status, "%s: %s", text, out)
		assert.Contains(t, out, says)
		assert.NotContains(t, out, "secret")
	}
	out, status := l.run(t, "status", "-config", l.config, "no-such")
	assert.Equal(t, 1, status)
	assert.Contains(t, out, "no-such: fleet: no such campaign")
}

// A database without tables, or one that is down, is reported with what to do.
func TestDatabase(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	_, err := l.pool.Exec(t.Context(), "DROP TABLE fleet_schema_versions")
	require.NoError(t, err)
	out, status := l.run(t, "work", "-config", l.config)
	assert.Equal(t, 1, status)
	assert.Contains(t, out, "run quarantined migrate once")
	down := l.file(t, "down.json", `{"databaseUrl": "postgres://u:hidden@127.0.0.1:1/x", "exchange": {}}`)
	out, status = l.run(t, "list", "-config", down)
	assert.Equal(t, 1, status)
	assert.Contains(t, out, "does not answer")
	assert.NotContains(t, out, "hidden")
}

// A database that accepts connections but never answers, as when its machine has stalled,
// ends commands with what to do. A worker waits for it, alive but not ready.
func TestSilentDatabase(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close() // nobody accepts
	address := "postgres://u:hidden@" + silent.Addr().String() + "/x?sslmode=disable&connect_timeout=1"
	l.config = l.file(t, "silent.json", `{"databaseUrl": "`+address+`", "listen": "127.0.0.1:0", "exchange": {}}`)
	targets := l.file(t, "targets.csv", "mailbox,message_id\n"+alice+","+phishing+"\n")
	for _, args := range [][]string{{"migrate"}, {"list"}, {"status", "c"}, {"cancel", "c"}, {"restore", "c"}, {"enqueue", "-targets", targets}} {
		out, status := l.run(t, append(args, "-config", l.config)...)
		assert.Equal(t, 1, status, args)
		assert.Contains(t, out, "the database does not answer; see that it runs", args)
		assert.Contains(t, out, "then give the command again", args)
		assert.NotContains(t, out, "hidden")
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0") // a free port
	require.NoError(t, err)
	free := listener.Addr().String()
	require.NoError(t, listener.Close())
	l.config = l.file(t, "silent.json", `{"databaseUrl": "`+address+`", "listen": "`+free+`", "exchange": {"ewsUrl": "`+l.URL()+`", "quarantineMailbox": "`+vault+`", "authentication": {"type": "basic", "username": "svc@example.test"}}}`)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var log output
	ended := make(chan int, 1)
	p := &program{stdin: strings.NewReader(""), stdout: &log, stderr: &log, lookup: l.lookup}
	go func() { ended <- p.run(ctx, []string{"work", "-config", l.config}) }()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "waiting for the database") }, time.Minute, 20*time.Millisecond)
	assert.NotContains(t, log.String(), "hidden")
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/alerts/x": 503, "/": 503} {
		status, _, text := call(t, "GET", "http://"+free+path, "")
		assert.Equal(t, want, status, path)
		assert.Equal(t, want == 503, strings.Contains(text, "waits for the database"), text)
	}
	stop()
	assert.Zero(t, <-ended)
}

// A database that stalls in the middle of a statement also ends a command.
func TestSilentStatement(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	s, err := loadSettings(l.config, l.lookup)
	require.NoError(t, err)
	pool, err := s.pool(t.Context(), 300*time.Millisecond)
	require.NoError(t, err)
	defer pool.Close()
	begun := time.Now()
	campaigns, err := fleet.NewCampaigns(pool, nil)
	require.NoError(t, err)
	lock, err := l.pool.Begin(t.Context()) // as good as a stalled database
	require.NoError(t, err)
	_, err = lock.Exec(t.Context(), `LOCK TABLE fleet_campaigns`)
	require.NoError(t, err)
	_, err = campaigns.List(t.Context(), nil, 1)
	require.ErrorIs(t, err, fleet.ErrUnreachable)
	assert.Less(t, time.Since(begun), 30*time.Second)
	require.NoError(t, lock.Rollback(t.Context()))
	_, err = campaigns.List(t.Context(), nil, 1)
	require.NoError(t, err)
}

// An alert is stored before it is acknowledged; repeating it changes nothing.
func TestAlerts(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.deliver(alice, "Your invoice")
	w := l.work(t)
	const jsonType = "application/json"
	body := `{"mailboxes":["` + alice + `"],"messageId":"` + phishing + `","reason":"phishing"}`
	for range 2 {
		status, header, text := call(t, "POST", w.url+"/alerts", body, "Content-Type", jsonType, "Idempotency-Key", "incident-17")
		require.Equal(t, http.StatusAccepted, status, text)
		assert.Equal(t, "/alerts/incident-17", header.Get("Location"))
	}
	s := l.done(t, "incident-17", nil)
	assert.Equal(t, [2]int{1, 1}, [2]int{s.Targets, s.Taken})
	status, _, text := call(t, "GET", w.url+"/alerts/incident-17", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, `"taken":1`)
	status, _, _ = call(t, "POST", w.url+"/alerts/incident-17/restore", "", "Content-Type", jsonType)
	assert.Equal(t, http.StatusAccepted, status)
	l.done(t, "incident-17", func(s fleet.CampaignStatus) bool { return s.Restored == 1 })
	assert.Equal(t, 1, l.copies(alice))

	for _, c := range []struct {
		status                int
		method, path, content string
		header                []string
	}{
		{http.StatusUnsupportedMediaType, "POST", "/alerts", body, []string{"Content-Type", "text/plain"}},
		{http.StatusBadRequest, "POST", "/alerts", `{"mailbox":"x"}`, []string{"Content-Type", jsonType}},
		{http.StatusBadRequest, "POST", "/alerts", `{}`, []string{"Content-Type", jsonType}},
		{http.StatusBadRequest, "POST", "/alerts", body + body, []string{"Content-Type", jsonType}},
		{http.StatusBadRequest, "POST", "/alerts", body, []string{"Content-Type", jsonType, "Idempotency-Key", ""}},
		{http.StatusConflict, "POST", "/alerts", body, []string{"Content-Type", jsonType, "Idempotency-Key", "incident-17"}},
		{http.StatusNotFound, "GET", "/alerts/no-such", "", nil},
		{http.StatusForbidden, "POST", "/alerts", body, []string{"Content-Type", jsonType, "Origin", "https://evil.example"}},
		{http.StatusForbidden, "GET", "/alerts/incident-17", "", []string{"X-Forwarded-For", "192.0.2.1"}},
		{http.StatusMisdirectedRequest, "GET", "/alerts/incident-17", "", []string{"Host", "evil.example"}},
		{http.StatusBadRequest, "GET", "/alerts/no%00such", "", nil},
		{http.StatusBadRequest, "POST", "/alerts/no%00such/cancel", "", nil},
		{http.StatusBadRequest, "GET", "/?after=%FF", "", nil},
		{http.StatusBadRequest, "GET", "/campaigns/incident-17?mailbox=%00", "", nil},
		{http.StatusBadRequest, "GET", "/campaigns/incident-17/targets/%00", "", nil},
		{http.StatusNotFound, "GET", "/reports/%00", "", nil},
		{http.StatusOK, "GET", "/healthz", "", nil},
		{http.StatusOK, "GET", "/readyz", "", nil},
	} {
		status, _, text := call(t, c.method, w.url+c.path, c.content, c.header...)
		assert.Equal(t, c.status, status, "%s %s %v: %s", c.method, c.path, c.header, text)
	}
	_, _, text = call(t, "POST", w.url+"/alerts", `{"messageId":"`+phishing+`"}`, "Content-Type", jsonType)
	assert.Contains(t, text, "mailboxes and groups are empty")
	_, _, metrics := call(t, "GET", w.url+"/metrics", "")
	// A job ends after its last target, and the restore may have come in between.
	assert.Regexp(t, `quarantined_jobs\{kind="fleet_take",state="(running|completed|cancelled)"\} 1`, metrics)
	assert.Contains(t, metrics, "# TYPE ")
}

// A database that accepts no writes, such as one that has become a standby, does not count
// as ready.
func TestReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	w := l.work(t)
	_, err := l.pool.Exec(t.Context(), `ALTER DATABASE `+l.pool.Config().ConnConfig.Database+` SET default_transaction_read_only = on`)
	require.NoError(t, err)
	_, err = l.pool.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		status, _, text := call(t, "GET", w.url+"/readyz", "")
		return status == http.StatusServiceUnavailable && strings.Contains(text, "let databaseUrl name the primary")
	}, time.Minute, 50*time.Millisecond)
	status, _, _ := call(t, "POST", w.url+"/alerts", `{"mailboxes":["`+alice+`"],"messageId":"`+phishing+`"}`, "Content-Type", "application/json")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	status, _, _ = call(t, "GET", w.url+"/healthz", "")
	assert.Equal(t, http.StatusOK, status)
}

// Idle transactions are limited, but not by anything that a pooler refuses, and not if the
// address sets another limit.
func TestIdleTransactions(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	for parameter, want := range map[string]string{"": "1min", "&idle_in_transaction_session_timeout=7s": "7s"} {
		c := l.pool.Config().ConnConfig
		address := fmt.Sprintf("postgres:///%s?user=%s&host=%s&port=%d%s", c.Database, c.User, url.QueryEscape(c.Host), c.Port, parameter)
		l.env[envDatabase] = address
		s, err := parseSettings([]byte(`{"exchange":{}}`), l.lookup)
		require.NoError(t, err)
		pool, err := s.pool(t.Context(), 0)
		require.NoError(t, err)
		defer pool.Close()
		_, sent := pool.Config().ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"]
		assert.Equal(t, parameter != "", sent)
		var got string
		require.NoError(t, pool.QueryRow(t.Context(), `SHOW idle_in_transaction_session_timeout`).Scan(&got))
		assert.Equal(t, want, got)
	}
}

// With a token, callers that do not send it are refused, even on this machine.
func TestToken(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.env[envToken] = "the-token"
	w := l.work(t)
	for authorization, want := range map[string]int{"": 401, "Bearer wrong": 401, "Basic the-token": 401, "Bearer the-token": 404} {
		status, header, _ := call(t, "GET", w.url+"/alerts/x", "", "Authorization", authorization)
		assert.Equal(t, want, status, authorization)
		assert.Equal(t, want == 401, header.Get("WWW-Authenticate") != "")
	}
	start := time.Now()
	assert.Zero(t, w.stop())
	assert.Less(t, time.Since(start), softStop, "nothing was in progress")
}
