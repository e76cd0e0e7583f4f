package quarantine_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

const carol = "carol@example.test"

// sends puts a message into the Sent Items of its sender.
func (w *world) sends(from, id, to string, headers ...string) {
	w.files(from, ews.FolderSentItems, id, to, nil, headers...)
}

func (w *world) files(from string, folder ews.FolderName, id, to string, extended []ews.ExtendedProperty, headers ...string) {
	text := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: Fwd: Lure\r\nMessage-ID: %s\r\n", from, to, id) + strings.Join(append(headers, ""), "\r\n")
	box := w.Mailbox(from)
	box.DeliverWith([]byte(text+"\r\nLook at this."), ewstest.Delivery{Folder: box.Folder(folder), Read: true, Extended: extended})
}

func copies(trail *quarantine.ForwardTrail) (all []string) {
	for _, c := range trail.Copies {
		kind := "got"
		if c.Sent {
			kind = "sent"
		}
		all = append(all, fmt.Sprintf("%d %s %s %s %s", c.Depth, c.Mailbox, kind, c.MessageID, c.By))
	}
	return all
}

func TestForwards(t *testing.T) {
	t.Parallel()
	for _, impersonation := range []bool{false, true} {
		t.Run(fmt.Sprint(impersonation), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{impersonation: impersonation})
			w.Mailbox(alice).Deliver(eml("<lure@evil.example>", "Lure"))
			w.sends(alice, "<f1@example.test>", "Bob <BOB@example.test>, partner@other.example, quarantine@example.test", "In-Reply-To: <lure@evil.example>")
			w.sends(alice, "<answer@example.test>", "Mallory <mallory@evil.example>", "References: <start@x.example> <lure@evil.example>")
			w.sends(alice, "<unrelated@example.test>", carol, "In-Reply-To: <lure@evil.example.com>", "References: <xlure@evil.example>")
			w.sends(bob, "<f2@example.test>", "team@example.test", "References: <lure@evil.example> <f1@example.test>", "Cc: partner@other.example")
			w.AddList("team@example.test", alice, carol, "friend@other.example")
			w.sends(carol, "<f3@example.test>", "alice@example.test, bob@example.test", "In-Reply-To: <f2@example.test>")
			target := quarantine.Target{Mailbox: alice, MessageID: "lure@evil.example", Reason: "phishing"}

			trail, err := w.service.FollowForwards(t.Context(), target, nil)
			require.NoError(t, err)
			assert.Equal(t, []string{
				"1 alice@example.test sent <f1@example.test> inReplyTo",
				"1 bob@example.test got <f1@example.test> inReplyTo",
				"1 alice@example.test sent <answer@example.test> references",
				"2 bob@example.test sent <f2@example.test> references",
				"2 alice@example.test got <f2@example.test> references",
				"2 carol@example.test got <f2@example.test> references",
				"3 carol@example.test sent <f3@example.test> inReplyTo",
				"3 alice@example.test got <f3@example.test> inReplyTo",
				"3 bob@example.test got <f3@example.test> inReplyTo",
			}, copies(trail))
			assert.Equal(t, []string{"partner@other.example", "mallory@evil.example", "friend@other.example"}, trail.External)
			assert.False(t, trail.Complete)
			assert.Len(t, trail.Unfollowed, 2, "what alice and bob did with the last")
			for _, c := range trail.Copies {
				assert.NoError(t, c.Validate())
				assert.Equal(t, "phishing", c.Reason)
			}
			assert.Equal(t, bob, trail.Copies[3].From)
			assert.Equal(t, "<f1@example.test>", trail.Copies[3].Parent)

			whole, err := w.service.FollowForwards(t.Context(), target, &quarantine.ForwardOptions{MaxDepth: 10})
			require.NoError(t, err)
			assert.True(t, whole.Complete, "%+v", whole.Unfollowed)
			assert.Equal(t, copies(trail), copies(whole))
			near, err := w.service.FollowForwards(t.Context(), target, &quarantine.ForwardOptions{MaxDepth: 1})
			require.NoError(t, err)
			assert.Len(t, near.Copies, 3)
			b, err := json.Marshal(trail)
			require.NoError(t, err)
			assert.Contains(t, string(b), `{"mailbox":"bob@example.test","messageId":"\u003cf2@example.test\u003e","reason":"phishing","sent":true,"from":"bob@example.test"`)
		})
	}
}

