package ewstest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// lesser and greater differ in every field that searches know: the value in lesser is the
// smaller of the two, or is missing.
const (
	lesser = "From: Anna <anna@evil.example>\r\nTo: Adam <adam@example.test>\r\nCc: Abel <abel@example.test>\r\nSubject: Alpha\r\n" +
		"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <a@evil.example>\r\nIn-Reply-To: <a0@evil.example>\r\nReferences: <a0@evil.example>\r\n" +
		"Importance: low\r\nSensitivity: Personal\r\n\r\nHi\r\n"
	greater = "From: Berta <berta@evil.example>\r\nTo: Bert <bert@example.test>\r\nCc: Bill <bill@example.test>\r\nSubject: Beta\r\n" +
		"Date: Wed, 25 Nov 2026 10:00:00 +0000\r\nMessage-ID: <b@evil.example>\r\nIn-Reply-To: <b0@evil.example>\r\nReferences: <b0@evil.example>\r\n" +
		"Importance: high\r\nSensitivity: Private\r\nDisposition-Notification-To: <berta@evil.example>\r\nReturn-Receipt-To: <berta@evil.example>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHi\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n" +
		"Content-Disposition: attachment; filename=a.pdf\r\n\r\n%PDF\r\n--b--\r\n"
)

// searched are the fields with their values in lesser and greater; an empty value is not
// compared with.
var searched = map[string][2]string{
	"item:Subject":                       {"alpha", "beta"},
	"item:ItemClass":                     {"IPM.Note", "IPM.Note.Special"},
	"item:DateTimeReceived":              {"2026-11-24T11:00:00Z", "2026-11-25T11:00:00Z"},
	"item:DateTimeSent":                  {"2026-11-24T10:00:00Z", "2026-11-25T10:00:00Z"},
	"item:HasAttachments":                {"false", "true"},
	"item:InReplyTo":                     {"&lt;a0@evil.example&gt;", "&lt;b0@evil.example&gt;"},
	"item:DisplayTo":                     {"Adam", "Bert"},
	"item:DisplayCc":                     {"Abel", "Bill"},
	"item:Categories":                    {"Apple", "Banana"},
	"item:Importance":                    {"Low", "High"},
	"item:Sensitivity":                   {"Personal", "Private"},
	"message:From":                       {"Anna", "Berta"},
	"message:Sender":                     {"Anna", "Berta"},
	"message:ToRecipients":               {"Adam", "Bert"},
	"message:CcRecipients":               {"Abel", "Bill"},
	"message:InternetMessageId":          {"&lt;a@evil.example&gt;", "&lt;b@evil.example&gt;"},
	"message:References":                 {"&lt;a0@evil.example&gt;", "&lt;b0@evil.example&gt;"},
	"message:IsRead":                     {"false", "true"},
	"message:IsReadReceiptRequested":     {"", "true"},
	"message:IsDeliveryReceiptRequested": {"", "true"},
}

// searchedTags are properties with their values in lesser and greater.
var searchedTags = map[string][2]string{
	`PropertyTag="0x0037" PropertyType="String"`:                                                                       {"Alpha", "Beta"},
	`PropertyTag="0x0039" PropertyType="SystemTime"`:                                                                   {"2026-11-24T10:00:00Z", "2026-11-25T10:00:00Z"},
	`PropertyTag="0x0E06" PropertyType="SystemTime"`:                                                                   {"2026-11-24T11:00:00Z", "2026-11-25T11:00:00Z"},
	`PropertyTag="0x0E1B" PropertyType="Boolean"`:                                                                      {"false", "true"},
	`PropertyTag="0x1035" PropertyType="String"`:                                                                       {"&lt;a@evil.example&gt;", "&lt;b@evil.example&gt;"},
	`PropertyTag="0x5D01" PropertyType="String"`:                                                                       {"anna@evil.example", "berta@evil.example"},
	`PropertySetId="7F2B6F0E-3C5D-4A1B-9E0A-6D1C53A7E4B2" PropertyName="Rank" PropertyType="Integer"`:                  {"9", "10"},
	`PropertySetId="7F2B6F0E-3C5D-4A1B-9E0A-6D1C53A7E4B2" PropertyName="Ratio" PropertyType="Double"`:                  {"0.5", "2"},
	`DistinguishedPropertySetId="PublicStrings" PropertyName="Keywords" PropertyType="StringArray"`:                    {"apple", "banana"},
	`PropertySetId="7F2B6F0E-3C5D-4A1B-9E0A-6D1C53A7E4B2" PropertyName="Since" PropertyType="SystemTime"`:              {"2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"},
	`PropertySetId="7F2B6F0E-3C5D-4A1B-9E0A-6D1C53A7E4B2" PropertyName="Blob" PropertyType="Binary"`:                   {"AAA=", "AQA="},
	`PropertySetId="7F2B6F0E-3C5D-4A1B-9E0A-6D1C53A7E4B2" PropertyName="Colours" PropertyType="StringArray"`:           {"amber", "blue"},
	`PropertySetId="7F2B6F0E-3C5D-4A1B-9E0A-6D1C53A7E4B2" PropertyName="Odd &lt;name&gt; &amp;" PropertyType="String"`: {"a", "b"},
}

