package ewstest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// People act between the calls of a client; the story tells what they did, and what they
// could not do.
func ExampleServer_Play() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	alice := srv.Mailbox("alice@example.test")
	m := alice.Deliver([]byte("Message-ID: <lure@evil.example>\r\nSubject: Invoice\r\n\r\nPay!\r\n"))
	projects := alice.AddFolder(nil, "Projects")

	script := srv.Play(
		ewstest.Step{Operation: ews.OpGetItem, Call: 1, After: true, Who: alice.Person("owner"), Do: func(owner *ewstest.Person) error {
			_, err := owner.File(m, projects)
			return err
		}},
		ewstest.Step{Operation: ews.OpMoveItem, Who: alice.Person("owner"), Once: true, Do: func(owner *ewstest.Person) error {
			_, err := owner.Recover(m)
			return err
		}},
	)
	client, ctx := srv.Client("svc", nil), context.Background()
	for range 2 {
		res, err := client.GetItem(ctx, ews.GetItemRequest{IDs: []ews.ItemID{m.ID}})
		if err == nil {
			err = res.Err()
		}
		fmt.Println("found:", err == nil, "- gone:", errors.Is(err, ews.ErrNotFound))
	}
	now := srv.Object(m.Object) // the snapshot m is outdated, but its object is the same
	_, err := client.MoveItem(ctx, ews.MoveItemRequest{IDs: []ews.ItemID{now.ID}, To: ews.DistinguishedFolder{Name: ews.FolderJunkEmail, Mailbox: alice.Address()}})
	fmt.Println("moved:", err == nil)
	script.Stop()
	fmt.Println(srv.Story())
	// Output:
	// found: true - gone: false
	// found: false - gone: true
	// moved: true
	// after call 1 (GetItem): owner of alice@example.test files message 1 <lure@evil.example> into "/Projects"
	// before call 3 (MoveItem): owner of alice@example.test recovers message 1 <lure@evil.example>: impossible: it is not there: the message is not in the Deletions of Recoverable Items
}

// moments plays steps at some calls and returns the moments at which they were played.
func moments(t *testing.T, seed uint64, ops string, steps ...ewstest.Step) []string {
	c := newCaller(t, ewstest.Options{Seed: seed})
	owner := c.srv.Mailbox(alice).Person("")
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	for i := range steps {
		steps[i].Who = owner
		steps[i].Do = func(p *ewstest.Person) error {
			_, err := p.Flag(m, ews.Flag{Status: "Flagged"})
			return err
		}
	}
	c.srv.Play(steps...)
	for _, op := range ops {
		if op == 'F' {
			c.do(findXML(folderOf("inbox", alice), ""))
		} else {
			c.do(getItemXML(idOnly, itemID(m)))
		}
	}
	var when []string
	for _, d := range c.srv.Story() {
		require.NoError(t, d.Err)
		when = append(when, d.When)
	}
	return when
}

func TestScriptMoments(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		step ewstest.Step
		want []string
	}{
		"the n-th call":           {ewstest.Step{Call: 3}, []string{"before call 3 (FindItem)"}},
		"the k-th of operation":   {ewstest.Step{Operation: ews.OpGetItem, Call: 2}, []string{"before call 4 (GetItem)"}},
		"after that":              {ewstest.Step{Operation: ews.OpGetItem, Call: 2, After: true}, []string{"after call 4 (GetItem)"}},
		"each of an operation":    {ewstest.Step{Operation: ews.OpFindItem}, []string{"before call 1 (FindItem)", "before call 3 (FindItem)"}},
		"once":                    {ewstest.Step{Operation: ews.OpGetItem, Once: true}, []string{"before call 2 (GetItem)"}},
		"each, after":             {ewstest.Step{After: true}, []string{"after call 1 (FindItem)", "after call 2 (GetItem)", "after call 3 (FindItem)", "after call 4 (GetItem)"}},
		"an operation not called": {ewstest.Step{Operation: ews.OpMoveItem}, nil},
	} {
		assert.Equal(t, tt.want, moments(t, 1, "FGFG", tt.step), name)
	}
	assert.Equal(t, []string{"before call 1 (FindItem)", "before call 1 (FindItem)", "after call 1 (FindItem)"},
		moments(t, 1, "F", ewstest.Step{After: true}, ewstest.Step{}, ewstest.Step{Call: 1}), "several at one call")
}