// A program that writes no references still keeps the conversation.
func TestForwardsByConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	index := func(s string) []ews.ExtendedProperty {
		return []ews.ExtendedProperty{{Field: ews.ExtendedField{Tag: 0x0071, Type: ews.TypeBinary}, Value: base64.StdEncoding.EncodeToString([]byte(s))}}
	}
	first := strings.Repeat("x", 22)
	box := w.Mailbox(alice)
	box.DeliverWith(eml("<lure@evil.example>", "Lure"), ewstest.Delivery{Extended: index(first + "lure.")})
	w.files(alice, ews.FolderSentItems, "<below@example.test>", bob, index(first+"lure.fwd.."))
	w.files(alice, ews.FolderSentItems, "<beside@example.test>", bob, index(first+"other"))
	w.files(alice, ews.FolderSentItems, "<above@example.test>", bob, index(first))
	w.files(alice, ews.FolderSentItems, "<same@example.test>", bob, index(first+"lure."))
	w.files(alice, ews.FolderSentItems, "<none@example.test>", bob, nil)
	w.files(alice, ews.FolderDrafts, "<draft@example.test>", bob, index(first+"lure.fwd2."))
	deep := box.AddFolder(box.Folder(ews.FolderSentItems), "2026", "November")
	box.DeliverWith([]byte("From: alice@example.test\r\nTo: carol@example.test\r\nSubject: Lure\r\nMessage-ID: <deep@example.test>\r\n\r\nx"),
		ewstest.Delivery{Folder: deep, Extended: index(first + "lure.deep!")})
	trail, err := w.service.FollowForwards(t.Context(), quarantine.Target{Mailbox: alice, MessageID: "<lure@evil.example>"}, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"1 alice@example.test sent <below@example.test> conversation",
		"1 bob@example.test got <below@example.test> conversation",
		"1 alice@example.test sent <deep@example.test> conversation",
		"1 carol@example.test got <deep@example.test> conversation",
	}, copies(trail))
}

func TestForwardsBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	target := quarantine.Target{Mailbox: alice, MessageID: "<lure@evil.example>"}
	for i := range 6 {
		w.sends(alice, fmt.Sprintf("<f%d@example.test>", i), bob, "In-Reply-To: <lure@evil.example>")
	}
	_, err := w.service.FollowForwards(t.Context(), target, &quarantine.ForwardOptions{MaxCopies: 5})
	require.ErrorIs(t, err, quarantine.ErrTooManyHits)
	_, err = w.service.FollowForwards(t.Context(), target, &quarantine.ForwardOptions{MaxCopies: 11})
	require.ErrorIs(t, err, quarantine.ErrTooManyHits)
	assert.ErrorContains(t, err, "MaxCopies")
	_, err = w.service.FollowForwards(t.Context(), target, &quarantine.ForwardOptions{MaxCopies: 1})
	require.ErrorIs(t, err, quarantine.ErrTooManyHits)
	trail, err := w.service.FollowForwards(t.Context(), target, &quarantine.ForwardOptions{MaxCopies: 12})
	require.NoError(t, err)
	assert.Len(t, trail.Copies, 12)

	members := []string{}
	for i := range 30 {
		members = append(members, fmt.Sprintf("p%d@other.example", i))
	}
	w.AddList("crowd@example.test", members...)
	w.sends(bob, "<crowd@example.test>", "crowd@example.test", "In-Reply-To: <lure@evil.example>")
	_, err = w.service.FollowForwards(t.Context(), quarantine.Target{Mailbox: bob, MessageID: target.MessageID}, &quarantine.ForwardOptions{MaxCopies: 20})
	require.ErrorIs(t, err, quarantine.ErrTooManyHits)
}

