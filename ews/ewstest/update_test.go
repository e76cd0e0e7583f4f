package ewstest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func updateXML(conflict, more, id string, changes ...string) string {
	return fmt.Sprintf(`<m:UpdateItem ConflictResolution="%s" MessageDisposition="SaveOnly" %s><m:ItemChanges><t:ItemChange>%s<t:Updates>%s</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`,
		conflict, more, id, strings.Join(changes, ""))
}

func setField(uri, element string) string {
	return `<t:SetItemField><t:FieldURI FieldURI="` + uri + `"/><t:Message>` + element + `</t:Message></t:SetItemField>`
}

func setExtended(path, value string) string {
	return `<t:SetItemField>` + path + `<t:Message><t:ExtendedProperty>` + path + value + `</t:ExtendedProperty></t:Message></t:SetItemField>`
}

const (
	markPath   = `<t:ExtendedFieldURI PropertySetId="7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2" PropertyName="Mark" PropertyType="String"/>`
	headerPath = `<t:ExtendedFieldURI DistinguishedPropertySetId="InternetHeaders" PropertyName="X-Quarantined" PropertyType="String"/>`
)

func TestUpdateItem(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change string
		code   string
		check  func(*testing.T, *ewstest.Message)
	}{
		"named property": {setExtended(markPath, `<t:Value>x</t:Value>`), "NoError", func(t *testing.T, m *ewstest.Message) {
			assert.Equal(t, "x", m.Properties[ews.ExtendedField{GUID: "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2", Name: "Mark", Type: ews.TypeString}].Value)
		}},
		"header": {setExtended(headerPath, `<t:Value>yes</t:Value>`), "NoError", func(t *testing.T, m *ewstest.Message) {
			assert.Contains(t, string(m.MIME), "X-Quarantined: yes\r\n")
		}},
		"subject": {setField("item:Subject", `<t:Subject>Other</t:Subject>`), "NoError", func(t *testing.T, m *ewstest.Message) {
			assert.Equal(t, "Other", m.Subject)
			assert.Contains(t, string(m.MIME), "Subject: Other\r\n")
		}},
		"categories": {setField("item:Categories", `<t:Categories><t:String>A</t:String><t:String>B</t:String></t:Categories>`), "NoError", func(t *testing.T, m *ewstest.Message) {
			assert.Equal(t, []string{"A", "B"}, m.Categories)
		}},
		"importance": {setField("item:Importance", `<t:Importance>High</t:Importance>`), "NoError", func(t *testing.T, m *ewstest.Message) {
			assert.Equal(t, "High", m.Importance)
		}},
		"flag": {setField("item:Flag", `<t:Flag><t:FlagStatus>Flagged</t:FlagStatus></t:Flag>`), "NoError", func(t *testing.T, m *ewstest.Message) {
			assert.Equal(t, "Flagged", m.Flag.Status)
		}},
		"unset": {`<t:DeleteItemField><t:FieldURI FieldURI="item:Categories"/></t:DeleteItemField>`, "NoError", func(t *testing.T, m *ewstest.Message) {
			assert.Empty(t, m.Categories)
		}},
		"append": {`<t:AppendToItemField><t:FieldURI FieldURI="item:Body"/><t:Message><t:Body BodyType="Text">Now!</t:Body></t:Message></t:AppendToItemField>`, "NoError", func(t *testing.T, m *ewstest.Message) {
			assert.Contains(t, string(m.MIME), "Pay at once.\r\nNow!")
		}},
		"another property": {setField("item:Subject", `<t:Importance>High</t:Importance>`), "ErrorUpdatePropertyMismatch", nil},
		"two properties":   {setField("item:Subject", `<t:Subject>a</t:Subject><t:Importance>High</t:Importance>`), "ErrorIncorrectUpdatePropertyCount", nil},
		"read-only":        {setField("message:InternetMessageId", `<t:InternetMessageId>a</t:InternetMessageId>`), "ErrorInvalidPropertySet", nil},
		"message flags":    {setExtended(`<t:ExtendedFieldURI PropertyTag="0x0E07" PropertyType="Integer"/>`, `<t:Value>1</t:Value>`), "ErrorInvalidPropertySet", nil},
		"receipt of a received message": {setField("message:IsReadReceiptRequested", `<t:IsReadReceiptRequested>false</t:IsReadReceiptRequested>`),
			"ErrorInvalidPropertyUpdateSentMessage", nil},
		"custom tag":  {setExtended(`<t:ExtendedFieldURI PropertyTag="0x8123" PropertyType="Integer"/>`, `<t:Value>1</t:Value>`), "ErrorNoPropertyTagForCustomProperties", nil},
		"wrong value": {setExtended(`<t:ExtendedFieldURI PropertyTag="0x0017" PropertyType="Integer"/>`, `<t:Value>one</t:Value>`), "ErrorInvalidExtendedPropertyValue", nil},
		"no set":      {setExtended(`<t:ExtendedFieldURI PropertyName="x" PropertyType="Integer"/>`, `<t:Value>1</t:Value>`), "ErrorInvalidExtendedProperty", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCaller(t, ewstest.Options{})
			before := c.srv.Mailbox(alice).DeliverWith([]byte(plain), ewstest.Delivery{Categories: []string{"Old"}})
			assert.Equal(t, []string{tt.code}, codes(c.do(updateXML("AlwaysOverwrite", "", itemID(before), tt.change))))
			after := c.srv.Mailbox(alice).Message(before.ID)
			require.NotNil(t, after)
			if tt.check == nil {
				assert.Equal(t, before, after)
				return
			}
			assert.Equal(t, before.ID.ID, after.ID.ID)
			assert.NotEqual(t, before.ID.ChangeKey, after.ID.ChangeKey)
			tt.check(t, after)
		})
	}
}

