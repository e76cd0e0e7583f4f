package selftest_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

// TestCheckOfNamedProperties: a server that keeps no named properties fails, and the test
// item is removed even though it cannot be found by them.
func TestCheckOfNamedProperties(t *testing.T) {
	t.Parallel()
	for name, when := range map[string]ewstest.When{
		"never":           {},
		"not by updating": {Operation: ews.OpUpdateItem},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCheckScene(t, exchange.Impersonation)
			s.Fail(when, ewstest.PropertiesLost)
			report := s.check(t)
			assert.Equal(t, []string{"namedProperties " + vault}, names(report, selftest.Failed), report)
			assert.Contains(t, names(report, selftest.Skipped), "changeKeys "+vault)
			assert.Contains(t, report.String(), "ExtendedProperty")
			onlyDependents(t, report)
			s.untouched(t)
		})
	}
}

// TestCheckOfChangeKeys: a server whose UpdateItem accepts an old change key gets a
// warning.
func TestCheckOfChangeKeys(t *testing.T) {
	t.Parallel()
	const honoured = "UpdateItem refuses a change key that is out of date; DeleteItem takes one"
	for name, c := range map[string]struct {
		odd    ewstest.Oddities
		fault  ewstest.Fault
		when   ewstest.When
		warned []string
		says   string
	}{
		"honoured by UpdateItem": {says: honoured},
		"honoured by both": {
			when: ewstest.When{Operation: ews.OpDeleteItem, Request: func(r *ewstest.Request) bool {
				return bytes.Contains(r.Body, []byte("ChangeKey=")) // not in the request that removes the item
			}},
			fault: ewstest.MemberCode("ErrorIrresolvableConflict"), says: "UpdateItem and DeleteItem refuse",
		},
		"ignored": {odd: ewstest.OddNoChangeKeys, warned: []string{"changeKeys " + vault}, says: "run a single process"},
		"not known": {
			when:   ewstest.When{Operation: ews.OpUpdateItem, Skip: 1, Times: 1},
			fault:  ewstest.MemberCode("ErrorAccessDenied"),
			warned: []string{"changeKeys " + vault}, says: "not known whether UpdateItem",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCheckScene(t, exchange.FullAccess, func(o *ewstest.Options) { o.Odd = c.odd })
			if c.fault.Name != "" {
				s.Fail(c.when, c.fault)
			}
			report := s.check(t)
			assert.Empty(t, names(report, selftest.Failed), report)
			assert.Equal(t, c.warned, names(report, selftest.Warning), report)
			assert.Contains(t, report.String(), c.says)
			s.untouched(t)
		})
	}
}
