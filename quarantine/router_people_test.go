package quarantine_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// claims are what the second of two organisations may claim.
var claims = map[string][]string{"claimed": {"b.test"}, "asked": nil}

func TestRouterExpand(t *testing.T) {
	t.Parallel()
	for name, claimed := range claims {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, a, b := twoOrganisations(t, nil, claimed...)
			b.AddMailbox("ghost@b.test", &ewstest.MailboxOptions{Hidden: true})
			a.AddList("all@a.test", "alice@a.test", "team@b.test", "Carol@b.test", "ghost@b.test", "partner@c.test")
			b.AddList("team@b.test", "bob@b.test", "all@a.test", "carol@b.test", "friend@c.test")

			got, err := r.Expand(t.Context(), "all@a.test", nil)
			require.NoError(t, err)
			assert.Equal(t, "A", got.Server)
			assert.ElementsMatch(t, []string{"alice@a.test", "bob@b.test", "carol@b.test", "ghost@b.test"}, addresses(got.Mailboxes),
				"a contact here is a mailbox there, also if it is hidden")
			assert.ElementsMatch(t, []string{"partner@c.test", "friend@c.test"}, addresses(got.Contacts))
			assert.True(t, got.Complete, "%+v", got.Unexpanded)
			require.Len(t, got.Groups, 2)
			assert.Equal(t, "team@b.test", got.Groups[1].Address)
			for _, m := range slices.Concat(got.Mailboxes, got.Contacts) {
				want := map[string]string{"bob@b.test": "team@b.test", "friend@c.test": "team@b.test"}[m.Address]
				if want == "" {
					want = "all@a.test"
				}
				assert.Equal(t, want, m.Via, m.Address)
			}

			got, err = r.Expand(t.Context(), "team@b.test", nil)
			require.NoError(t, err)
			assert.Equal(t, "B", got.Server)
			assert.Len(t, got.Mailboxes, 4)
		})
	}
}

func TestRouterExpandRefuses(t *testing.T) {
	t.Parallel()
	r, _, _ := twoOrganisations(t, nil, "b.test")
	_, err := r.Expand(t.Context(), "team", nil)
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	_, err = r.Expand(t.Context(), "all-staff@a.test", &quarantine.ExpandOptions{MaxDepth: -1})
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	_, err = r.Expand(t.Context(), "alice@b.test", nil)
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	require.ErrorContains(t, err, "not of a group")
	_, err = r.Expand(t.Context(), "nobody@b.test", nil)
	require.ErrorIs(t, err, quarantine.ErrGone)
	_, err = r.Expand(t.Context(), "team@c.test", nil)
	require.ErrorIs(t, err, quarantine.ErrUnreachable)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	_, err = r.Expand(ctx, "all-staff@a.test", nil)
	assert.ErrorIs(t, err, stop)
}

// A server without an address book does not keep the groups of the others from
// being expanded, and nobody is left out because of it.
func TestRouterExpandWithoutOneBook(t *testing.T) {
	t.Parallel()
	for name, claimed := range claims {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := organisation(t, "A", "a.test", false), newLedger("B", "bob@b.test")
			b.set("down@b.test", errors.New("the store is down"))
			r, err := quarantine.NewRouter([]quarantine.Route{
				{Service: a.service, Domains: []string{"a.test"}}, {Service: b.service(t), Domains: claimed},
			}, nil)
			require.NoError(t, err)
			a.AddList("all@a.test", "alice@a.test", "bob@b.test", "down@b.test", "partner@c.test")
			got, err := r.Expand(t.Context(), "all@a.test", nil)
			require.NoError(t, err)
			assert.Equal(t, []string{"alice@a.test", "bob@b.test", "down@b.test"}, addresses(got.Mailboxes), "who may be there counts")
			assert.Equal(t, []string{"partner@c.test"}, addresses(got.Contacts))
		})
	}
}

func TestRouterForwards(t *testing.T) {
	t.Parallel()
	for name, claimed := range claims {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, a, b := twoOrganisations(t, nil, claimed...)
			a.sends("alice@a.test", "<f1@a.test>", "bob@b.test, partner@c.test, quarantine@b.test", "In-Reply-To: "+evil)
			b.sends("bob@b.test", "<f2@b.test>", "team@b.test", "In-Reply-To: <f1@a.test>")
			b.AddList("team@b.test", "carol@b.test", "carol@a.test", "friend@c.test")
			a.sends("carol@a.test", "<f3@a.test>", "bob@a.test", "References: <f1@a.test> <f2@b.test>")

			trail, err := r.FollowForwards(t.Context(), quarantine.Target{Mailbox: "alice@a.test", MessageID: evil}, &quarantine.ForwardOptions{MaxDepth: 5})
			require.NoError(t, err)
			assert.Equal(t, []string{
				"1 alice@a.test sent <f1@a.test> inReplyTo",
				"1 bob@b.test got <f1@a.test> inReplyTo",
				"2 bob@b.test sent <f2@b.test> inReplyTo",
				"2 carol@b.test got <f2@b.test> inReplyTo",
				"2 carol@a.test got <f2@b.test> inReplyTo",
				"3 carol@a.test sent <f3@a.test> references",
				"3 bob@a.test got <f3@a.test> references",
			}, copies(trail))
			assert.Equal(t, []string{"partner@c.test", "friend@c.test"}, trail.External)
			assert.True(t, trail.Complete, "%+v", trail.Unfollowed)
		})
	}
	r, _, _ := twoOrganisations(t, nil, "b.test")
	for _, bad := range []quarantine.Target{{}, {Mailbox: "quarantine@b.test", MessageID: evil}} {
		_, err := r.FollowForwards(t.Context(), bad, nil)
		require.ErrorIs(t, err, quarantine.ErrInvalid)
	}
	_, err := r.FollowForwards(t.Context(), quarantine.Target{Mailbox: "x@c.test", MessageID: evil}, nil)
	assert.ErrorIs(t, err, quarantine.ErrUnreachable)
}

// Forwards from a mailbox that has moved are followed from where it is now.
func TestRouterForwardsFromAMovedMailbox(t *testing.T) {
	t.Parallel()
	r, a, b := twoOrganisations(t, nil)
	a.Mailbox("bob@a.test").Remove(false)
	b.AddMailbox("bob@a.test", nil)
	b.sends("bob@a.test", "<f1@a.test>", "carol@b.test", "In-Reply-To: "+evil)
	trail, err := r.FollowForwards(t.Context(), quarantine.Target{Mailbox: "bob@a.test", MessageID: evil}, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"1 bob@a.test sent <f1@a.test> inReplyTo", "1 carol@b.test got <f1@a.test> inReplyTo"}, copies(trail))
}
