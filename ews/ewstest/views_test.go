package ewstest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// pageOf describes an answer to FindItem or FindFolder: its content and the attributes of
// its page.
func pageOf(t *testing.T, answer, name string) string {
	t.Helper()
	require.Equal(t, []string{"NoError"}, codes(answer))
	var s strings.Builder
	s.WriteString(strings.Join(texts(answer, name), ""))
	for _, attr := range []string{"IndexedPagingOffset", "NumeratorOffset", "AbsoluteDenominator", "TotalItemsInView", "IncludesLastItemInRange"} {
		for _, v := range attrs(answer, "RootFolder", attr) {
			s.WriteString(" " + attr[:1] + "=" + v)
		}
	}
	return s.String()
}

func TestPages(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		box := c.srv.Mailbox(alice)
		parent := box.AddFolder(nil, "Parent")
		for i := range 9 {
			box.Deliver(fmt.Appendf(nil, "Subject: %d\r\n\r\n", i))
			box.AddFolder(parent, fmt.Sprint(i))
		}
		items := func(view string) string { return c.do(findXML(folderOf("inbox", alice), "<m:"+view+"/>")) }
		folders := func(view string) string {
			return c.do(findFolderXML("Shallow", folderIDXML(parent), "<m:"+strings.NewReplacer("ItemView", "FolderView").Replace(view)+"/>"))
		}
		for view, want := range map[string]string{
			`IndexedPageItemView MaxEntriesReturned="4" Offset="0" BasePoint="Beginning"`:                   "0123 I=4 T=9 I=false",
			`IndexedPageItemView MaxEntriesReturned="4" Offset="5" BasePoint="Beginning"`:                   "5678 I=9 T=9 I=true",
			`IndexedPageItemView Offset="7" BasePoint="Beginning"`:                                          "78 I=9 T=9 I=true",
			`IndexedPageItemView MaxEntriesReturned="4" Offset="9" BasePoint="Beginning"`:                   " I=9 T=9 I=true",
			`IndexedPageItemView MaxEntriesReturned="2147483647" Offset="2147483647" BasePoint="Beginning"`: " I=9 T=9 I=true",
			`IndexedPageItemView MaxEntriesReturned="4" Offset="0" BasePoint="End"`:                         "5678 I=4 T=9 I=false",
			`IndexedPageItemView MaxEntriesReturned="4" Offset="8" BasePoint="End"`:                         "0 I=9 T=9 I=true",
			`FractionalPageItemView MaxEntriesReturned="12" Numerator="2" Denominator="3"`:                  "678 N=9 A=9 T=9 I=true",
			`FractionalPageItemView MaxEntriesReturned="2" Numerator="0" Denominator="3"`:                   "01 N=2 A=9 T=9 I=false",
			`FractionalPageItemView MaxEntriesReturned="2" Numerator="2" Denominator="9"`:                   "23 N=4 A=9 T=9 I=false",
			`FractionalPageItemView Numerator="1" Denominator="1"`:                                          " N=9 A=9 T=9 I=true",
			`FractionalPageItemView Numerator="2147483646" Denominator="2147483647"`:                        "8 N=9 A=9 T=9 I=true",
			`IndexedPageItemView MaxEntriesReturned="0" Offset="0" BasePoint="Beginning"`:                   "ErrorInvalidPagingMaxRows",
			`IndexedPageItemView MaxEntriesReturned="-1" Offset="0" BasePoint="Beginning"`:                  "ErrorInvalidPagingMaxRows",
			`IndexedPageItemView MaxEntriesReturned="4" Offset="-1" BasePoint="Beginning"`:                  "ErrorInvalidIndexedPagingParameters",
			`FractionalPageItemView MaxEntriesReturned="0" Numerator="0" Denominator="3"`:                   "ErrorInvalidPagingMaxRows",
			`FractionalPageItemView Numerator="-1" Denominator="3"`:                                         "ErrorInvalidFractionalPagingParameters",
			`FractionalPageItemView Numerator="0" Denominator="0"`:                                          "ErrorInvalidFractionalPagingParameters",
			`FractionalPageItemView Numerator="0" Denominator="-1"`:                                         "ErrorInvalidFractionalPagingParameters",
			`FractionalPageItemView Numerator="4" Denominator="3"`:                                          "ErrorInvalidFractionalPagingParameters",
			`IndexedPageItemView MaxEntriesReturned="4" Offset="2147483648" BasePoint="Beginning"`:          "ErrorSchemaValidation",
		} {
			if strings.HasPrefix(want, "Error") {
				assert.Equal(t, []string{want}, codes(items(view)), view)
				assert.Equal(t, []string{want}, codes(folders(view)), view)
				continue
			}
			assert.Equal(t, want, pageOf(t, items(view), "Subject"), view)
			assert.Equal(t, want, pageOf(t, folders(view), "DisplayName"), view)
		}
		assert.Equal(t, "012345678 T=9 I=true", pageOf(t, c.do(findXML(folderOf("inbox", alice), "")), "Subject"))
	}
}

