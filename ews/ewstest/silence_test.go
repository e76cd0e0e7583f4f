package ewstest_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// The tests in this file send what the schema contains, element by element, so that
// nothing new in it can be answered with NoError and forgotten.

// itemKinds are the elements of items, each with its type and a class.
var itemKinds = []struct {
	element, typ, class string
	since               ewsschema.Version
}{
	{"Message", "MessageType", "IPM.Note", 0},
	{"Item", "ItemType", "IPM.StickyNote", 0},
	{"PostItem", "PostItemType", "IPM.Post", 0},
	{"CalendarItem", "CalendarItemType", "IPM.Appointment", 0},
	{"Contact", "ContactItemType", "IPM.Contact", 0},
	{"DistributionList", "DistributionListType", "IPM.DistList", 0},
	{"Task", "TaskType", "IPM.Task", 0},
	{"MeetingMessage", "MeetingMessageType", "IPM.Schedule.Meeting", 0},
	{"MeetingRequest", "MeetingRequestMessageType", "IPM.Schedule.Meeting.Request", 0},
	{"MeetingResponse", "MeetingResponseMessageType", "IPM.Schedule.Meeting.Resp.Pos", 0},
	{"MeetingCancellation", "MeetingCancellationMessageType", "IPM.Schedule.Meeting.Canceled", 0},
	{"RoleMember", "RoleMemberItemType", "", ewsschema.Exchange2016},
	{"Network", "NetworkItemType", "", ewsschema.Exchange2016},
	{"Person", "AbchPersonItemType", "", ewsschema.Exchange2016},
}

// newest are the oldest and the newest server, each with the newest schema that it speaks.
var newest = []struct {
	server ewstest.Version
	schema ewsschema.Version
}{
	{ewstest.Exchange2010SP3, ewsschema.Exchange2010SP2},
	{ewstest.ExchangeOnline, ewsschema.V20180108},
}

// loud calls f for each server. The answers are not captured: there are too many, and
// they contain an element that the published schemas forgot.
func loud(t *testing.T, f func(t *testing.T, c *caller, v ewsschema.Version)) {
	t.Setenv("EWSTEST_CAPTURE", "")
	for _, n := range newest {
		t.Run(n.server.String(), func(t *testing.T) {
			f(t, newCaller(t, ewstest.Options{Version: n.server}).in(n.schema.String()), n.schema)
		})
	}
}

// answers splits the answer to a batch into its response messages.
func answers(t *testing.T, answer string, want int) []string {
	t.Helper()
	all := strings.SplitAfter(answer, "ResponseMessage>")
	require.Len(t, all, want+1, answer[:min(len(answer), 2000)])
	return all[:want]
}

func succeeded(answer string) bool {
	return strings.Contains(answer, "<m:ResponseCode>NoError</m:ResponseCode>")
}

// elementIn returns the part of an answer from the first element with a name to the last.
func elementIn(answer, name string) string {
	begin := -1
	for _, after := range []string{">", " ", "/>"} {
		if i := strings.Index(answer, "<t:"+name+after); i >= 0 && (begin < 0 || i < begin) {
			begin = i
		}
	}
	if begin < 0 {
		return ""
	}
	closing := "</t:" + name + ">"
	if end := strings.LastIndex(answer, closing); end > begin {
		return answer[begin : end+len(closing)]
	}
	return answer[begin : begin+strings.Index(answer[begin:], "/>")+2]
}

// leaf matches the texts of elements that contain only a text.
var leaf = regexp.MustCompile(`>([^<]+)<`)

// missing returns those texts of a sent element that the element in the answer lacks.
func missing(answer, name, sent string) []string {
	var all []string
	got := elementIn(answer, name)
	for _, m := range leaf.FindAllStringSubmatch(sent, -1) {
		if !strings.Contains(got, ">"+m[1]+"<") {
			all = append(all, m[1])
		}
	}
	return all
}