// What cannot be followed is reported, and what can be followed is.
func TestForwardsReportsWhatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{impersonation: true})
	w.RevokeImpersonation("svc", "*")
	w.GrantImpersonation("svc", alice)
	w.GrantImpersonation("svc", vault)
	w.AddMailbox("hidden@example.test", &ewstest.MailboxOptions{Hidden: true, ProxyAddresses: []string{"h@example.test"}})
	w.GrantImpersonation("svc", "hidden@example.test")
	w.AddHiddenList("secret@example.test", carol)
	w.sends(alice, "<f@example.test>", "bob@example.test, secret@example.test, hidden@example.test, undisclosed:;", "In-Reply-To: <lure@evil.example>")
	trail, err := w.service.FollowForwards(t.Context(), quarantine.Target{Mailbox: alice, MessageID: "<lure@evil.example>"}, nil)
	require.NoError(t, err)
	assert.False(t, trail.Complete)
	var unfollowed []string
	for _, u := range trail.Unfollowed {
		unfollowed = append(unfollowed, u.Address)
		assert.NotEmpty(t, u.Reason)
	}
	assert.Equal(t, []string{bob, "secret@example.test"}, unfollowed)
	assert.Len(t, trail.Copies, 4, "they are targets all the same: whether they can be opened shows then")

	_, err = w.service.FollowForwards(t.Context(), quarantine.Target{Mailbox: bob, MessageID: "<lure@evil.example>"}, nil)
	assert.ErrorIs(t, err, quarantine.ErrUnreachable)
	for _, bad := range []quarantine.Target{{}, {Mailbox: alice}, {Mailbox: vault, MessageID: "<a@b>"}} {
		_, err = w.service.FollowForwards(t.Context(), bad, nil)
		assert.ErrorIs(t, err, quarantine.ErrInvalid)
	}
	_, err = w.service.FollowForwards(t.Context(), quarantine.Target{Mailbox: alice, MessageID: "<a@b>"}, &quarantine.ForwardOptions{MaxDepth: -1})
	assert.ErrorIs(t, err, quarantine.ErrInvalid)

	s, err := quarantine.New(bookStrategy{book{Mailbox: addressOnly{}}}, vault, nil)
	require.NoError(t, err)
	_, err = s.FollowForwards(t.Context(), quarantine.Target{Mailbox: alice, MessageID: "<a@b>"}, nil)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}

type addressOnly struct{ driver.Mailbox }

func (addressOnly) Address() string { return vault }

// Without a mailbox of its own, the account cannot look up who somebody is.
func TestForwardsWithoutDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.AddUser("robot", "secret")
	w.GrantFullAccess("robot", "*")
	client, err := ews.NewClient(w.DirectURL(), &ews.Options{Transport: w.As(w.Direct(), "robot")})
	require.NoError(t, err)
	strategy, err := ewsmail.NewFullAccess(client, nil)
	require.NoError(t, err)
	s, err := quarantine.New(strategy, vault, nil)
	require.NoError(t, err)
	w.sends(alice, "<f@example.test>", "bob@example.test, all-staff@example.test, partner@other.example", "In-Reply-To: <lure@evil.example>")
	trail, err := s.FollowForwards(t.Context(), quarantine.Target{Mailbox: alice, MessageID: "<lure@evil.example>"}, nil)
	require.NoError(t, err)
	assert.False(t, trail.Complete)
	assert.Contains(t, trail.Unfollowed[0].Reason, "has no mailbox")
	assert.Equal(t, []string{"partner@other.example"}, trail.External)
	assert.Contains(t, copies(trail), "1 bob@example.test got <f@example.test> inReplyTo")
}