// deliverBoth delivers greater and then lesser into the Inbox of alice.
func deliverBoth(c *caller) {
	set := func(n int) []ews.ExtendedProperty {
		own := func(name string, kind ews.PropertyType, values ...string) ews.ExtendedProperty {
			p := ews.ExtendedProperty{Field: ews.ExtendedField{GUID: "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2", Name: name, Type: kind}}
			if kind == ews.TypeStringArray {
				p.Values = values[n : n+1]
			} else {
				p.Value = values[n]
			}
			return p
		}
		return []ews.ExtendedProperty{
			own("Rank", ews.TypeInteger, "9", "10"), own("Ratio", ews.TypeDouble, "0.5", "2"), own("Since", ews.TypeSystemTime, "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"),
			own("Blob", ews.TypeBinary, "AAA=", "AQA="), own("Colours", ews.TypeStringArray, "amber", "blue"), own("Odd <name> &", ews.TypeString, "a", "b"),
		}
	}
	c.srv.Mailbox(alice).DeliverWith([]byte(greater), ewstest.Delivery{
		Received: time.Date(2026, 11, 25, 11, 0, 0, 0, time.UTC), Read: true, Class: "IPM.Note.Special", Categories: []string{"Banana"}, Extended: set(1),
	})
	c.srv.Mailbox(alice).DeliverWith([]byte(lesser), ewstest.Delivery{
		Received: time.Date(2026, 11, 24, 11, 0, 0, 0, time.UTC), Categories: []string{"Apple"}, Extended: set(0),
	})
}

// TestEveryFieldIsSearched compares each field with each value, and sorts by it.
func TestEveryFieldIsSearched(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	deliverBoth(c)
	paths := map[string][2]string{}
	for uri, values := range searched {
		paths[`<t:FieldURI FieldURI="`+uri+`"/>`] = values
	}
	for tag, values := range searchedTags {
		paths[`<t:ExtendedFieldURI `+tag+`/>`] = values
	}
	found := func(rest string) string {
		answer := c.do(findXML(folderOf("inbox", alice), rest))
		require.Equal(t, []string{"NoError"}, codes(answer), "%s: %s", rest, answer)
		return strings.Join(texts(answer, "Subject"), " ")
	}
	for path, values := range paths {
		compare := func(op, value string) string {
			return found(`<m:Restriction><t:` + op + `>` + path + `<t:FieldURIOrConstant><t:Constant Value="` + value + `"/></t:FieldURIOrConstant></t:` + op + `></m:Restriction>`)
		}
		both := "Beta Alpha"
		if values[0] != "" {
			assert.Equal(t, "Alpha", compare("IsEqualTo", values[0]), path)
			assert.Equal(t, "Beta", compare("IsNotEqualTo", values[0]), path)
			assert.Equal(t, "Beta", compare("IsGreaterThan", values[0]), path)
			assert.Equal(t, both, compare("IsGreaterThanOrEqualTo", values[0]), path)
			assert.Empty(t, compare("IsLessThan", values[0]), path)
			assert.Equal(t, "Alpha", compare("IsLessThan", values[1]), path)
			assert.Equal(t, both, compare("IsLessThanOrEqualTo", values[1]), path)
		}
		assert.Equal(t, "Beta", compare("IsEqualTo", values[1]), path)
		assert.Equal(t, "Alpha", compare("IsNotEqualTo", values[1]), path)
		assert.Empty(t, compare("IsGreaterThan", values[1]), path)
		sorted := func(order string) string {
			return found(`<m:SortOrder><t:FieldOrder Order="` + order + `">` + path + `</t:FieldOrder></m:SortOrder>`)
		}
		assert.Equal(t, "Alpha Beta", sorted("Ascending"), path)
		assert.Equal(t, both, sorted("Descending"), path)
	}
}