func TestCalendarView(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	calendar := box.Folder(ews.FolderCalendar)
	add := func(subject, class, start, end string) {
		var extended []ews.ExtendedProperty
		for id, at := range map[uint32]string{0x820D: start, 0x820E: end} {
			if at != "" {
				extended = append(extended, ews.ExtendedProperty{Field: ews.ExtendedField{Set: ews.SetAppointment, ID: id, Type: ews.TypeSystemTime}, Value: at})
			}
		}
		box.DeliverWith([]byte("Subject: "+subject+"\r\n\r\n"), ewstest.Delivery{Folder: calendar, Class: class, Extended: extended})
	}
	add("C", "IPM.Appointment", "2026-05-18T20:00:00Z", "2026-05-18T21:00:00Z")
	add("B", "IPM.Appointment", "2026-05-18T09:00:00Z", "2026-05-18T10:00:00Z")
	add("A", "IPM.Appointment", "2026-05-17T23:00:00Z", "2026-05-18T00:00:00Z")
	add("D", "IPM.Appointment", "2026-05-19T00:00:00Z", "2026-05-19T01:00:00Z")
	add("E", "IPM.Appointment", "2026-05-17T20:00:00Z", "2026-05-17T23:59:59Z")
	add("F", "IPM.Appointment", "2026-05-18T12:00:00Z", "")
	add("G", "IPM.Appointment", "", "")
	add("H", "IPM.Note", "2026-05-18T12:00:00Z", "2026-05-18T13:00:00Z")
	ask := func(folder, view, rest string) string {
		return c.do(findXML(folderOf(folder, alice), `<m:CalendarView `+view+`/>`+rest))
	}
	const day = `StartDate="2026-05-18T00:00:00Z" EndDate="2026-05-19T00:00:00Z"`
	assert.Equal(t, "ABFC T=4 I=true", pageOf(t, ask("calendar", day, ""), "Subject"))
	assert.Equal(t, "AB T=4 I=false", pageOf(t, ask("calendar", `MaxEntriesReturned="2" `+day, ""), "Subject"))
	assert.Equal(t, "ABFC T=4 I=true", pageOf(t, ask("calendar", `StartDate="2026-05-17T16:00:00-08:00" EndDate="2026-05-18T16:00:00-08:00"`, ""), "Subject"))
	assert.Equal(t, "F T=1 I=true", pageOf(t, ask("calendar", `StartDate="2026-05-18T12:00:00Z" EndDate="2026-05-18T12:00:01Z"`, ""), "Subject"))
	for name, tt := range map[string]struct{ folder, view, rest, code string }{
		"inbox":       {"inbox", day, "", "ErrorCalendarFolderIsInvalidForCalendarView"},
		"backwards":   {"calendar", `StartDate="2026-05-19T00:00:00Z" EndDate="2026-05-18T00:00:00Z"`, "", "ErrorCalendarEndDateIsEarlierThanStartDate"},
		"three years": {"calendar", `StartDate="2024-05-18T00:00:00Z" EndDate="2027-05-18T00:00:00Z"`, "", "ErrorCalendarViewRangeTooBig"},
		"none":        {"calendar", `MaxEntriesReturned="0" ` + day, "", "ErrorInvalidPagingMaxRows"},
		"restriction": {"calendar", day, `<m:Restriction><t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists></m:Restriction>`, "ErrorInvalidOperation"},
		"order":       {"calendar", day, `<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:Subject"/></t:FieldOrder></m:SortOrder>`, "ErrorInvalidOperation"},
		"groups":      {"calendar", day, `<m:DistinguishedGroupBy Order="Ascending"><t:StandardGroupBy>ConversationTopic</t:StandardGroupBy></m:DistinguishedGroupBy>`, "ErrorInvalidOperation"},
	} {
		assert.Equal(t, []string{tt.code}, codes(ask(tt.folder, tt.view, tt.rest)), name)
	}
}

