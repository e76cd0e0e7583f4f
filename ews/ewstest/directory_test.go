package ewstest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func TestExpandDL(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.AddMailbox("hidden@example.test", &ewstest.MailboxOptions{Hidden: true})
	c.srv.AddList("inner@example.test", bob)
	c.srv.AddHiddenList("secret@example.test", bob)
	c.srv.AddList("outer@example.test", alice, "inner@example.test", "secret@example.test", "hidden@example.test", "other@elsewhere.example")
	expand := func(address string) string {
		return c.do(`<m:ExpandDL><m:Mailbox><t:EmailAddress>` + address + `</t:EmailAddress></m:Mailbox></m:ExpandDL>`)
	}
	answer := expand("OUTER@example.test")
	require.Equal(t, []string{"NoError"}, codes(answer))
	assert.Equal(t, []string{alice, "inner@example.test", "other@elsewhere.example"}, texts(answer, "EmailAddress"))
	assert.Equal(t, []string{"Mailbox", "PublicDL", "Contact"}, texts(answer, "MailboxType"))
	assert.Equal(t, []string{"true"}, attrs(answer, "DLExpansion", "IncludesLastItemInRange"))
	for _, address := range []string{"secret@example.test", "nobody@example.test", alice} {
		assert.Equal(t, []string{"ErrorNameResolutionNoResults"}, codes(expand(address)))
	}
}

// A list can be named by its address, alias or display name if that is unique.
func TestExpandDLByName(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.AddListWith("sales@example.test", &ewstest.ListOptions{DisplayName: "Vertrieb Süd", Members: []string{alice}})
	c.srv.AddList("sales@other.example", bob)
	c.srv.AddListWith("north@example.test", &ewstest.ListOptions{DisplayName: "Vertrieb Nord", Members: []string{bob}})
	expand := func(name string) string {
		return c.do(`<m:ExpandDL><m:Mailbox><t:EmailAddress>` + name + `</t:EmailAddress></m:Mailbox></m:ExpandDL>`)
	}
	for name, want := range map[string]string{
		"sales@example.test": "NoError", "vertrieb süd": "NoError", "NORTH": "NoError",
		"sales": "ErrorNameResolutionMultipleResults", "Vertrieb": "ErrorNameResolutionNoResults",
	} {
		assert.Equal(t, []string{want}, codes(expand(name)), name)
	}
	c.srv.AddListWith("sales@other.example", &ewstest.ListOptions{Hidden: true})
	assert.Equal(t, []string{alice}, texts(expand("sales"), "EmailAddress"), "a hidden list does not make the name ambiguous")
}

// The server evaluates the members of a dynamic group on each request.
func TestDynamicList(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.AddListWith("tokyo@example.test", &ewstest.ListOptions{Dynamic: "*@Tokyo.example.test"})
	c.srv.AddList("outer@example.test", "tokyo@example.test")
	expand := func(name string) []string {
		return texts(c.do(`<m:ExpandDL><m:Mailbox><t:EmailAddress>`+name+`</t:EmailAddress></m:Mailbox></m:ExpandDL>`), "EmailAddress")
	}
	assert.Empty(t, expand("tokyo@example.test"))
	c.srv.AddMailbox("Aiko@tokyo.example.test", nil)
	c.srv.AddMailbox("ghost@tokyo.example.test", &ewstest.MailboxOptions{Hidden: true})
	gone := c.srv.AddMailbox("gone@tokyo.example.test", nil)
	gone.Remove(false)
	assert.Equal(t, []string{"Aiko@tokyo.example.test"}, expand("tokyo@example.test"))
	assert.Equal(t, []string{"tokyo@example.test"}, expand("outer@example.test"), "one level")
	assert.Panics(t, func() { c.srv.AddListWith("x@example.test", &ewstest.ListOptions{Dynamic: "["}) })
}

