package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// sends puts a message into the Sent Items of its sender and the Inboxes of its
// recipients.
func sends(srv *ewstest.Server, from, id, to, inReplyTo string, into ...*ewstest.Mailbox) {
	eml := fmt.Appendf(nil, "From: %s\r\nTo: %s\r\nSubject: Fwd: Lure\r\nMessage-ID: %s\r\nIn-Reply-To: %s\r\n\r\nLook at this.", from, to, id, inReplyTo)
	box := srv.Mailbox(from)
	box.DeliverWith(eml, ewstest.Delivery{Folder: box.Folder(ews.FolderSentItems), Read: true})
	for _, m := range into {
		m.Deliver(eml)
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	x := setupPair(t)
	x.a.AddList("all@a.test", "alice@a.test", "team@b.test", "partner@other.example")
	x.b.AddList("team@b.test", "bob@b.test", "all@a.test")
	r := x.run(t, "expand", "-group", "all@a.test")
	require.Equal(t, exitDone, r.status, r.stderr)
	people := map[any]any{}
	for _, l := range r.lines {
		people[l["address"]] = fmt.Sprint(l["kind"], " via ", l["via"])
		assert.Equal(t, "all@a.test", l["group"])
		assert.Equal(t, "A", l["server"])
	}
	assert.Equal(t, map[any]any{
		"alice@a.test": "mailbox via all@a.test", "bob@b.test": "mailbox via team@b.test", "partner@other.example": "contact via all@a.test",
	}, people)
	assert.Contains(t, r.stderr, "2 mailboxes, 1 other, 2 groups")

	for name, tc := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"nobody":           {[]string{"-group", "nobody@a.test"}, exitSome, "shows no group with this address"},
		"a mailbox":        {[]string{"-group", "alice@a.test"}, exitSome, "address of a mailbox"},
		"of none":          {[]string{"-group", "team@c.test"}, exitSome, "team@c.test"},
		"bound":            {[]string{"-group", "all@a.test", "-max-members", "2"}, exitSome, "more than 2 members; raise -max-members"},
		"depth":            {[]string{"-group", "all@a.test", "-max-depth", "1", "-max-groups", "1"}, exitSome, "-max-groups"},
		"no group":         {nil, exitUsage, "-group ADDRESS is missing"},
		"no address":       {[]string{"-group", "all"}, exitUsage, "-group: \"all\" is not an SMTP address"},
		"absurd bound":     {[]string{"-group", "all@a.test", "-max-depth", "0"}, exitUsage, "for flag -max-depth: must be a number from 1 to 1000"},
		"bound twice":      {[]string{"-group", "all@a.test", "-max-depth", "2", "-max-depth", "3"}, exitUsage, "for flag -max-depth: already given as 2; give it once"},
		"no configuration": {[]string{"-group", "all@a.test", "-server", "C"}, exitUsage, "-server: no enabled configuration"},
	} {
		r := x.run(t, append([]string{"expand"}, tc.args...)...)
		assert.Equal(t, tc.status, r.status, "%s: %s", name, r.stderr)
		assert.Contains(t, r.stderr, tc.want, name)
		assert.Empty(t, r.stdout, name)
	}
}

