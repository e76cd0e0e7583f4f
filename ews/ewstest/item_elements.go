package ewstest

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// element is a property that EWS defines for items: which items have it, and how the
// operations treat it.
type element struct {
	uri   string            // the element is named like the part after the colon
	of    kinds             // the kinds that have it
	since ewsschema.Version // the request's version needed to read it
	base  baseShape         // the smallest shape with it
	find  finding
	set   writes
	write func(*itemWriter)
}

// writes are the rules of the operations that write.
type writes struct{ create, update, erase rule }

var (
	always   = writes{keeps, keeps, keeps}
	lasting  = writes{keeps, keeps, readOnly} // can be changed but not deleted
	onDrafts = writes{keeps, drafts, drafts}
	once     = writes{keeps, readOnly, readOnly}
	unsent   = writes{keeps, draftOnly, readOnly}
	never    = writes{readOnly, readOnly, readOnly}
	unkept   = writes{lacks, lacks, lacks}
)

// kinds is a set of kinds of items.
type kinds uint8

const (
	mail      kinds = 1 << iota // Message and the kinds of meetings
	post                        // PostItem
	event                       // CalendarItem
	person                      // Contact
	listing                     // DistributionList
	other                       // all else
	addressee = person | listing
	anyone    = mail | post | event | addressee | other
)

func kindsOf(kind string) kinds {
	switch {
	case messageKinds[kind]:
		return mail
	case kind == "PostItem":
		return post
	case kind == "CalendarItem":
		return event
	case kind == "Contact":
		return person
	case kind == "DistributionList":
		return listing
	}
	return other
}

// rule is what happens to an element that a client sends.
type rule int

const (
	lacks     rule = iota // ErrorInvalidOperation: real servers keep it, ewstest cannot
	keeps                 // the item gets the value
	drafts                // the same, but ErrorInvalidPropertyUpdateSentMessage if it is not a draft
	draftOnly             // as readOnly, but drafts get the value
	readOnly              // ErrorInvalidPropertySet, or ErrorInvalidPropertyDelete
	storeID               // when created: read-only on Exchange 2010, ignored by later versions
)

// finding is how FindItem treats a property.
type finding int

const (
	found   finding = iota // returned
	unfound                // left out of the answer
	barred                 // ErrorInvalidPropertyForOperation
)