// urisOf returns the URIs of the properties in a version that have one of the prefixes.
func urisOf(v ewsschema.Version, prefixes ...string) []string {
	return slices.DeleteFunc(ewsschema.Values("UnindexedFieldURIType", v), func(uri string) bool {
		prefix, _, _ := strings.Cut(uri, ":")
		return !slices.Contains(prefixes, prefix)
	})
}

var ofItems = []string{"item", "message", "meeting", "meetingRequest", "calendar", "task", "contacts", "distributionlist", "postitem"}

func nameOf(uri string) string {
	_, name, _ := strings.Cut(uri, ":")
	return name
}

// sent is an element that a server accepted.
type sent struct{ id, kind, name, xml string }

// lookAt reads items back, and fails for those that lack what was sent.
func lookAt(t *testing.T, c *caller, v ewsschema.Version, all []sent) {
	t.Helper()
	named, uris := make(map[string][]sent), urisOf(v, "item", "message")
	for _, s := range all {
		named[s.name] = append(named[s.name], s)
	}
	for name, group := range named {
		shape := full
		for _, uri := range uris {
			if nameOf(uri) == name {
				shape = strings.Replace(shapeOf("", uri), idOnly, full, 1)
			}
		}
		var ids []string
		for _, s := range group {
			ids = append(ids, s.id)
		}
		for i, got := range answers(t, c.do(getItemXML(shape, ids...)), len(ids)) {
			if lost := missing(got, name, group[i].xml); len(lost) > 0 {
				t.Errorf("%s took %s and lost %v: %s", group[i].kind, group[i].xml, lost, elementIn(got, name))
			}
		}
	}
}

func TestNothingCreatedIsDropped(t *testing.T) {
	loud(t, func(t *testing.T, c *caller, v ewsschema.Version) {
		var took []sent
		for _, kind := range itemKinds {
			if kind.since > v {
				continue
			}
			samples := ewsschema.Samples(kind.typ, v)
			if kind.element == "Message" {
				samples = append(samples, ewsschema.InnerSamples(kind.typ, v)...)
			}
			var items strings.Builder
			for _, s := range samples {
				items.WriteString("<t:" + kind.element + ">" + s.XML + "</t:" + kind.element + ">")
			}
			made := c.do(createXML(saveOnly+` SendMeetingInvitations="SendToNone"`, folderOf("drafts", alice), items.String()))
			for i, a := range answers(t, made, len(samples)) {
				// On 2013 and later, StoreEntryId is ignored. Only GetAttachment shows the
				// content of files.
				if succeeded(a) && samples[i].Name != "StoreEntryId" && !strings.Contains(samples[i].XML, "<t:Content>") {
					took = append(took, sent{`<t:ItemId Id="` + attrs(a, "ItemId", "Id")[0] + `"/>`, kind.element, samples[i].Name, samples[i].XML})
				}
			}
		}
		assert.Greater(t, len(took), 50)
		lookAt(t, c, v, took)
	})
}

// copies returns the ids of n copies of an item.
func copies(t *testing.T, c *caller, m *ewstest.Message, n int) []string {
	t.Helper()
	made := c.do(`<m:CopyItem><m:ToFolderId>` + folderOf("inbox", alice) + `</m:ToFolderId><m:ItemIds>` + strings.Repeat(itemID(m), n) + `</m:ItemIds></m:CopyItem>`)
	ids := attrs(made, "ItemId", "Id")
	require.Len(t, ids, n)
	for i := range ids {
		ids[i] = `<t:ItemId Id="` + ids[i] + `"/>`
	}
	return ids
}

