package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// checkedOn returns the mailboxes that were checked on each server.
func (r ran) checkedOn() map[string][]string {
	all := map[string][]string{}
	for _, line := range r.lines {
		server, _ := line["server"].(string)
		for _, c := range line["checks"].([]any) {
			check := c.(map[string]any)
			if check["check"] == "mailbox" {
				all[server] = append(all[server], check["mailbox"].(string))
			}
		}
	}
	return all
}

// Mailboxes and groups are checked where commands would take mail from them. Their addresses
// are not revealed to any other server.
func TestCheckRoutes(t *testing.T) {
	t.Parallel()
	x := setupPair(t)
	for _, srv := range []*ewstest.Server{x.a, x.b} {
		srv.Mailbox("quarantine@"+srv.Domain()).AddFolder(nil, "Quarantine")
	}
	r := x.run(t, "check", "-mailbox", "alice@a.test", "-mailbox", "alice@b.test", "-group", "all-staff@a.test")
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Equal(t, map[string][]string{"A": {"alice@a.test"}, "B": {"alice@b.test"}}, r.checkedOn())
	for _, seen := range x.b.Requests() {
		assert.NotEqual(t, "alice@a.test", seen.Anchor)
	}
	assert.Contains(t, r.stdout, "all-staff@a.test has")
	assert.Equal(t, 1, strings.Count(r.stdout, "all-staff@a.test has"), "expanded once")

	r = x.run(t, "check", "-group", "all-staff@b.test")
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Contains(t, r.stdout, "all-staff@b.test has", "the one that claims nothing knows it")

	// A mailbox that no server has fails once, with the answer of each server.
	r = x.run(t, "check", "-mailbox", "nobody@c.test", "-mailbox", "alice@a.test")
	assert.Equal(t, exitSome, r.status)
	assert.Equal(t, []string{"alice@a.test"}, r.checkedOn()["A"])
	all := slices.Concat(slices.Collect(maps.Values(r.checkedOn()))...)
	assert.Equal(t, 1, strings.Count(strings.Join(all, " "), "nobody@c.test"))
	assert.Contains(t, r.stderr, "nobody@c.test")

	// Each table says whose it is.
	assert.Contains(t, r.stderr, "A: ")
	assert.Contains(t, r.stderr, "B: ")
}