func TestContactsView(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	for subject, class := range map[string]string{"Kelly Rollin": "IPM.Contact", "Name1": "IPM.Contact", "NAME": "IPM.Contact", "Ann": "IPM.DistList", "Zoe": "IPM.Contact", "Lou": "IPM.Note"} {
		box.DeliverWith([]byte("Subject: "+subject+"\r\n\r\n"), ewstest.Delivery{Folder: box.Folder(ews.FolderContacts), Class: class})
	}
	box.DeliverWith([]byte("Subject: z\r\n\r\n"), ewstest.Delivery{Folder: box.Folder(ews.FolderContacts), Class: "IPM.Contact", Extended: []ews.ExtendedProperty{{Field: ews.ExtendedField{Tag: 0x3001, Type: ews.TypeString}, Value: "Bea"}}})
	for view, want := range map[string]string{
		"":                           "Ann z Kelly Rollin NAME Name1 Zoe T=6 I=true",
		`InitialName="Kelly Rollin"`: "Kelly Rollin NAME Name1 Zoe T=4 I=true",
		`MaxEntriesReturned="3" InitialName="Kelly"`: "Kelly Rollin NAME Name1 T=4 I=false",
		`FinalName="Name"`:                           "Ann z Kelly Rollin T=3 I=true",
		`FinalName="Name1"`:                          "Ann z Kelly Rollin NAME Name1 T=5 I=true",
		`InitialName="B" FinalName="C"`:              "z T=1 I=true",
		`InitialName="C" FinalName="B"`:              "T=0 I=true",
	} {
		answer := c.do(findXML(folderOf("contacts", alice), `<m:ContactsView `+view+`/>`))
		assert.Equal(t, want, strings.TrimSpace(strings.Join(texts(answer, "Subject"), " ")+pageOf(t, answer, "Nothing")), view)
	}
	order := `<m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI FieldURI="item:Subject"/></t:FieldOrder></m:SortOrder>`
	assert.Equal(t, []string{"Zoe", "Name1", "NAME"}, texts(c.do(findXML(folderOf("contacts", alice), `<m:ContactsView InitialName="L"/>`+order)), "Subject"))
	assert.Equal(t, []string{"ErrorInvalidPagingMaxRows"}, codes(c.do(findXML(folderOf("contacts", alice), `<m:ContactsView MaxEntriesReturned="-3"/>`))))
}

// groupsOf describes groups, each with its content.
func groupsOf(answer string) string {
	var all []string
	for _, g := range strings.Split(answer, "<t:GroupedItems>")[1:] {
		index := strings.Join(texts("<x>"+strings.Split(g, "<t:Items")[0]+"</x>", "GroupIndex"), "")
		all = append(all, index+":"+strings.Join(texts("<x xmlns:t='t' xmlns:m='m'><t:Items"+strings.Split(strings.SplitN(g, "<t:Items", 2)[1], "</t:GroupedItems>")[0]+"</x>", "Subject"), ""))
	}
	return strings.Join(all, " ")
}

