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

func TestConvertID(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	convert := func(from, id, to, mailbox string) string {
		return c.do(`<m:ConvertId DestinationFormat="` + to + `"><m:SourceIds><t:AlternateId Format="` + from + `" Id="` + id + `" Mailbox="` + mailbox + `"/></m:SourceIds></m:ConvertId>`)
	}
	seen := map[string]bool{}
	for _, format := range []string{"EwsLegacyId", "EwsId", "EntryId", "HexEntryId", "StoreId", "OwaId"} {
		there := convert("EwsId", m.ID.ID, format, alice)
		require.Equal(t, []string{"NoError"}, codes(there))
		id := attrs(there, "AlternateId", "Id")[0]
		seen[id] = true
		back := convert(format, id, "EwsId", alice)
		assert.Equal(t, []string{m.ID.ID}, attrs(back, "AlternateId", "Id"), format)
	}
	assert.GreaterOrEqual(t, len(seen), 4)
	assert.Equal(t, []string{"ErrorInvalidIdMalformed"}, codes(convert("EwsId", "x", "EntryId", alice)))
	assert.Equal(t, []string{"ErrorNonExistentMailbox"}, codes(convert("EwsId", m.ID.ID, "EntryId", "nobody@example.test")))
}
