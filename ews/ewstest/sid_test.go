package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// sharedWith lets a user read a folder of alice's, and returns the answer.
func sharedWith(c *caller, f *ewstest.Folder, user string) string {
	return c.as("alice").do(updateFolderXML(folderIDXML(f), setFolder("folder:PermissionSet",
		`<t:PermissionSet><t:Permissions><t:Permission><t:UserId>`+user+`</t:UserId>`+level("Reviewer")+`</t:Permission></t:Permissions></t:PermissionSet>`)))
}

func permissionsOf(c *caller, id string) string {
	return c.as("alice").do(getFolderXML(shapeOf("", "folder:PermissionSet"), id))
}

// sidOf returns the SID that a user has in permissions.
func sidOf(t *testing.T, c *caller, address string) string {
	t.Helper()
	f := c.srv.Mailbox(alice).AddFolder(nil, "With "+address)
	require.Equal(t, []string{"NoError"}, codes(sharedWith(c, f, `<t:PrimarySmtpAddress>`+address+`</t:PrimarySmtpAddress>`)))
	sids := texts(permissionsOf(c, folderIDXML(f)), "SID")
	require.Len(t, sids, 1)
	return sids[0]
}

func TestPermissionsNameUsersByTheirSID(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		c.srv.AddMailbox("dora@example.test", &ewstest.MailboxOptions{ProxyAddresses: []string{"d@example.test"}})
		sid := sidOf(t, c, "dora@example.test")
		assert.True(t, strings.HasPrefix(sid, "S-1-5-21-"), sid)
		assert.NotEqual(t, sid, sidOf(t, c, bob), "each user has one")
		f := c.srv.Mailbox(alice).AddFolder(nil, "Shared")
		element := `<t:SID>` + sid + `</t:SID>`
		for _, user := range []string{
			element, `<t:SID>` + strings.ToLower(sid) + `</t:SID>`, element + `<t:PrimarySmtpAddress>d@example.test</t:PrimarySmtpAddress>`,
			element + `<t:DisplayName>Dora</t:DisplayName>`,
		} {
			require.Equal(t, []string{"NoError"}, codes(sharedWith(c, f, user)), user)
			answer := permissionsOf(c, folderIDXML(f))
			assert.Equal(t, []string{sid}, texts(answer, "SID"), user)
			assert.Equal(t, []string{"dora@example.test"}, texts(answer, "PrimarySmtpAddress"), user)
		}
		for user, want := range map[string]string{
			`<t:SID>S-1-5-21-1</t:SID>`:                                                 "ErrorInvalidUserSid",
			`<t:SID>` + sid + `0000</t:SID>`:                                            "ErrorInvalidUserSid",
			`<t:SID>` + sid[:len(sid)-4] + `1</t:SID>`:                                  "ErrorInvalidUserSid",
			`<t:SID>1103</t:SID>`:                                                       "ErrorInvalidUserSid",
			element + bobUser:                                                           "ErrorInvalidUserInfo",
			element + `<t:DistinguishedUser>Default</t:DistinguishedUser>`:              "ErrorInvalidUserInfo",
			`<t:DisplayName>Dora</t:DisplayName>`:                                       "ErrorInvalidUserInfo",
			element + `<t:ExternalUserIdentity>d@else.example</t:ExternalUserIdentity>`: "ErrorInvalidOperation",
		} {
			assert.Equal(t, []string{want}, codes(sharedWith(c, f, user)), user)
		}
		require.Equal(t, []string{"NoError"}, codes(sharedWith(c, f, `<t:PrimarySmtpAddress>who@else.example</t:PrimarySmtpAddress>`)))
		assert.Empty(t, texts(permissionsOf(c, folderIDXML(f)), "SID"), "who has no mailbox has none here")
	}
}

func TestFolderOfAnotherShowsItsCreatorBySID(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	f := c.srv.Mailbox(alice).AddFolder(nil, "Shared")
	permitted(t, c, f, bobUser, level("PublishingEditor"))
	made := c.as("bob").do(createFolderXML(folderIDXML(f), `<t:Folder><t:DisplayName>Below</t:DisplayName></t:Folder>`))
	assert.Equal(t, []string{sidOf(t, c, bob)}, texts(permissionsOf(c, `<t:FolderId Id="`+attrs(made, "FolderId", "Id")[0]+`"/>`), "SID"))
}

func TestImpersonationBySID(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	sids := map[string]string{}
	for _, address := range []string{alice, bob} {
		sids[address] = sidOf(t, c, address)
	}
	m := c.srv.Mailbox(bob).Deliver([]byte(plain))
	as := func(element, name string) string {
		d := c.impersonating("x")
		d.header = `<t:ExchangeImpersonation><t:ConnectingSID><t:` + element + `>` + name + `</t:` + element + `></t:ConnectingSID></t:ExchangeImpersonation>`
		return strings.Join(codes(d.do(getItemXML(idOnly, itemID(m)))), ",")
	}
	assert.Equal(t, "NoError", as("SID", sids[bob]))
	assert.Equal(t, "ErrorNonExistentMailbox", as("SID", sids[alice]), "the item is of another mailbox")
	assert.Equal(t, "ErrorInvalidUserSid", as("SID", sids[bob]+"0"))
	assert.Equal(t, "NoError", as("PrincipalName", bob))
	assert.Equal(t, "ErrorInvalidUserPrincipalName", as("PrincipalName", "who@example.test"))
	c.srv.RevokeImpersonation("svc", "*")
	assert.Equal(t, "ErrorImpersonateUserDenied", as("SID", sids[bob]))
	c.srv.Mailbox(bob).Remove(false)
	assert.Equal(t, "ErrorNonExistentMailbox", as("SID", sids[bob]))
}