func TestContacts(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.AddContact("partner@other.example", &ewstest.ContactOptions{DisplayName: "Paula Partner"})
	c.srv.AddContact("secret@other.example", &ewstest.ContactOptions{Hidden: true})
	c.srv.AddContact("plain@other.example", nil)
	c.srv.AddList("all@example.test", "partner@other.example", "secret@other.example", "plain@other.example")
	answer := c.do(`<m:ExpandDL><m:Mailbox><t:EmailAddress>all@example.test</t:EmailAddress></m:Mailbox></m:ExpandDL>`)
	assert.Equal(t, []string{"Paula Partner", "plain@other.example"}, texts(answer, "Name"))
	assert.Equal(t, []string{"Contact", "Contact"}, texts(answer, "MailboxType"))
	for name, want := range map[string][]string{"paula": {"partner@other.example"}, "smtp:PLAIN@other.example": {"plain@other.example"}, "secret": nil} {
		answer := c.do(`<m:ResolveNames ReturnFullContactData="false"><m:UnresolvedEntry>` + name + `</m:UnresolvedEntry></m:ResolveNames>`)
		assert.Equal(t, want, texts(answer, "EmailAddress"), name)
	}
}

// An account without a mailbox, or whose mailbox was removed, cannot use the
// address book.
func TestAddressBookNeedsAMailbox(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.AddUser("robot", "robot-password")
	c.srv.GrantImpersonation("robot", "*")
	c.user = "robot"
	ask := func(c *caller) []string {
		var all []string
		for _, op := range []string{
			`<m:ExpandDL><m:Mailbox><t:EmailAddress>all-staff@example.test</t:EmailAddress></m:Mailbox></m:ExpandDL>`,
			`<m:ResolveNames ReturnFullContactData="false"><m:UnresolvedEntry>alice</m:UnresolvedEntry></m:ResolveNames>`,
		} {
			all = append(all, codes(c.do(op))...)
		}
		return all
	}
	none := []string{"ErrorNameResolutionNoMailbox", "ErrorNameResolutionNoMailbox"}
	assert.Equal(t, none, ask(c))
	assert.Equal(t, []string{"NoError", "NoError"}, ask(c.impersonating(bob)))
	c.srv.AddMailbox("robot@example.test", &ewstest.MailboxOptions{Password: "robot-password"})
	assert.Equal(t, []string{"NoError", "NoError"}, ask(c))
	c.srv.Mailbox("robot@example.test").Remove(false)
	assert.Equal(t, none, ask(c), "the mailbox was removed")
}

func TestResolveNames(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.AddMailbox("dora@example.test", &ewstest.MailboxOptions{DisplayName: "Dora Alison", ProxyAddresses: []string{"d@example.test"}})
	resolve := func(name string) (string, []string) {
		answer := c.do(`<m:ResolveNames ReturnFullContactData="true" SearchScope="ActiveDirectory"><m:UnresolvedEntry>` + name + `</m:UnresolvedEntry></m:ResolveNames>`)
		return strings.Join(codes(answer), ",") + " " + strings.Join(attrs(answer, "ResolveNamesResponseMessage", "ResponseClass"), ","), texts(answer, "EmailAddress")
	}
	for name, tt := range map[string]struct {
		code string
		want []string
	}{
		"alice":               {"NoError Success", []string{alice}},
		"ali":                 {"ErrorNameResolutionMultipleResults Warning", []string{alice, "dora@example.test"}},
		"d@example.test":      {"ErrorNameResolutionNoResults Error", nil},
		"smtp:d@example.test": {"NoError Success", []string{"dora@example.test"}},
		"smtp:d@example":      {"ErrorNameResolutionNoResults Error", nil},
		"all-staff":           {"NoError Success", []string{"all-staff@example.test"}},
		"zzz":                 {"ErrorNameResolutionNoResults Error", nil},
	} {
		code, found := resolve(name)
		assert.Equal(t, tt.code, code, name)
		assert.Equal(t, tt.want, found, name)
	}
	for i := range 120 {
		c.srv.AddMailbox(fmt.Sprintf("many%d@example.test", i), nil)
	}
	_, found := resolve("many")
	assert.Len(t, found, 100)
}
