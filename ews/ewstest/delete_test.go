package ewstest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

func deleteXML(how, more string, ids ...string) string {
	var all strings.Builder
	for _, id := range ids {
		all.WriteString(id)
	}
	return fmt.Sprintf(`<m:DeleteItem DeleteType="%s" %s><m:ItemIds>%s</m:ItemIds></m:DeleteItem>`, how, more, all.String())
}

func TestDelete(t *testing.T) {
	t.Parallel()
	const suppress = `SuppressReadReceipts="true"`
	for _, tt := range []struct {
		name, how, more string
		user            string
		opts            ewstest.Options
		code, folder    string
		notices         []string
	}{
		{name: "hard", how: "HardDelete", more: suppress, code: "NoError", folder: "/Recoverable Items/Purges"},
		{name: "soft", how: "SoftDelete", more: suppress, code: "NoError", folder: "/Recoverable Items/Deletions"},
		{name: "hard, no retention", how: "HardDelete", more: suppress, opts: ewstest.Options{RetentionOff: true}, code: "NoError"},
		{name: "hard, not suppressed", how: "HardDelete", code: "NoError", folder: "/Recoverable Items/Purges", notices: []string{"IPNNRN"}},
		{name: "soft, not suppressed", how: "SoftDelete", code: "NoError", folder: "/Recoverable Items/Deletions", notices: []string{"IPNNRN"}},
		{name: "delegate to deleted items", how: "MoveToDeletedItems", code: "ErrorCannotDeleteObject", folder: "/Inbox"},
		{name: "owner to deleted items", how: "MoveToDeletedItems", user: "alice", code: "NoError", folder: "/Deleted Items"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCaller(t, tt.opts)
			if tt.user != "" {
				c = c.as(tt.user)
			}
			m := c.srv.Mailbox(alice).Deliver([]byte(receiptAsked))
			require.True(t, m.ReceiptPending)
			assert.Equal(t, []string{tt.code}, codes(c.do(deleteXML(tt.how, tt.more, itemID(m)))))
			var kinds []string
			for _, n := range c.srv.Notices() {
				kinds = append(kinds, n.Kind)
				assert.Equal(t, "eve@evil.example", n.To)
			}
			assert.Equal(t, tt.notices, kinds)
			var folders []string
			for _, m := range c.srv.Mailbox(alice).Messages() {
				folders = append(folders, m.Folder)
			}
			if tt.folder == "" {
				assert.Empty(t, folders)
				return
			}
			assert.Equal(t, []string{tt.folder}, folders)
		})
	}
}

func TestDeleteReadOrJunkTellsNobody(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	read := box.DeliverWith([]byte(receiptAsked), ewstest.Delivery{Read: true})
	junk := box.DeliverWith([]byte(receiptAsked), ewstest.Delivery{Folder: box.Folder(ews.FolderJunkEmail)})
	assert.Equal(t, []string{"NoError", "NoError"}, codes(c.do(deleteXML("HardDelete", "", itemID(read), itemID(junk)))))
	assert.Empty(t, c.srv.Notices())
}

func TestDeleteNeedsAttributesForSomeKinds(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	meeting := box.DeliverWith([]byte(plain), ewstest.Delivery{Class: "IPM.Appointment"})
	task := box.DeliverWith([]byte(plain), ewstest.Delivery{Class: "IPM.Task"})
	assert.Equal(t, []string{"ErrorSendMeetingCancellationsRequired", "ErrorAffectedTaskOccurrencesRequired"},
		codes(c.do(deleteXML("HardDelete", "", itemID(meeting), itemID(task)))))
	assert.Equal(t, []string{"NoError", "NoError"},
		codes(c.do(deleteXML("HardDelete", `SendMeetingCancellations="SendToNone" AffectedTaskOccurrences="AllOccurrences"`, itemID(meeting), itemID(task)))))
	assert.Empty(t, c.srv.Notices())
}

