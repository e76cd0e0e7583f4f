package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

func deleteItem(c *call) *refusal {
	how := removals[c.op.Get("DeleteType")]
	suppress := c.op.AttrBool("SuppressReadReceipts", false)
	c.batch(c.op.Child("ItemIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		it, refused := c.item(n)
		if refused == nil {
			refused = c.minding(sound(n), it)
		}
		if refused != nil {
			return nil, refused
		}
		cancellations, tellOthers := c.op.Attr("SendMeetingCancellations")
		_, occurrences := c.op.Attr("AffectedTaskOccurrences")
		switch {
		case it.Kind() == "CalendarItem" && !tellOthers:
			return nil, refuseText("ErrorSendMeetingCancellationsRequired", "SendMeetingCancellations is required for calendar items.")
		case it.Kind() == "Task" && !occurrences:
			return nil, refuseText("ErrorAffectedTaskOccurrencesRequired", "AffectedTaskOccurrences is required for tasks.")
		case how == mailstore.ToDeletedItems && it.Folder.Mailbox != c.who.box:
			return nil, refuse("ErrorCannotDeleteObject")
		case it.Associated && how != mailstore.Hard:
			return nil, refuseText("ErrorInvalidOperation", "Associated items can only be deleted for good.")
		}
		if _, ok := c.strikes(is(faultNothing), it); ok {
			return nil, nil
		}
		c.acted = true
		if it.Kind() == "CalendarItem" && cancellations != "SendToNone" {
			c.meetingSent(it)
		}
		it.Remove(how, suppress)
		return nil, nil
	})
	return nil
}

// meetingSent records that the people invited to a meeting were told about a change.
func (c *call) meetingSent(it *mailstore.Item) {
	c.notified(mailstore.Notice{Kind: "Sent", From: it.Folder.Mailbox.Address, Subject: it.Properties().Text(mailstore.TagSubject), Item: it})
}
