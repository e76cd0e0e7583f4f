package ewstest_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// reminder holds the reminder elements that every version has.
const reminder = `<t:ReminderDueBy>2026-12-01T09:00:00Z</t:ReminderDueBy><t:ReminderIsSet>true</t:ReminderIsSet>` +
	`<t:ReminderMinutesBeforeStart>15</t:ReminderMinutesBeforeStart>`

// createdID returns the id of the item that an answer names, in the form for a request.
func createdID(t *testing.T, answer string) string {
	require.Equal(t, []string{"NoError"}, codes(answer))
	return `<t:ItemId Id="` + attrs(answer, "ItemId", "Id")[0] + `"/>`
}

func TestAllPropertiesHaveTheReminderAndTheWebAddresses(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		draft := createdID(t, c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message>`+reminder+`</t:Message>`)))
		got := c.do(getItemXML(full, draft))
		assert.Equal(t, []string{"2026-12-01T09:00:00Z"}, texts(got, "ReminderDueBy"), version)
		assert.Equal(t, []string{"15"}, texts(got, "ReminderMinutesBeforeStart"), version)
		var next []string
		if schema != "Exchange2010_SP2" {
			next = []string{"2026-12-01T08:45:00Z"}
		}
		assert.Equal(t, next, texts(got, "ReminderNextTime"), version)
		id := url.QueryEscape(attrs(got, "ItemId", "Id")[0])
		assert.Equal(t, []string{"?ae=Item&amp;a=Open&amp;t=IPM.Note&amp;id=" + id}, texts(got, "WebClientReadFormQueryString"), version)
		assert.Equal(t, []string{"?ae=Item&amp;a=Edit&amp;t=IPM.Note&amp;id=" + id}, texts(got, "WebClientEditFormQueryString"), version)

		got = c.do(getItemXML(full, itemID(c.srv.Mailbox(alice).Deliver([]byte(plain)))))
		assert.Len(t, texts(got, "WebClientReadFormQueryString"), 1, version)
		for _, name := range []string{"ReminderDueBy", "ReminderMinutesBeforeStart", "ReminderNextTime", "WebClientEditFormQueryString"} {
			assert.Empty(t, texts(got, name), "%s of mail as it came, on %s", name, version)
		}
	}
}

func TestReminderNextTimeAndRetentionDateCanBeSet(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		if schema == "Exchange2010_SP2" {
			continue // it does not have them
		}
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		item := createdID(t, c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message><t:ReminderNextTime>2026-12-01T07:00:00Z</t:ReminderNextTime>`+
			`<t:RetentionDate>2027-12-01T00:00:00Z</t:RetentionDate></t:Message>`)))
		value := func(name string) []string { return texts(c.do(getItemXML(shapeOf("", "item:"+name), item)), name) }
		update := func(change string) {
			t.Helper()
			assert.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AlwaysOverwrite", "", item, change))), "%s on %s", change, version)
		}
		assert.Equal(t, []string{"2026-12-01T07:00:00Z"}, value("ReminderNextTime"), version)
		assert.Equal(t, []string{"2027-12-01T00:00:00Z"}, value("RetentionDate"), version)
		update(setField("item:ReminderNextTime", `<t:ReminderNextTime>2026-12-02T07:00:00Z</t:ReminderNextTime>`))
		update(setField("item:RetentionDate", `<t:RetentionDate>2028-12-01T00:00:00Z</t:RetentionDate>`))
		assert.Equal(t, []string{"2026-12-02T07:00:00Z"}, value("ReminderNextTime"), version)
		assert.Equal(t, []string{"2028-12-01T00:00:00Z"}, value("RetentionDate"), version)
		assert.Equal(t, []string{"2028-12-01T00:00:00Z"}, texts(c.do(getItemXML(full, item)), "RetentionDate"), version)

		update(setField("item:ReminderIsSet", `<t:ReminderIsSet>true</t:ReminderIsSet>`))
		update(setField("item:ReminderDueBy", `<t:ReminderDueBy>2026-12-03T09:00:00Z</t:ReminderDueBy>`))
		assert.Equal(t, []string{"2026-12-03T09:00:00Z"}, value("ReminderNextTime"), "a new due time sets the reminder anew, on %s", version)

		for _, name := range []string{"ReminderNextTime", "RetentionDate"} {
			update(setField("item:"+name, `<t:`+name+`>2029-12-01T00:00:00Z</t:`+name+`>`))
			update(`<t:DeleteItemField><t:FieldURI FieldURI="item:` + name + `"/></t:DeleteItemField>`)
			assert.NotContains(t, value(name), "2029-12-01T00:00:00Z", version)
		}
	}
}