// TestMeetingsTell sends all values of the attributes that determine whom to notify.
func TestMeetingsTell(t *testing.T) {
	t.Parallel()
	for _, v := range ewsschema.Values("CalendarItemCreateOrDeleteOperationType", ewsschema.Exchange2013SP1) {
		c := newCaller(t, ewstest.Options{})
		meeting := c.srv.Mailbox(alice).DeliverWith([]byte(plain), ewstest.Delivery{Class: "IPM.Appointment"})
		assert.Equal(t, []string{"NoError"}, codes(c.do(deleteXML("HardDelete", `SendMeetingCancellations="`+v+`"`, itemID(meeting)))), v)
		assert.Equal(t, v == "SendToNone", len(c.srv.Notices()) == 0, v)
	}
	for _, v := range ewsschema.Values("CalendarItemUpdateOperationType", ewsschema.Exchange2013SP1) {
		c := newCaller(t, ewstest.Options{})
		meeting := c.srv.Mailbox(alice).DeliverWith([]byte(plain), ewstest.Delivery{Class: "IPM.Appointment"})
		change := `<t:SetItemField><t:FieldURI FieldURI="item:Subject"/><t:CalendarItem><t:Subject>x</t:Subject></t:CalendarItem></t:SetItemField>`
		assert.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AlwaysOverwrite", `SendMeetingInvitationsOrCancellations="`+v+`"`, itemID(meeting), change))), v)
		assert.Equal(t, v == "SendToNone", len(c.srv.Notices()) == 0, v)
	}
}

func TestAssociatedItemsAreDeletedForGoodOnly(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	fai := c.srv.Mailbox(alice).DeliverWith([]byte(plain), ewstest.Delivery{Associated: true})
	assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(c.do(deleteXML("SoftDelete", "", itemID(fai)))))
	assert.Equal(t, []string{"NoError"}, codes(c.do(deleteXML("HardDelete", "", itemID(fai)))))
	assert.Empty(t, c.srv.Mailbox(alice).Messages())
}

func TestSuppressReadReceiptsComesWith2013SP1(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		server       ewstest.Version
		schema, want string
	}{
		{ewstest.Exchange2010SP3, "Exchange2010_SP2", "ErrorSchemaValidation"},
		{ewstest.Exchange2013, "Exchange2013", "ErrorSchemaValidation"},
		{ewstest.Exchange2013SP1, "Exchange2010_SP2", "ErrorIncorrectSchemaVersion"},
		{ewstest.Exchange2013SP1, "Exchange2013", "NoError"},
		{ewstest.Exchange2013SP1, "Exchange2013_SP1", "NoError"},
		{ewstest.Exchange2016, "Exchange2013", "NoError"},
	} {
		c := newCaller(t, ewstest.Options{Version: tt.server}).in(tt.schema)
		m := c.srv.Mailbox(alice).Deliver([]byte(receiptAsked))
		assert.Equal(t, []string{tt.want}, codes(c.do(deleteXML("HardDelete", `SuppressReadReceipts="true"`, itemID(m)))), tt)
		update := codes(c.do(updateXML("AlwaysOverwrite", `SuppressReadReceipts="true"`, itemID(c.srv.Mailbox(alice).Deliver([]byte(receiptAsked))), setField("message:IsRead", `<t:IsRead>true</t:IsRead>`))))
		assert.Equal(t, []string{tt.want}, update, tt)
		assert.Empty(t, c.srv.Notices(), tt)
	}
}

func TestSuppressReadReceiptObject(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{Version: ewstest.Exchange2010SP3}).in("Exchange2010_SP1")
	m := c.srv.Mailbox(alice).Deliver([]byte(receiptAsked))
	suppress := func(ref string) []string {
		return codes(c.do(`<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:SuppressReadReceipt>` + ref + `</t:SuppressReadReceipt></m:Items></m:CreateItem>`))
	}
	assert.Equal(t, []string{"ErrorChangeKeyRequiredForWriteOperations"}, suppress(`<t:ReferenceItemId Id="`+m.ID.ID+`"/>`))
	ref := `<t:ReferenceItemId Id="` + m.ID.ID + `" ChangeKey="` + m.ID.ChangeKey + `"/>`
	assert.Equal(t, []string{"NoError"}, suppress(ref))
	assert.Equal(t, []string{"ErrorReadReceiptNotPending"}, suppress(ref))
	assert.Equal(t, []string{"NoError"}, codes(c.do(deleteXML("HardDelete", "", itemID(m)))))
	assert.Empty(t, c.srv.Notices())
}
