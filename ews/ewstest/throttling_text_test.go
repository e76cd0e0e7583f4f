package ewstest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func TestParseThrottling(t *testing.T) {
	t.Parallel()
	p, err := ewstest.ParseThrottling("default, ewscutoffbalance=60000, LockOut=1m,ExportItems=10ms+50ms,*=1ms+2ms", ewstest.ExchangeSE)
	require.NoError(t, err)
	want := ewstest.DefaultThrottling(ewstest.ExchangeSE)
	want.EwsCutoffBalance, want.LockOut = 60_000, time.Minute
	for op, cost := range map[ews.Operation]time.Duration{ews.OpExportItems: 60, ews.OpFindItem: 3, "GetFolder": 3} {
		assert.Equal(t, cost*time.Millisecond, p.Cost(ewstest.Task{Operation: op, Bytes: 1 << 30}).CAS, op)
	}
	got := *p
	got.Cost = nil
	assert.Equal(t, *want, got)

	p, err = ewstest.ParseThrottling("Exchange2010_SP3,EwsPercentTimeInCAS=0", ewstest.ExchangeSE)
	require.NoError(t, err)
	assert.Equal(t, []int{10, 0, 60}, []int{p.EwsMaxConcurrency, p.EwsPercentTimeInCAS, p.EwsPercentTimeInMailboxRPC})
	assert.Equal(t, 40*time.Millisecond, p.Cost(ewstest.Task{Operation: ews.OpFindItem, Member: 1}).CAS)
	p, err = ewstest.ParseThrottling("EwsMaxConcurrency=1", 0)
	require.NoError(t, err)
	assert.Equal(t, []int{1, 0}, []int{p.EwsMaxConcurrency, p.EwsMaxBurst})

	for text, want := range map[string]string{
		"":                             `"" must be default, the name of a version, or NAME=VALUE`,
		"Exchange4":                    `"Exchange4" must be default`,
		"EwsMaxBurst=1,default":        `"default" must be NAME=VALUE, such as EwsMaxBurst=300000; only the first word`,
		"default,EwsMaxBurst=5m":       `EwsMaxBurst: "5m" is not a whole number`,
		"default,EwsMaxBurst=-1":       "EwsMaxBurst must not be negative",
		"EwsMaxBurst=1":                "EwsMaxBurst and EwsRechargeRate belong together",
		"LockOut=5":                    `LockOut: "5" is not a time with its unit, such as 1m`,
		"EwsMaxBirst=1":                "EwsMaxBirst: is not one of EwsCutoffBalance, ",
		"ExportItem=1ms+1ms":           "ExportItem: is not one of",
		"ExportItems=1ms":              `ExportItems: "1ms" is not CALL+ITEM`,
		"ExportItems=1ms+-1ms":         `ExportItems: "1ms+-1ms" is not CALL+ITEM`,
		"EwsMaxConcurrency=9999999999": "up to 2147483647",
	} {
		_, err := ewstest.ParseThrottling(text, 0)
		assert.ErrorContains(t, err, want, text)
	}
}

func TestParseLatencies(t *testing.T) {
	t.Parallel()
	all, of, err := ewstest.ParseLatencies("20ms, ExportItems=1s")
	require.NoError(t, err)
	assert.Equal(t, 20*time.Millisecond, all)
	assert.Equal(t, map[ews.Operation]time.Duration{ews.OpExportItems: time.Second}, of)
	for text, want := range map[string]string{
		"":             `"" must be a time with its unit`,
		"20":           `"20" must be a time with its unit, such as 20ms`,
		"-20ms":        `"-20ms" must not be negative`,
		"ExportItem=1": `"ExportItem" is not an operation`,
		"GetItem=":     `"" must be a time`,
	} {
		_, _, err := ewstest.ParseLatencies(text)
		assert.ErrorContains(t, err, want, text)
	}
}

func TestScenarioThrottles(t *testing.T) {
	t.Parallel()
	sc, err := ewstest.LoadScenario(strings.NewReader(`{
	  "version": "Exchange2010_SP3", "latencies": "1s,FindItem=2s",
	  "throttling": "default,*=0s+0s", "users": [{"name": "svc"}],
	  "mailboxes": [{"address": "alice@example.test"}], "fullAccess": [{"user": "svc", "mailbox": "*"}],
	  "budgets": [{"user": "alice", "throttling": "EwsMaxBurst=1000,EwsRechargeRate=1,*=0s+3s"}]}`))
	require.NoError(t, err)
	assert.Equal(t, ewstest.Exchange2010SP3, sc.Version())
	synctest.Test(t, func(t *testing.T) {
		srv, err := sc.NewServer(nil)
		require.NoError(t, err)
		t.Cleanup(srv.Close)
		assert.Equal(t, 30*time.Second, srv.Spending("svc").Balance, "percent of a minute in Active Directory, by default")
		c := &caller{t: t, srv: srv, user: "svc", version: "Exchange2010_SP1"}
		_, took := c.timed(inboxOfAlice)
		assert.Equal(t, time.Second, took)
		_, took = c.timed(findXML(folderOf("inbox", alice), ""))
		assert.Equal(t, 2*time.Second, took)
		_, took = c.as("alice").timed(inboxOfAlice)
		assert.Equal(t, 4*time.Second, took)
		assert.Equal(t, -2*time.Second, srv.Spending("alice").Balance.Round(time.Second))
	})
	for more, want := range map[string]string{
		`"throttling": "default,EwsMaxBirst=1"`:                         "throttling: ewstest: EwsMaxBirst: is not one of",
		`"latencies": "20"`:                                             `latencies: ewstest: "20" must be a time with its unit`,
		`"latencies": "20ms", "latency": "20ms"`:                        "latency and latencies are both given",
		`"budgets": [{"user": "alice", "throttling": "Exchange2010_"}]`: `budgets[0]: throttling: ewstest: "Exchange2010_" must be`,
	} {
		assert.ErrorContains(t, scenarioError(more), want, more)
	}
}
