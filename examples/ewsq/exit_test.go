package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// Scripts depend on the exit status, so it is given as a number here. The version of
// 2026-11-25 exits with the same numbers.
func TestExitStatus(t *testing.T) {
	t.Parallel()
	find := func(mailbox, id string) []string { return []string{"find", "-mailbox", mailbox, "-message-id", id} }
	take := func(mailbox string) []string {
		return []string{"quarantine", "-mailbox", mailbox, "-message-id", phishing}
	}
	for name, tt := range map[string]struct {
		want    int
		args    []string
		prepare func(*bundle)
	}{
		"done":                 {want: 0, args: take("alice@example.test")},
		"found":                {want: 0, args: find("alice@example.test", phishing)},
		"not found":            {want: 0, args: find("alice@example.test", "<other@evil.example>")},
		"nothing in the vault": {want: 0, args: []string{"list"}},
		"nothing to restore":   {want: 0, args: []string{"restore", "-mailbox", "alice@example.test", "-message-id", phishing}},
		"help":                 {want: 0, args: []string{"help"}},
		"no such mailbox":      {want: 1, args: take("nobody@example.test")},
		"no rights": {want: 1, args: take("alice@example.test"), prepare: func(b *bundle) {
			b.srv.RevokeFullAccess("svc", "*")
		}},
		"not all searched": {want: 1, args: find("alice@example.test", phishing), prepare: func(b *bundle) {
			for range 40 {
				b.srv.FailNext(ews.OpFindItem, ewstest.MemberCode("ErrorAccessDenied").AtMember(0))
			}
		}},
		"no such group":          {want: 1, args: []string{"expand", "-group", "nobody@example.test"}},
		"not found is a failure": {want: 1, args: append(find("alice@example.test", "<other@evil.example>"), "-fail-not-found")},
		"nothing to restore is a failure": {want: 1, args: []string{
			"restore", "-fail-not-found", "-mailbox", "alice@example.test", "-message-id", "<other@evil.example>",
		}},
		"found, or a failure": {want: 0, args: append(find("alice@example.test", phishing), "-fail-not-found")},
		"no command":          {want: 2},
		"unknown command":     {want: 2, args: []string{"frobnicate"}},
		"unknown flag":        {want: 2, args: []string{"find", "-nonsense"}},
		"no target":           {want: 2, args: []string{"find"}},
		"invalid target":      {want: 2, args: find("alice", phishing)},
		"no configuration":    {want: 2, args: []string{"-config", "none.json", "list"}},
		"bad configuration":   {want: 2, args: []string{"list"}, prepare: func(b *bundle) { delete(b.env, "EWSQ_PASSWORD") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			if tt.prepare != nil {
				tt.prepare(b)
			}
			r := b.textUntil(t, t.Context(), append([]string{"-config", b.config}, tt.args...)...)
			assert.Equal(t, tt.want, r.status, "%s%s", r.stdout, r.stderr)
		})
	}
	t.Run("interrupted", func(t *testing.T) {
		t.Parallel()
		ctx, interrupt := context.WithCancel(t.Context())
		b := newBundle(t)
		b.srv.OnRequest(func(int, *ewstest.Request) { interrupt() })
		assert.Equal(t, 130, b.runUntil(t, ctx, take("alice@example.test")...).status)
	})
}