// TestEveryFieldOfTextIsContained looks for parts of texts.
func TestEveryFieldOfTextIsContained(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	deliverBoth(c)
	for _, uri := range []string{
		"item:Subject", "item:ItemClass", "item:InReplyTo", "item:DisplayTo", "item:DisplayCc", "item:Categories", "message:From", "message:Sender",
		"message:ToRecipients", "message:CcRecipients", "message:InternetMessageId", "message:References",
	} {
		value := strings.NewReplacer("&lt;", "", "&gt;", "").Replace(searched[uri][1])
		for part, want := range map[string]string{value[len(value)-2:]: "Beta", "never": ""} {
			answer := c.do(findXML(folderOf("inbox", alice), `<m:Restriction><t:And><t:IsNotEqualTo><t:FieldURI FieldURI="item:Subject"/><t:FieldURIOrConstant><t:Constant Value="Alpha"/></t:FieldURIOrConstant></t:IsNotEqualTo>`+
				`<t:Contains ContainmentMode="Substring" ContainmentComparison="IgnoreCase"><t:FieldURI FieldURI="`+uri+`"/><t:Constant Value="`+strings.ToUpper(part)+`"/></t:Contains></t:And></m:Restriction>`))
			require.Equal(t, []string{"NoError"}, codes(answer), "%s: %s", uri, answer)
			assert.Equal(t, want, strings.Join(texts(answer, "Subject"), " "), uri)
		}
	}
}

// TestSortBySeveralFields: the later fields decide where the earlier ones are equal.
func TestSortBySeveralFields(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	for _, m := range []struct {
		subject string
		read    bool
		day     int
	}{{"b", true, 1}, {"a", false, 2}, {"b", false, 3}, {"a", true, 4}, {"a", false, 5}} {
		c.srv.Mailbox(alice).DeliverWith([]byte("Subject: "+m.subject+"\r\n\r\n"), ewstest.Delivery{Read: m.read, Received: time.Date(2026, 11, m.day, 0, 0, 0, 0, time.UTC)})
	}
	order := func(direction, uri string) string {
		return `<t:FieldOrder Order="` + direction + `"><t:FieldURI FieldURI="` + uri + `"/></t:FieldOrder>`
	}
	for fields, want := range map[string]string{
		order("Ascending", "item:Subject") + order("Ascending", "item:DateTimeReceived"):                                          "2 4 5 1 3",
		order("Ascending", "item:Subject") + order("Descending", "item:DateTimeReceived"):                                         "5 4 2 3 1",
		order("Descending", "item:Subject") + order("Ascending", "message:IsRead") + order("Descending", "item:DateTimeReceived"): "3 1 5 2 4",
		order("Descending", "message:IsRead") + order("Descending", "item:Subject") + order("Ascending", "item:DateTimeReceived"): "1 4 3 2 5",
		order("Descending", "item:DateTimeReceived") + order("Ascending", "item:Subject"):                                         "5 4 3 2 1",
	} {
		answer := c.do(`<m:FindItem Traversal="Shallow"><m:ItemShape>` + idOnly + `<t:AdditionalProperties><t:FieldURI FieldURI="item:DateTimeReceived"/></t:AdditionalProperties></m:ItemShape>` +
			`<m:SortOrder>` + fields + `</m:SortOrder><m:ParentFolderIds>` + folderOf("inbox", alice) + `</m:ParentFolderIds></m:FindItem>`)
		require.Equal(t, []string{"NoError"}, codes(answer))
		var days []string
		for _, received := range texts(answer, "DateTimeReceived") {
			days = append(days, strings.TrimPrefix(received[8:10], "0"))
		}
		assert.Equal(t, want, strings.Join(days, " "), fields)
	}
}