func TestUpdateItemConflicts(t *testing.T) {
	t.Parallel()
	change := setField("item:Importance", `<t:Importance>High</t:Importance>`)
	for _, tt := range []struct {
		conflict, key, code string
		strict              bool
	}{
		{"AlwaysOverwrite", "stale", "NoError", false},
		{"AlwaysOverwrite", "", "NoError", false},
		{"AlwaysOverwrite", "", "ErrorChangeKeyRequiredForWriteOperations", true},
		{"AlwaysOverwrite", "AAAA", "ErrorInvalidChangeKey", false},
		{"AutoResolve", "stale", "ErrorIrresolvableConflict", false},
		{"NeverOverwrite", "stale", "ErrorIrresolvableConflict", false},
		{"NeverOverwrite", "", "ErrorChangeKeyRequiredForWriteOperations", false},
		{"NeverOverwrite", "current", "NoError", false},
	} {
		c := newCaller(t, ewstest.Options{ChangeKeys: tt.strict})
		box := c.srv.Mailbox(alice)
		m := box.Deliver([]byte(plain))
		require.True(t, box.SetRead(m.ID, true))
		key := tt.key
		switch key {
		case "stale":
			key = m.ID.ChangeKey
		case "current":
			key = box.Message(m.ID).ID.ChangeKey
		}
		id := `<t:ItemId Id="` + m.ID.ID + `"/>`
		if key != "" {
			id = `<t:ItemId Id="` + m.ID.ID + `" ChangeKey="` + key + `"/>`
		}
		assert.Equal(t, []string{tt.code}, codes(c.do(updateXML(tt.conflict, "", id, change))), tt)
	}
}

func TestMarkAsReadSendsReceipt(t *testing.T) {
	t.Parallel()
	for more, want := range map[string]int{"": 1, `SuppressReadReceipts="true"`: 0} {
		c := newCaller(t, ewstest.Options{})
		m := c.srv.Mailbox(alice).Deliver([]byte(receiptAsked))
		assert.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AlwaysOverwrite", more, itemID(m), setField("message:IsRead", `<t:IsRead>true</t:IsRead>`)))))
		notices := c.srv.Notices()
		require.Len(t, notices, want)
		if want == 1 {
			assert.Equal(t, "IPNRN", notices[0].Kind)
		}
		after := c.srv.Mailbox(alice).Message(m.ID)
		assert.True(t, after.Read)
		assert.False(t, after.ReceiptPending)
	}
}

func TestUpdateOfEssentialsKeepsVersion(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(plain))
	versions := func() int { return len(box.Folder(ews.FolderRecoverableItemsVersions).Messages()) }
	c.do(updateXML("AlwaysOverwrite", "", itemID(m), setExtended(markPath, `<t:Value>x</t:Value>`)))
	assert.Zero(t, versions())
	c.do(updateXML("AlwaysOverwrite", "", itemID(m), setField("item:Subject", `<t:Subject>Other</t:Subject>`)))
	assert.Equal(t, 1, versions())
}

func TestUpdateNeedsDisposition(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	op := strings.Replace(updateXML("AlwaysOverwrite", "", itemID(m), setField("item:Importance", `<t:Importance>High</t:Importance>`)), `MessageDisposition="SaveOnly"`, "", 1)
	assert.Equal(t, []string{"ErrorMessageDispositionRequired"}, codes(c.do(op)))
}