// A nested group that cannot be expanded is reported.
func TestExpandInPart(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.srv.AddList("outer@example.test", "inner@example.test", "alice@example.test")
	b.srv.AddList("inner@example.test", "bob@example.test")
	hide := func() {
		n := 0
		b.srv.AddList("inner@example.test", "bob@example.test")
		b.srv.OnRequest(func(_ int, r *ewstest.Request) {
			if r.Operation == ews.OpExpandDL {
				if n++; n == 2 { // the group disappears while the outer one is expanded
					b.srv.AddHiddenList("inner@example.test", "bob@example.test")
				}
			}
		})
	}
	hide()
	r := b.run(t, "expand", "-group", "outer@example.test")
	assert.Equal(t, exitSome, r.status)
	require.Len(t, r.lines, 2)
	assert.Equal(t, "alice@example.test", r.lines[0]["address"])
	assert.Equal(t, "inner@example.test", r.lines[1]["address"])
	assert.Contains(t, r.lines[1]["error"], "ErrorNameResolutionNoResults")
	assert.Contains(t, r.stderr, "inner@example.test")

	hide()
	r = b.run(t, "quarantine", "-group", "outer@example.test", "-message-id", phishing)
	assert.Equal(t, exitSome, r.status)
	assert.Equal(t, map[any]any{"alice@example.test": "quarantined", "inner@example.test": "unknown"}, r.by("outcome"))
	assert.Contains(t, r.stderr, "2 targets: 1 quarantined, 1 not fully known")
}

// If the service account has no mailbox, the error says so.
func TestExpandWithoutMailbox(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.srv.AddUser("robot", "svc-password")
	b.srv.GrantFullAccess("robot", "*")
	b.config = b.write(t, "robot.json", strings.Replace(b.object("fullAccess"), "svc@", "robot@", 1))
	r := b.run(t, "expand", "-group", "all-staff@example.test")
	assert.Equal(t, exitSome, r.status)
	assert.Contains(t, r.stderr, "the service account has no mailbox")
	assert.Contains(t, r.stderr, "Enable-Mailbox")
}

func TestGroupInPlaceOfMailbox(t *testing.T) {
	t.Parallel()
	x := setupPair(t)
	x.a.AddList("all@a.test", "alice@a.test", "bob@b.test", "partner@other.example", "quarantine@a.test")
	r := x.run(t, "quarantine", "-group", "all@a.test", "-message-id", phishing, "-reason", "phishing")
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Equal(t, map[any]any{
		"alice@a.test": "quarantined", "bob@b.test": "quarantined", "partner@other.example": "outside", "quarantine@a.test": "outside",
	}, r.by("outcome"))
	assert.Equal(t, "all@a.test", r.by("group")["bob@b.test"])
	assert.Equal(t, "B", r.by("server")["bob@b.test"])
	assert.Contains(t, r.stderr, "partner@other.example "+phishing+": no mailbox here")

	x.stdin = r.stdout
	again := x.run(t, "find", "-targets", "-")
	require.Equal(t, exitDone, again.status, again.stderr)
	assert.Len(t, again.lines, 2)
	assert.Contains(t, again.stderr, "skipped 2 lines that name no mailbox here")
	back := x.run(t, "restore", "-receipt", "-")
	require.Equal(t, exitDone, back.status, back.stderr)
	assert.Contains(t, back.stderr, "2 targets: 2 restored")

	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"two ways":      {[]string{"-group", "all@a.test", "-mailbox", "alice@a.test", "-message-id", phishing}, "-mailbox and -group are both given"},
		"file":          {[]string{"-group", "all@a.test", "-targets", x.config}, "-targets and -group are both given"},
		"no id":         {[]string{"-group", "all@a.test"}, "-message-id ID is missing"},
		"no address":    {[]string{"-group", "all", "-message-id", phishing}, "-group: "},
		"lonely bound":  {[]string{"-mailbox", "alice@a.test", "-message-id", phishing, "-max-members", "5"}, "-max-members has no effect without -group"},
		"lonely depth":  {[]string{"-mailbox", "alice@a.test", "-message-id", phishing, "-forward-depth", "5"}, "-forward-depth has no effect without -follow-forwards"},
		"empty message": {[]string{"-group", "all@a.test", "-message-id", "<>"}, "-message-id is empty"},
	} {
		r := x.run(t, append([]string{"quarantine"}, tc.args...)...)
		assert.Equal(t, exitUsage, r.status, name)
		assert.Contains(t, r.stderr, tc.want, name)
	}
	r = x.run(t, "quarantine", "-group", "all@a.test", "-message-id", phishing, "-max-members", "2")
	assert.Equal(t, exitSome, r.status)
	assert.Contains(t, r.stderr, "-max-members")
	assert.Empty(t, r.stdout, "nothing was taken")
}

