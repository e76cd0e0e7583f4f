package quarantine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

func addresses(members []driver.Member) []string {
	all := []string{}
	for _, m := range members {
		all = append(all, m.Address)
	}
	return all
}

func TestExpand(t *testing.T) {
	t.Parallel()
	for _, impersonation := range []bool{false, true} {
		t.Run(fmt.Sprint(impersonation), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{impersonation: impersonation})
			w.AddMailbox("ghost@example.test", &ewstest.MailboxOptions{Hidden: true})
			w.AddList("everybody@example.test", "sales@example.test", "tech@example.test", "Alice@example.test", "partner@other.example")
			w.AddList("sales@example.test", "bob@example.test", "TECH@example.test", "secret@example.test", "ghost@example.test")
			w.AddList("tech@example.test", "carol@example.test", "bob@example.test", "everybody@example.test", "PARTNER@other.example", "empty@example.test")
			w.AddHiddenList("secret@example.test", "quarantine@example.test")
			w.AddList("empty@example.test")

			got, err := w.service.Expand(t.Context(), "everybody@example.test", nil)
			require.NoError(t, err)
			assert.ElementsMatch(t, []string{alice, bob, "carol@example.test"}, addresses(got.Mailboxes))
			assert.Equal(t, []string{"partner@other.example"}, addresses(got.Contacts))
			assert.Equal(t, []quarantine.ExpandedGroup{
				{Address: "everybody@example.test", Members: 4},
				{Name: "sales", Address: "sales@example.test", Depth: 1, Members: 2},
				{Name: "tech", Address: "tech@example.test", Depth: 1, Members: 5},
				{Name: "empty", Address: "empty@example.test", Depth: 2, Members: 0},
			}, got.Groups, "what is hidden the server never shows")
			assert.Empty(t, got.Unexpanded)
			assert.True(t, got.Complete)
			b, err := json.Marshal(got)
			require.NoError(t, err)
			var back quarantine.Expansion
			require.NoError(t, json.Unmarshal(b, &back))
			assert.Equal(t, *got, back)
		})
	}
}

func TestExpandRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.AddHiddenList("secret@example.test", alice)
	tests := map[string]struct {
		group, says string
		is          error
	}{
		"no address": {"all-staff", "SMTP", quarantine.ErrInvalid},
		"a mailbox":  {alice, "not of a group", quarantine.ErrInvalid},
		"nobody":     {"nobody@example.test", "check the address", quarantine.ErrGone},
		"hidden":     {"secret@example.test", "HiddenFromAddressListsEnabled", quarantine.ErrGone},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := w.service.Expand(t.Context(), tt.group, nil)
			assert.Nil(t, got)
			require.ErrorIs(t, err, tt.is)
			assert.ErrorContains(t, err, tt.says)
		})
	}
	_, err := w.service.Expand(t.Context(), "all-staff@example.test", &quarantine.ExpandOptions{MaxDepth: -1})
	assert.ErrorIs(t, err, quarantine.ErrInvalid)
}

// For a service account without a mailbox, the error says so, and what to do.
func TestExpandWithoutMailbox(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	srv.AddUser("robot", "secret")
	srv.GrantFullAccess("robot", "*")
	srv.GrantImpersonation("robot", "*")
	service := func(impersonation bool, vault string) *quarantine.Service {
		client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: srv.As(srv.Direct(), "robot")})
		require.NoError(t, err)
		var strategy driver.Strategy
		if impersonation {
			strategy, err = ewsmail.NewImpersonation(client, nil)
		} else {
			strategy, err = ewsmail.NewFullAccess(client, nil)
		}
		require.NoError(t, err)
		s, err := quarantine.New(strategy, vault, nil)
		require.NoError(t, err)
		return s
	}
	_, err := service(false, vault).Expand(t.Context(), "all-staff@example.test", nil)
	require.ErrorIs(t, err, quarantine.ErrNoDirectory)
	assert.ErrorContains(t, err, "the service account has no mailbox")
	assert.ErrorContains(t, err, "Enable-Mailbox")

	got, err := service(true, vault).Expand(t.Context(), "all-staff@example.test", nil)
	require.NoError(t, err, "it is the quarantine mailbox that asks")
	assert.NotEmpty(t, got.Mailboxes)

	_, err = service(true, "nowhere@example.test").Expand(t.Context(), "all-staff@example.test", nil)
	require.ErrorIs(t, err, quarantine.ErrNoDirectory)
	assert.ErrorContains(t, err, "nowhere@example.test")
}

func TestExpandReportsWhatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.AddList("outer@example.test", "inner@example.test", alice)
	w.AddList("inner@example.test", bob)
	n := 0
	w.OnRequest(func(_ int, r *ewstest.Request) {
		if n++; n == 2 { // the group is removed while the outer one is expanded
			w.AddHiddenList("inner@example.test", bob)
		}
	})
	got, err := w.service.Expand(t.Context(), "outer@example.test", nil)
	require.NoError(t, err)
	assert.False(t, got.Complete)
	assert.Equal(t, []string{alice}, addresses(got.Mailboxes))
	require.Len(t, got.Unexpanded, 1)
	assert.Equal(t, "inner@example.test", got.Unexpanded[0].Address)
	assert.Contains(t, got.Unexpanded[0].Reason, "ErrorNameResolutionNoResults")

	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	_, err = w.service.Expand(ctx, "outer@example.test", nil)
	assert.ErrorIs(t, err, stop)
}

func TestExpandBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	for i := range 40 {
		w.AddList(fmt.Sprintf("g%d@example.test", i), fmt.Sprintf("g%d@example.test", i+1), fmt.Sprintf("x%d@other.example", i))
	}
	w.AddList("g40@example.test", alice)
	expand := func(o quarantine.ExpandOptions) error {
		_, err := w.service.Expand(t.Context(), "g0@example.test", &o)
		return err
	}
	for field, o := range map[string]quarantine.ExpandOptions{
		"MaxDepth":   {},
		"MaxMembers": {MaxDepth: 50, MaxMembers: 40},
		"MaxGroups":  {MaxDepth: 50, MaxGroups: 40},
	} {
		err := expand(o)
		require.ErrorIs(t, err, quarantine.ErrTooManyMembers, field)
		assert.ErrorContains(t, err, field)
	}
	assert.NoError(t, expand(quarantine.ExpandOptions{MaxDepth: 40, MaxMembers: 41, MaxGroups: 41}))
}

func TestExpandFiftyThousand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	members := make([]string, 50_000)
	for i := range members {
		members[i] = fmt.Sprintf("person%d@other.example", i)
	}
	w.AddList("half1@example.test", members[:30_000]...)
	w.AddList("half2@example.test", append(members[20_000:], "whole@example.test")...)
	w.AddList("whole@example.test", "half1@example.test", "half2@example.test")
	got, err := w.service.Expand(t.Context(), "whole@example.test", nil)
	require.NoError(t, err)
	assert.Len(t, got.Contacts, 50_000)
	assert.True(t, got.Complete)
	_, err = w.service.Expand(t.Context(), "whole@example.test", &quarantine.ExpandOptions{MaxMembers: 49_999})
	assert.ErrorIs(t, err, quarantine.ErrTooManyMembers)
}

// book is the directory of a third-party strategy.
type book struct {
	driver.Mailbox
	members map[string][]driver.Member
	part    string
}

func (b book) Members(_ context.Context, address string) ([]driver.Member, bool, error) {
	return b.members[address], address != b.part, nil
}

func (book) Lookup(context.Context, string) (driver.Member, error) {
	return driver.Member{}, quarantine.ErrGone
}

type bookStrategy struct{ book driver.Mailbox }

func (bookStrategy) Name() string                    { return "book" }
func (bookStrategy) System() string                  { return "book" }
func (b bookStrategy) Mailbox(string) driver.Mailbox { return b.book }
func (bookStrategy) Carry(context.Context, driver.Carriage) (driver.Carried, error) {
	return driver.Carried{}, errors.ErrUnsupported
}

func TestExpandOfAnotherStrategy(t *testing.T) {
	t.Parallel()
	b := book{part: "b@x.example", members: map[string][]driver.Member{
		"a@x.example": {
			{Name: "Nameless", Kind: driver.MemberMailbox}, {Address: "b@x.example", Kind: driver.MemberGroup},
			{Address: "c@x.example", Kind: driver.MemberGroupMailbox}, {Address: "folder@x.example", Kind: driver.MemberOther},
		},
		"b@x.example": {{Address: "d@x.example", Kind: driver.MemberMailbox}},
		"c@x.example": {{Address: "D@x.example", Kind: driver.MemberMailbox}, {Address: "e@x.example", Kind: driver.MemberMailbox}},
	}}
	s, err := quarantine.New(bookStrategy{b}, vault, nil)
	require.NoError(t, err)
	got, err := s.Expand(t.Context(), "a@x.example", nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"c@x.example", "d@x.example", "e@x.example"}, addresses(got.Mailboxes))
	assert.Equal(t, []string{"folder@x.example"}, addresses(got.Contacts))
	assert.False(t, got.Complete)
	require.Len(t, got.Unexpanded, 2)
	assert.Equal(t, "Nameless", got.Unexpanded[0].Name)
	assert.Equal(t, "b@x.example", got.Unexpanded[1].Address)
}

func TestExpandNeedsADirectory(t *testing.T) {
	t.Parallel()
	s, err := quarantine.New(bookStrategy{struct{ driver.Mailbox }{}}, vault, nil)
	require.NoError(t, err)
	_, err = s.Expand(t.Context(), "a@x.example", nil)
	require.ErrorIs(t, err, quarantine.ErrNoDirectory)
	assert.ErrorContains(t, err, `"book"`)
}
