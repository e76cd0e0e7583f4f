package ewstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestPeopleOfTheDirectory: their kind is that in the directory, and so are their names
// unless the message has others.
func TestPeopleOfTheDirectory(t *testing.T) {
	t.Parallel()
	person := func(rest string) string { return `<t:Mailbox>` + rest + `</t:Mailbox>` }
	address := func(a string) string { return `<t:EmailAddress>` + a + `</t:EmailAddress>` }
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		c.srv.AddListWith("sales@example.test", &ewstest.ListOptions{DisplayName: "Sales"})
		c.srv.AddContact("p@partner.example", &ewstest.ContactOptions{DisplayName: "Partner"})
		made := c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message><t:Subject>a</t:Subject><t:ToRecipients>`+
			person(address("BOB@example.test"))+person(address("sales@example.test"))+person(address("p@partner.example"))+
			person(`<t:Name>Bobby</t:Name>`+address(bob))+person(address("eve@evil.example"))+`</t:ToRecipients></t:Message>`))
		require.Equal(t, []string{"NoError"}, codes(made))
		got := c.do(getItemXML(shapeOf("", "message:ToRecipients", "item:DisplayTo"), `<t:ItemId Id="`+attrs(made, "ItemId", "Id")[0]+`"/>`))
		assert.Equal(t, []string{"Bob", "Sales", "Partner", "Bobby", "eve@evil.example"}, texts(got, "Name"), version)
		assert.Equal(t, []string{"Mailbox", "PublicDL", "Contact", "Mailbox", "OneOff"}, texts(got, "MailboxType"), version)
		assert.Equal(t, []string{"Bob; Sales; Partner; Bobby; eve@evil.example"}, texts(got, "DisplayTo"), version)

		m := c.srv.Mailbox(alice).Deliver([]byte("From: bob@example.test\r\nTo: alice@example.test, \"Big Boss\" <carol@example.test>\r\nSubject: a\r\n\r\n"))
		got = c.do(getItemXML(shapeOf("", "message:From", "message:ToRecipients"), itemID(m)))
		assert.Equal(t, []string{"Alice", "Big Boss", "Bob"}, texts(got, "Name"), version)
		assert.Equal(t, []string{"Mailbox", "Mailbox", "Mailbox"}, texts(got, "MailboxType"), version)
	}
}

func TestLastModifiedName(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	name := func() []string { return texts(c.do(getItemXML(full, itemID(m))), "LastModifiedName") }
	assert.Equal(t, []string{"Alice"}, name(), "of what was delivered, the owner")
	change := updateXML("AlwaysOverwrite", "", itemID(m), setField("item:Subject", `<t:Subject>Other</t:Subject>`))
	c.do(change)
	assert.Equal(t, []string{"Svc"}, name())
	c.impersonating(alice).do(change)
	assert.Equal(t, []string{"Alice"}, name())
	c.srv.GrantFullAccess("bob", alice)
	c.as("bob").do(attachXML(`Id="`+m.ID.ID+`"`, fileXML("a", "a")))
	assert.Equal(t, []string{"Bob"}, name())
}