func TestNothingUpdatedIsDropped(t *testing.T) {
	loud(t, func(t *testing.T, c *caller, v ewsschema.Version) {
		uris := urisOf(v, ofItems...)
		for _, verb := range []string{"SetItemField", "AppendToItemField"} {
			var took []sent
			for _, kind := range itemKinds {
				if kind.class == "" {
					continue
				}
				var all []sent
				var changes []string
				for _, s := range ewsschema.Samples(kind.typ, v) {
					for _, uri := range uris {
						if nameOf(uri) == s.Name {
							all = append(all, sent{"", kind.element, s.Name, s.XML})
							changes = append(changes, `<t:`+verb+`><t:FieldURI FieldURI="`+uri+`"/><t:`+kind.element+`>`+s.XML+`</t:`+kind.element+`></t:`+verb+`>`)
						}
					}
				}
				draft := []ews.ExtendedProperty{{Field: ews.PidTagMessageFlags, Value: "8"}}
				ids := copies(t, c, c.srv.Mailbox(alice).DeliverWith([]byte(plain), ewstest.Delivery{Class: kind.class, Extended: draft}), len(all))
				for i, a := range answers(t, c.do(updateEachXML(ids, changes)), len(all)) {
					if succeeded(a) {
						all[i].id = ids[i]
						took = append(took, all[i])
					}
				}
			}
			assert.Greater(t, len(took), 18, verb)
			lookAt(t, c, v, took)
		}
	})
}

// updateEachXML makes one change to each item.
func updateEachXML(ids, changes []string) string {
	var all strings.Builder
	for i, change := range changes {
		all.WriteString(`<t:ItemChange>` + ids[i] + `<t:Updates>` + change + `</t:Updates></t:ItemChange>`)
	}
	return `<m:UpdateItem ConflictResolution="AlwaysOverwrite" MessageDisposition="SaveOnly" SendMeetingInvitationsOrCancellations="SendToNone"><m:ItemChanges>` + all.String() + `</m:ItemChanges></m:UpdateItem>`
}

// rich has a value for every property that mail can have.
const rich = "From: Eve <eve@evil.example>\r\nSender: Desk <desk@evil.example>\r\nTo: Alice <alice@example.test>\r\nCc: Bob <bob@example.test>\r\n" +
	"Bcc: carol@example.test\r\nReply-To: d@evil.example\r\nIn-Reply-To: <0@evil.example>\r\nReferences: <0@evil.example>\r\nThread-Index: AQID\r\n" +
	"Subject: Invoice\r\nMessage-ID: <1@evil.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nPay at once.\r\n--b\r\n" +
	"Content-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n--b--\r\n"

// personal returns a value for each property that a contact can have.
func personal() []ews.ExtendedProperty {
	var all []ews.ExtendedProperty
	for _, tag := range []uint16{0x3A05, 0x3A06, 0x3A0A, 0x3A11, 0x3A16, 0x3A17, 0x3A18, 0x3A19, 0x3A30, 0x3A44, 0x3A46, 0x3A48, 0x3A4E, 0x3A4F, 0x3A51} {
		all = append(all, ews.ExtendedProperty{Field: ews.ExtendedField{Tag: tag, Type: ews.TypeString}, Value: "x"})
	}
	for _, id := range []uint32{0x8005, 0x8080, 0x8082, 0x8083} {
		all = append(all, ews.ExtendedProperty{Field: ews.ExtendedField{Set: ews.SetAddress, ID: id, Type: ews.TypeString}, Value: "x"})
	}
	return all
}

// unset are properties that can be deleted, but for which a rich message has no value, or
// only the value of an item for which nobody has set one.
var unset = []string{"message:IsResponseRequested", "item:Flag", "item:ReminderIsSet", "item:ReminderDueBy", "item:ReminderMinutesBeforeStart", "item:ReminderNextTime", "item:RetentionDate", "item:Culture", "contacts:DisplayName"}