// itemElements are the properties of items, in the order of the schema. A property that
// is not listed here cannot be written: ErrorInvalidOperation. Sources: [MS-OXWSCORE] and
// [MS-OXWSMSG], and
// https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/email-properties-and-elements-in-ews-in-exchange.
var itemElements = []element{
	{uri: "item:MimeContent", of: anyone, find: barred, set: unsent},
	{uri: "item:ItemId", of: anyone, base: inDefault, set: never},
	{uri: "item:ParentFolderId", of: anyone, base: inAll, set: never},
	{uri: "item:ItemClass", of: anyone, base: inAll, set: lasting},
	{uri: "item:Subject", of: anyone, base: inDefault, set: always},
	{uri: "item:Sensitivity", of: anyone, base: inDefault, set: lasting},
	{uri: "item:Body", of: anyone, base: inDefault, find: unfound, set: always},
	{uri: "item:Attachments", of: anyone, base: inDefault, find: unfound, set: once},
	{uri: "item:DateTimeReceived", of: anyone, base: inAll, set: never},
	{uri: "item:Size", of: anyone, base: inDefault, set: never},
	{uri: "item:Categories", of: anyone, base: inAll, set: always},
	{uri: "item:Importance", of: anyone, base: inAll, set: lasting},
	{uri: "item:InReplyTo", of: anyone, base: inAll, set: always},
	{uri: "item:IsSubmitted", of: anyone, base: inAll, set: never},
	{uri: "item:IsDraft", of: anyone, base: inAll, set: never},
	{uri: "item:IsFromMe", of: anyone, base: inAll, set: never},
	{uri: "item:IsResend", of: anyone, base: inAll, set: never},
	{uri: "item:IsUnmodified", of: anyone, base: inAll, set: never},
	{uri: "item:InternetMessageHeaders", of: anyone, base: inAll, find: unfound, set: never},
	{uri: "item:DateTimeSent", of: anyone, base: inDefault, set: never},
	{uri: "item:DateTimeCreated", of: anyone, base: inDefault, set: never},
	{uri: "item:ResponseObjects", of: anyone, base: inDefault, find: unfound, set: never},
	{uri: "item:ReminderDueBy", of: anyone, base: inAll, set: always},
	{uri: "item:ReminderIsSet", of: anyone, base: inAll, set: always},
	{uri: "item:ReminderNextTime", of: anyone, since: ewsschema.Exchange2013, base: inAll, set: always},
	{uri: "item:ReminderMinutesBeforeStart", of: anyone, base: inAll, set: always},
	{uri: "item:DisplayCc", of: anyone, base: inAll, set: never},
	{uri: "item:DisplayTo", of: anyone, base: inAll, set: never},
	{uri: "item:DisplayBcc", of: anyone, since: ewsschema.Exchange2016, base: inAll, set: never},
	{uri: "item:HasAttachments", of: anyone, base: inDefault, set: never},
	{uri: extendedProperties, of: anyone, set: always},
	{uri: "item:Culture", of: anyone, base: inAll, set: always},
	{uri: "item:EffectiveRights", of: anyone, base: inAll, set: never},
	{uri: "item:LastModifiedName", of: anyone, since: ewsschema.Exchange2007SP1, base: inAll, set: never},
	{uri: "item:LastModifiedTime", of: anyone, since: ewsschema.Exchange2007SP1, base: inAll, set: never},
	{uri: "item:IsAssociated", of: anyone, since: ewsschema.Exchange2010, base: inAll, set: once},
	{uri: "item:WebClientReadFormQueryString", of: anyone, base: inAll, set: never},
	{uri: "item:WebClientEditFormQueryString", of: anyone, base: inAll, set: never},
	{uri: "item:ConversationId", of: anyone, since: ewsschema.Exchange2010, base: inAll, set: never},
	{uri: "item:UniqueBody", of: anyone, since: ewsschema.Exchange2010, find: barred, set: never},
	{uri: "item:Flag", of: anyone, since: ewsschema.Exchange2013, base: inAll, set: always},
	{uri: "item:StoreEntryId", of: anyone, since: ewsschema.Exchange2010SP2, set: writes{storeID, readOnly, readOnly}},
	{uri: "item:InstanceKey", of: anyone, since: ewsschema.Exchange2013, base: inAll, set: never},
	{uri: "item:NormalizedBody", of: anyone, since: ewsschema.Exchange2013, find: barred, set: never},
	{uri: "item:EntityExtractionResult", of: anyone, set: never},
	{uri: "item:PolicyTag", of: anyone, set: unkept},
	{uri: "item:ArchiveTag", of: anyone, set: unkept},
	{uri: "item:RetentionDate", of: anyone, since: ewsschema.Exchange2013, base: inAll, set: always},
	{uri: "item:Preview", of: anyone, since: ewsschema.Exchange2013, set: never},
	{uri: "item:RightsManagementLicenseData", of: anyone, set: never},
	{uri: "item:PredictedActionReasons", of: anyone, set: never},
	{uri: "item:IsClutter", of: anyone, set: never},
	{uri: "item:BlockStatus", of: anyone, since: ewsschema.Exchange2013, set: never},
	{uri: "item:HasBlockedImages", of: anyone, since: ewsschema.Exchange2013, set: never},
	{uri: "item:TextBody", of: anyone, since: ewsschema.Exchange2013, find: barred, set: never},
	{uri: "item:IconIndex", of: anyone, since: ewsschema.Exchange2013, set: never},
	{uri: "item:MimeContentUTF8", of: anyone, since: ewsschema.Exchange2016, find: barred, set: never},

	{uri: "message:Sender", of: mail, base: inAll, set: onDrafts},
	{uri: "message:ToRecipients", of: mail, base: inDefault, find: unfound, set: onDrafts},
	{uri: "message:CcRecipients", of: mail, base: inDefault, find: unfound, set: onDrafts},
	{uri: "message:BccRecipients", of: mail, base: inDefault, find: unfound, set: onDrafts},
	{uri: "message:IsReadReceiptRequested", of: mail, base: inAll, set: onDrafts},
	{uri: "message:IsDeliveryReceiptRequested", of: mail, base: inAll, set: onDrafts},
	{uri: "message:ConversationIndex", of: mail | post, base: inAll, set: never},
	{uri: "message:ConversationTopic", of: mail | post, base: inAll, set: never},
	{uri: "message:From", of: mail | post, base: inDefault, set: onDrafts},
	{uri: "message:InternetMessageId", of: mail | post, base: inAll, set: never},
	{uri: "message:IsRead", of: mail | post, base: inDefault, set: lasting},
	{uri: "message:IsResponseRequested", of: mail, base: inAll, set: always},
	{uri: "postitem:PostedTime", of: post, base: inDefault, set: never},
	{uri: "message:References", of: mail | post, base: inAll, set: always},
	{uri: "message:Sender", of: post, base: inAll, set: onDrafts},
	{uri: "message:ReplyTo", of: mail, base: inAll, find: unfound, set: onDrafts},
	{uri: "message:ReceivedBy", of: mail, base: inAll, set: never},
	{uri: "message:ReceivedRepresenting", of: mail, base: inAll, set: never},
	{uri: "message:ApprovalRequestData", of: mail, set: never},
	{uri: "message:VotingInformation", of: mail, set: never},
	{uri: "message:ReminderMessageData", of: mail, set: never},
	{uri: "calendar:Start", of: event, base: inDefault, set: lasting},
	{uri: "calendar:End", of: event, base: inDefault, set: lasting},
	{uri: "contacts:FileAs", of: person, base: inDefault, set: always},
	{uri: "contacts:DisplayName", of: addressee, base: inDefault, set: always},
	{uri: "contacts:GivenName", of: person, base: inAll, set: always},
	{uri: "contacts:Initials", of: person, base: inAll, set: always},
	{uri: "contacts:MiddleName", of: person, base: inAll, set: always},
	{uri: "contacts:Nickname", of: person, base: inAll, set: always},
	{uri: "contacts:CompanyName", of: person, base: inDefault, set: always},
	{uri: emailAddresses, of: person, base: inDefault, set: always},
	{uri: "contacts:AssistantName", of: person, base: inAll, set: always},
	{uri: "contacts:BusinessHomePage", of: person, base: inAll, set: always},
	{uri: "contacts:Department", of: person, base: inAll, set: always},
	{uri: "contacts:Generation", of: person, base: inAll, set: always},
	{uri: "contacts:JobTitle", of: person, base: inDefault, set: always},
	{uri: "contacts:Manager", of: person, base: inAll, set: always},
	{uri: "contacts:OfficeLocation", of: person, base: inAll, set: always},
	{uri: "contacts:Profession", of: person, base: inAll, set: always},
	{uri: "contacts:SpouseName", of: person, base: inAll, set: always},
	{uri: "contacts:Surname", of: person, base: inAll, set: always},
}

