package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// responses are the response objects of CreateItem: actions on an item, written
// as if they were new items.
var responses = map[string]func(*call, *ewsschema.Node) *refusal{
	"SuppressReadReceipt":   suppressReadReceipt,
	"AcceptItem":            answerMeeting,
	"TentativelyAcceptItem": answerMeeting,
	"DeclineItem":           answerMeeting,

	"CancelCalendarItem":      only("CalendarItem", "ErrorInvalidItemForOperationCancelItem"),
	"RemoveItem":              only("MeetingCancellation", "ErrorInvalidItemForOperationRemoveItem"),
	"PostReplyItem":           unanswered,
	"ProposeNewTime":          unanswered,
	"AcceptSharingInvitation": unanswered,
}

func unanswered(_ *call, n *ewsschema.Node) *refusal {
	return refuseText("ErrorInvalidOperation", "ewstest does not have the response "+n.Local+".")
}

// only refuses a response to an item of a kind other than the one it is for.
func only(kind string, code ews.ResponseCode) func(*call, *ewsschema.Node) *refusal {
	return func(c *call, n *ewsschema.Node) *refusal {
		it, refused := c.referenced(n)
		switch {
		case refused != nil:
			return refused
		case it.Kind() != kind:
			return refuse(code)
		}
		return unanswered(c, n)
	}
}

// suppressReadReceipt withdraws a pending receipt.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/suppressreadreceipt.
func suppressReadReceipt(c *call, n *ewsschema.Node) *refusal {
	it, refused := c.referenced(n)
	if refused != nil {
		return refused
	}
	if !messageKinds[it.Kind()] {
		return refuse("ErrorInvalidReferenceItem")
	}
	if !it.Suppress() {
		return refuse("ErrorReadReceiptNotPending")
	}
	c.acted = true
	return nil
}

// notAnswerable are the errors for answering something that is not a meeting.
var notAnswerable = map[string]ews.ResponseCode{
	"AcceptItem":            "ErrorInvalidItemForOperationAcceptItem",
	"TentativelyAcceptItem": "ErrorInvalidItemForOperationTentative",
	"DeclineItem":           "ErrorInvalidItemForOperationDeclineItem",
}

// answerMeeting notifies the organiser, unless the response is only saved.
func answerMeeting(c *call, n *ewsschema.Node) *refusal {
	it, refused := c.referenced(n)
	if refused != nil {
		return refused
	}
	if len(n.Kids()) > 1 {
		return refuseText("ErrorInvalidOperation", "ewstest answers meetings without a text or other properties.")
	}
	if it.Kind() != "MeetingRequest" && it.Kind() != "CalendarItem" {
		return refuse(notAnswerable[n.Local])
	}
	if _, ok := c.op.Attr("MessageDisposition"); !ok {
		return refuseText("ErrorMessageDispositionRequired", "The MessageDisposition attribute is required for answers to meetings.")
	}
	c.acted = true
	if c.op.Get("MessageDisposition") != "SaveOnly" {
		c.notified(mailstore.Notice{
			Kind: "MeetingResponse", From: it.Folder.Mailbox.Address, To: it.Properties().Text(mailstore.TagFromAddress),
			Subject: it.Properties().Text(mailstore.TagSubject), Item: it,
		})
	}
	return nil
}

// referenced finds the item of a response object. Its change key must be given
// and current.
func (c *call) referenced(n *ewsschema.Node) (*mailstore.Item, *refusal) {
	ref := n.Child("ReferenceItemId")
	if !ref.Exists() {
		return nil, refuse("ErrorInvalidReferenceItem")
	}
	it, refused := c.item(ref)
	if refused != nil {
		return nil, refused
	}
	return it, fresh(ref, it)
}

// fresh refuses the id of an item unless its change key is given and current.
func fresh(id *ewsschema.Node, it *mailstore.Item) *refusal {
	change, given, refused := changeKey(id, mailstore.KindItem)
	switch {
	case refused != nil:
		return refused
	case !given:
		return refuse("ErrorChangeKeyRequiredForWriteOperations")
	case change != it.Change():
		return refuse("ErrorStaleObject")
	}
	return nil
}