func TestFollowForwards(t *testing.T) {
	t.Parallel()
	for name, named := range map[string][]string{
		"by id":       {"-message-id", phishing},
		"by criteria": {"-subject", lureSubject},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := setupPair(t)
			dave := x.a.AddMailbox("dave@a.test", nil)
			erin := x.b.AddMailbox("erin@b.test", nil)
			sends(x.a, "alice@a.test", "<f1@a.test>", "dave@a.test, erin@b.test, partner@other.example", phishing, dave, erin)
			sends(x.b, "erin@b.test", "<f2@b.test>", "carol@a.test", "<f1@a.test>", x.a.Mailbox("carol@a.test"))
			args := append([]string{"quarantine", "-mailbox", "alice@a.test", "-follow-forwards"}, named...)

			dry := x.run(t, append(args, "-dry-run")...)
			require.Equal(t, exitDone, dry.status, dry.stderr)
			r := x.run(t, args...)
			require.Equal(t, exitDone, r.status, r.stderr)
			assert.Len(t, dry.lines, len(r.lines))
			got := map[string]any{}
			for _, l := range r.lines {
				got[fmt.Sprint(l["mailbox"], " ", l["messageId"])] = l["outcome"]
			}
			first := "alice@a.test " + phishing
			if name == "by criteria" {
				first = "alice@a.test "
			}
			assert.Equal(t, map[string]any{
				first: "quarantined", "alice@a.test <f1@a.test>": "quarantined", "dave@a.test <f1@a.test>": "quarantined",
				"erin@b.test <f1@a.test>": "quarantined", "erin@b.test <f2@b.test>": "quarantined", "carol@a.test <f2@b.test>": "quarantined",
				"partner@other.example " + phishing: "outside",
			}, got)
			for _, l := range r.lines {
				if l["mailbox"] == "carol@a.test" {
					assert.Equal(t, map[string]any{"from": "erin@b.test", "parent": "<f1@a.test>", "by": "inReplyTo", "depth": 2.0}, l["forward"])
				}
			}
			assert.Contains(t, r.stderr, "dave@a.test <f1@a.test>: quarantined on A, sent on by alice@a.test ("+phishing+"), /Inbox unread")
			assert.Contains(t, r.stderr, "7 targets: 6 quarantined, 1 no mailbox here")
		})
	}
}

// A trail that cannot be followed is reported, and the rest is taken.
func TestFollowForwardsInPart(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	sends(b.srv, "alice@example.test", "<f1@example.test>", "bob@example.test", phishing, b.srv.Mailbox("bob@example.test"))
	sends(b.srv, "bob@example.test", "<f2@example.test>", "carol@example.test", "<f1@example.test>", b.srv.Mailbox("carol@example.test"))
	args := []string{"find", "-mailbox", "alice@example.test", "-message-id", phishing, "-follow-forwards"}
	r := b.run(t, append(args, "-forward-depth", "1")...)
	assert.Equal(t, exitSome, r.status)
	require.Len(t, r.lines, 4)
	assert.Equal(t, "unknown", r.lines[0]["outcome"])
	assert.Contains(t, r.lines[0]["error"], "not followed further: the limit is 1 steps")
	r = b.run(t, append(args, "-forward-max", "1")...)
	assert.Equal(t, exitSome, r.status)
	assert.Equal(t, []any{"unknown", "found"}, []any{r.lines[0]["outcome"], r.lines[1]["outcome"]})
	assert.Contains(t, r.lines[0]["error"], "-forward-max")
	r = b.run(t, args...)
	assert.Equal(t, exitDone, r.status, r.stderr)
	assert.Len(t, r.lines, 5)
}