// extendedProperties marks the place of the extended properties.
const extendedProperties = "item:ExtendedProperty"

// itemIndex finds elements by URI, and itemNamed by element name.
var itemIndex, itemNamed = make(map[string][]int), make(map[string][]int)

func init() {
	for i := range itemElements {
		e := &itemElements[i]
		e.write = itemWriters[e.uri]
		if f, ok := contactTexts[nameOf(e.uri)]; ok && prefix(e.uri) == "contacts" {
			e.write = func(w *itemWriter) { w.text("t:"+nameOf(e.uri), f) }
		}
		itemIndex[e.uri] = append(itemIndex[e.uri], i)
		_, name, _ := strings.Cut(e.uri, ":")
		itemNamed[name] = append(itemNamed[name], i)
	}
}

// elementOf returns the element at one of these places that items of a kind have, or nil
// if they have no such element.
func elementOf(places []int, kind string) *element {
	for _, i := range places {
		if itemElements[i].of&kindsOf(kind) != 0 {
			return &itemElements[i]
		}
	}
	return nil
}

// refusal returns a server's refusal to write an element under a rule, or nil if it
// writes it.
func (r rule) refusal(v Version, name string, draft bool) *refusal {
	switch {
	case r == lacks:
		return refuseText("ErrorInvalidOperation", "ewstest does not have "+name+".")
	case r == readOnly, r == draftOnly && !draft, r == storeID && v < Exchange2013:
		return refuseText("ErrorInvalidPropertySet", "Set action is invalid for property "+name+".")
	case r == drafts && !draft:
		return refuse("ErrorInvalidPropertyUpdateSentMessage")
	}
	return nil
}