func TestGroups(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		// The topics A and B interleaved, as in Microsoft's example.
		for i, topic := range []string{"A", "A", "B", "B", "B", "A"} {
			subject := topic
			if i > 0 {
				subject = "RE: " + topic
			}
			c.srv.Mailbox(alice).DeliverWith([]byte("From: "+string(rune('p'+i%2))+"@x.example\r\nSubject: "+subject+"\r\n\r\n"), ewstest.Delivery{
				Received: time.Date(2006, 9, 14, 23, 50+i, 0, 0, time.UTC), Importance: []string{"Low", "High"}[i%2], Categories: [][]string{{"red"}, {"Red", "blue"}, nil}[i%3],
			})
		}
		ask := func(view, groups, rest string) string {
			return c.do(findXML(folderOf("inbox", alice), view+groups+rest))
		}
		by := func(order, uri, aggregate, of string) string {
			return `<m:GroupBy Order="` + order + `"><t:FieldURI FieldURI="` + uri + `"/><t:AggregateOn Aggregate="` + aggregate + `"><t:FieldURI FieldURI="` + of + `"/></t:AggregateOn></m:GroupBy>`
		}
		received := "item:DateTimeReceived"
		page := func(rest string) string { return `<m:IndexedPageItemView BasePoint="Beginning" ` + rest + `/>` }
		answer := ask(page(`MaxEntriesReturned="20" Offset="0"`), by("Ascending", "message:ConversationTopic", "Maximum", received), "")
		assert.Equal(t, "I=8 T=8 I=true", strings.TrimSpace(pageOf(t, answer, "Nothing")), "six items and two groups")
		assert.Equal(t, "B:RE: BRE: BRE: B A:ARE: ARE: A", groupsOf(answer), version)
		standard := `<m:DistinguishedGroupBy Order="Ascending"><t:StandardGroupBy>ConversationTopic</t:StandardGroupBy></m:DistinguishedGroupBy>`
		assert.Equal(t, groupsOf(answer), groupsOf(ask("", standard, "")))
		assert.Equal(t, "A:ARE: ARE: A B:RE: BRE: BRE: B", groupsOf(ask("", strings.Replace(standard, "Ascending", "Descending", 1), "")))
		assert.Equal(t, "A:ARE: ARE: A B:RE: BRE: BRE: B", groupsOf(ask("", by("Ascending", "message:ConversationTopic", "Minimum", received), "")))
		assert.Equal(t, "B:RE: BRE: BRE: B A:ARE: ARE: A", groupsOf(ask("", by("Descending", "message:ConversationTopic", "Minimum", received), "")))
		assert.Equal(t, "Low:ARE: BRE: B High:RE: ARE: BRE: A", groupsOf(ask("", by("Ascending", "item:Importance", "Minimum", "item:Importance"), "")))
		assert.Equal(t, ":RE: BRE: A blue:RE: ARE: B red:ARE: ARE: BRE: B", groupsOf(ask("", by("Descending", "item:Categories", "Minimum", received), "")), "an item with two values is in two groups")
		newest := `<m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI FieldURI="item:Subject"/></t:FieldOrder></m:SortOrder>`
		assert.Equal(t, "A:RE: ARE: AA B:RE: BRE: BRE: B", groupsOf(ask("", by("Ascending", "message:ConversationTopic", "Minimum", received), newest)), "the order within a group")
		found := `<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI="item:Importance"/><t:FieldURIOrConstant><t:Constant Value="High"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>`
		assert.Equal(t, "A:RE: ARE: A B:RE: B", groupsOf(ask("", by("Ascending", "message:ConversationTopic", "Minimum", received), found)))
		assert.Equal(t, "2006-09-14T23:50:00Z:A", strings.Split(groupsOf(ask("", by("Ascending", received, "Minimum", received), "")), " ")[0])
		// Paging through groups of four rows each: the first page ends after three rows
		// of a group, and the second has the remaining one.
		topics := by("Ascending", "message:ConversationTopic", "Maximum", received)
		assert.Equal(t, "B:RE: BRE: B", groupsOf(ask(page(`MaxEntriesReturned="3" Offset="0"`), topics, "")))
		answer = ask(page(`MaxEntriesReturned="3" Offset="3"`), topics, "")
		assert.Equal(t, "B:RE: B A:A", groupsOf(answer))
		assert.Equal(t, "I=6 T=8 I=false", strings.TrimSpace(pageOf(t, answer, "Nothing")))
		assert.Equal(t, "A:RE: ARE: A", groupsOf(ask(`<m:FractionalPageItemView Numerator="3" Denominator="4"/>`, topics, "")))
		assert.Empty(t, groupsOf(ask(page(`Offset="8"`), topics, "")))
		assert.Equal(t, []string{"ErrorUnsupportedPathForSortGroup"}, codes(ask("", by("Ascending", "item:MimeContent", "Minimum", received), "")))
		assert.Equal(t, []string{"ErrorUnsupportedPathForSortGroup"}, codes(ask("", by("Ascending", received, "Minimum", "item:MimeContent"), "")))
		empty := c.do(findXML(folderOf("drafts", alice), topics))
		assert.Equal(t, "T=0 I=true", strings.TrimSpace(pageOf(t, empty, "Nothing")))
		assert.Contains(t, empty, "<t:Groups")
	}
}