// Chance depends on the seed and nothing else.
func TestScriptChance(t *testing.T) {
	t.Parallel()
	const calls = "FGFGFGFGFGFGFGFGFGFGFGFGFGFGFGFGFGFGFGFG"
	one := moments(t, 1, calls, ewstest.Step{Chance: 0.5})
	assert.Equal(t, one, moments(t, 1, calls, ewstest.Step{Chance: 0.5}))
	assert.NotEqual(t, one, moments(t, 2, calls, ewstest.Step{Chance: 0.5}))
	assert.Greater(t, len(one), 8)
	assert.Less(t, len(one), 32)
	assert.Len(t, moments(t, 1, calls, ewstest.Step{Chance: 0.5, Once: true}), 1)
	assert.Len(t, moments(t, 1, "FFF", ewstest.Step{Chance: 1}), 3)
}

// A stopped script plays no more; a step that could do nothing is recorded.
func TestScriptStops(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	owner := c.srv.Mailbox(alice).Person("")
	none := errors.New("nothing to do")
	script := c.srv.Play(ewstest.Step{Who: owner, Do: func(*ewstest.Person) error { return none }})
	find := findXML(folderOf("inbox", alice), "")
	c.do(find)
	script.Stop()
	c.do(find)
	require.Len(t, c.srv.Story(), 1)
	require.ErrorIs(t, c.srv.Story()[0].Err, none)
	assert.Equal(t, "plays", c.srv.Story()[0].Action)
	assert.Equal(t, "before call 1 (FindItem): owner of alice@example.test plays its part: impossible: nothing to do", c.srv.Story().String())

	other := c.srv.Play(ewstest.Step{Who: owner, Do: func(*ewstest.Person) error { return none }})
	c.srv.OnRequest(nil)
	c.do(find)
	assert.Len(t, c.srv.Story(), 1, "OnRequest(nil) takes it away too")
	other.Stop()
	for _, bad := range []ewstest.Step{{}, {Who: owner}, {Who: owner, Do: func(*ewstest.Person) error { return nil }, Chance: 2}, {Who: owner, Do: func(*ewstest.Person) error { return nil }, Chance: math.NaN()}} {
		assert.Panics(t, func() { c.srv.Play(bad) })
	}
}

// Two people and a policy act on the same message; it stays one message.
func TestScriptOfSeveral(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box, vault := c.srv.Mailbox(alice), c.srv.Mailbox(quar)
	m := box.Deliver([]byte(plain))
	cases := vault.AddFolder(nil, "Cases")
	vault.AddPolicy(ewstest.Policy{Name: "filing", Trigger: ewstest.Arrivals, Folder: vault.Folder(ews.FolderInbox), To: cases})
	c.srv.Play(
		ewstest.Step{Operation: ews.OpMoveItem, Who: box.Person(""), Do: func(p *ewstest.Person) error {
			_, err := p.MarkRead(m)
			return err
		}},
		ewstest.Step{Operation: ews.OpMoveItem, After: true, Who: vault.Person("analyst"), Do: func(p *ewstest.Person) error {
			return errors.Join(p.RenameFolder(cases, "Open cases"), func() error { _, err := p.Copy(m, cases); return err }())
		}},
	)
	require.Equal(t, []string{"NoError"}, codes(c.do(moveXML(folderOf("inbox", quar), itemID(m)))))
	assert.Equal(t, `before call 1 (MoveItem): owner of alice@example.test reads message 1 <1@evil.example>
during call 1 (MoveItem): filing of quarantine@example.test moves message 1 <1@evil.example> into "/Cases"
after call 1 (MoveItem): analyst of quarantine@example.test renames the folder "/Cases" to "Open cases"
after call 1 (MoveItem): analyst of quarantine@example.test copies message 1 <1@evil.example> into "/Open cases"`, c.srv.Story().String())
	assert.Equal(t, []string{"/Open cases"}, folders(c.srv, m))
	assert.Equal(t, 2, cases.Count())
}

// What a sender wrote is recorded in a form that a terminal can show.
func TestStoryIsPrintable(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	box := srv.Mailbox(alice)
	m := box.Deliver([]byte("Message-ID: <\x1b[2J@evil.example>\r\n\r\n"))
	_, err := box.Person("").MarkRead(m)
	require.NoError(t, err)
	assert.Equal(t, `before the first call: owner of alice@example.test reads message 1 "<\x1b[2J@evil.example>"`, srv.Story().String())
}