func TestNothingDeletedStays(t *testing.T) {
	loud(t, func(t *testing.T, c *caller, v ewsschema.Version) {
		deleted := 0
		uris := urisOf(v, ofItems...)
		for _, kind := range itemKinds {
			if kind.class == "" {
				continue
			}
			m := c.srv.Mailbox(alice).DeliverWith([]byte(rich), ewstest.Delivery{Class: kind.class, Categories: []string{"Red"}, Extended: personal()})
			var changes []string
			for _, uri := range uris {
				changes = append(changes, `<t:DeleteItemField><t:FieldURI FieldURI="`+uri+`"/></t:DeleteItemField>`)
			}
			ids := copies(t, c, m, len(uris))
			for i, a := range answers(t, c.do(updateEachXML(ids, changes)), len(uris)) {
				if !succeeded(a) || slices.Contains(unset, uris[i]) {
					continue
				}
				deleted++
				shape := shapeOf("", uris[i])
				before, after := elementIn(c.do(getItemXML(shape, itemID(m))), nameOf(uris[i])), elementIn(c.do(getItemXML(shape, ids[i])), nameOf(uris[i]))
				assert.NotEmpty(t, before, "%s %s", kind.element, uris[i])
				assert.NotEqual(t, before, after, "%s %s", kind.element, uris[i])
			}
		}
		assert.Greater(t, deleted, 20)
	})
}

// absent are properties for which no item of these tests has a value: it has no reminder,
// retention policy or rights management, is neither a vote nor a request for approval,
// and no server has found out anything about it. Real servers omit them as well.
var absent = []string{
	"item:ReminderDueBy", "item:ReminderMinutesBeforeStart", "item:ReminderNextTime", "item:PolicyTag", "item:ArchiveTag", "item:RetentionDate",
	"item:RightsManagementLicenseData", "item:EntityExtractionResult", "item:PredictedActionReasons", "item:IsClutter",
	"item:WebClientEditFormQueryString",                      // drafts only
	"calendar:Start", "calendar:End", "contacts:DisplayName", // only what a client created
	"message:ApprovalRequestData", "message:VotingInformation", "message:ReminderMessageData",
}

// owners are the kinds whose items have the properties of a prefix.
var owners = map[string][]string{
	"item":    nil, // all
	"message": {"Message", "MeetingMessage", "MeetingRequest", "MeetingResponse", "MeetingCancellation"},
	"meeting": {"MeetingMessage", "MeetingRequest", "MeetingResponse", "MeetingCancellation"}, "meetingRequest": {"MeetingRequest"},
	"calendar": {"CalendarItem"}, "task": {"Task"}, "contacts": {"Contact"}, "distributionlist": {"DistributionList"}, "postitem": {"PostItem"},
}

func TestNothingAskedForIsLeftOut(t *testing.T) {
	loud(t, func(t *testing.T, c *caller, v ewsschema.Version) {
		var kinds, ids []string
		for _, kind := range itemKinds {
			if kind.class != "" {
				kinds = append(kinds, kind.element)
				ids = append(ids, itemID(c.srv.Mailbox(alice).DeliverWith([]byte(rich), ewstest.Delivery{Class: kind.class, Categories: []string{"Red"}, Extended: personal()})))
			}
		}
		returned := 0
		for _, uri := range ewsschema.Values("UnindexedFieldURIType", v) {
			prefix, name, _ := strings.Cut(uri, ":")
			of, known := owners[prefix]
			found := c.do(findShapeXML(shapeOf("", uri)))
			for i, got := range answers(t, c.do(getItemXML(shapeOf("", uri), ids...)), len(ids)) {
				switch {
				case !succeeded(got):
				case !known:
					t.Errorf("GetItem takes %s", uri)
				case of != nil && !slices.Contains(of, kinds[i]), slices.Contains(absent, uri):
				case elementIn(got, name) == "":
					t.Errorf("GetItem leaves out %s of a %s", uri, kinds[i])
				default:
					returned++
				}
			}
			switch {
			case !succeeded(found), slices.Contains(absent, uri), slices.Contains(notFound, uri):
			case !known:
				t.Errorf("FindItem takes %s", uri)
			case elementIn(found, name) == "":
				t.Errorf("FindItem leaves out %s", uri)
			}
		}
		assert.Greater(t, returned, 200)
	})
}

// notFound are properties that FindItem omits, as real servers do.
var notFound = []string{
	"item:Body", "item:Attachments", "item:InternetMessageHeaders", "item:ResponseObjects",
	"message:ToRecipients", "message:CcRecipients", "message:BccRecipients", "message:ReplyTo",
}
