package ewstest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// comparedXML compares a property with a constant.
func comparedXML(op, path, value string) string {
	return `<m:Restriction><t:` + op + `>` + path + `<t:FieldURIOrConstant><t:Constant Value="` + value + `"/></t:FieldURIOrConstant></t:` + op + `></m:Restriction>`
}

// TestLessUsualFieldsAreSearched covers the properties by which Microsoft's own client
// can search, besides those of TestEveryFieldIsSearched.
func TestLessUsualFieldsAreSearched(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	property := func(f ews.ExtendedField, value string) ews.ExtendedProperty {
		return ews.ExtendedProperty{Field: f, Value: value}
	}
	box.DeliverWith([]byte("From: Alice <alice@example.test>\r\nSubject: One\r\n\r\nHi\r\n"), ewstest.Delivery{Extended: []ews.ExtendedProperty{
		property(ews.ExtendedField{Set: ews.SetCommon, ID: 0x8502, Type: ews.TypeSystemTime}, "2026-11-30T10:00:00Z"),
		property(ews.ExtendedField{Set: ews.SetCommon, ID: 0x8501, Type: ews.TypeInteger}, "15"),
		property(ews.ExtendedField{Set: ews.SetCommon, ID: 0x8503, Type: ews.TypeBoolean}, "true"),
		property(ews.ExtendedField{Tag: 0x0C17, Type: ews.TypeBoolean}, "true"),
		property(ews.ExtendedField{Tag: 0x301C, Type: ews.TypeSystemTime}, "2027-01-01T00:00:00Z"),
		property(ews.ExtendedField{Tag: 0x3FF1, Type: ews.TypeInteger}, "1031"),
	}})
	box.Deliver([]byte("From: Eve <eve@evil.example>\r\nSubject: Two\r\n\r\nHi\r\n"))
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	for _, a := range []struct{ subject, start, end string }{{"Three", "2026-11-30T09:00:00Z", "2026-11-30T10:00:00Z"}, {"Four", "2026-12-30T09:00:00Z", "2026-12-30T10:00:00Z"}} {
		box.DeliverWith([]byte("Subject: "+a.subject+"\r\n\r\n"), ewstest.Delivery{Folder: box.Folder(ews.FolderCalendar), Class: "IPM.Appointment", Received: now, Extended: []ews.ExtendedProperty{
			property(ews.ExtendedField{Set: ews.SetAppointment, ID: 0x820D, Type: ews.TypeSystemTime}, a.start), property(ews.ExtendedField{Set: ews.SetAppointment, ID: 0x820E, Type: ews.TypeSystemTime}, a.end),
		}})
	}
	for _, tt := range []struct{ folder, op, uri, value, want string }{
		{"inbox", "IsEqualTo", "item:IsFromMe", "true", "One"}, {"inbox", "IsEqualTo", "item:IsFromMe", "false", "Two"},
		{"inbox", "IsEqualTo", "item:IsSubmitted", "false", "One Two"}, {"inbox", "IsEqualTo", "item:IsResend", "true", ""}, {"inbox", "IsEqualTo", "item:IsUnmodified", "true", "One Two"},
		{"inbox", "IsGreaterThan", "item:ReminderDueBy", "2026-11-30T09:00:00Z", "One"}, {"inbox", "IsEqualTo", "item:ReminderMinutesBeforeStart", "15", "One"}, {"inbox", "IsEqualTo", "item:ReminderIsSet", "true", "One"},
		{"inbox", "IsEqualTo", "item:Culture", "de-DE", "One"}, {"inbox", "IsEqualTo", "item:RetentionDate", "2027-01-01T00:00:00Z", "One"},
		{"inbox", "IsEqualTo", "message:IsResponseRequested", "true", "One"}, {"inbox", "IsEqualTo", "message:ReceivedBy", "alice", "One Two"}, {"inbox", "IsEqualTo", "message:ReceivedRepresenting", "bob", ""},
		{"inbox", "IsGreaterThan", "message:ConversationIndex", "AA==", "One Two"},
		{"calendar", "IsLessThan", "calendar:Start", "2026-12-01T00:00:00Z", "Three"}, {"calendar", "IsGreaterThanOrEqualTo", "calendar:End", "2026-12-30T10:00:00Z", "Four"},
	} {
		answer := c.do(findXML(folderOf(tt.folder, alice), comparedXML(tt.op, `<t:FieldURI FieldURI="`+tt.uri+`"/>`, tt.value)))
		assert.Equal(t, []string{"NoError"}, codes(answer), tt.uri)
		assert.Equal(t, tt.want, strings.Join(texts(answer, "Subject"), " "), "%s %s %s", tt.uri, tt.op, tt.value)
	}
	for uri, want := range map[string]string{
		"item:IsFromMe": "ErrorInvalidPropertyForExists", "item:IsSubmitted": "ErrorInvalidPropertyForExists", "item:IsUnmodified": "ErrorInvalidPropertyForExists", "item:IsResend": "ErrorInvalidPropertyForExists",
		"item:IsDraft": "ErrorInvalidPropertyForExists", "message:IsRead": "ErrorInvalidPropertyForExists", "item:HasAttachments": "NoError", "item:ReminderDueBy": "NoError", "item:Preview": "ErrorUnsupportedPathForQuery",
	} {
		assert.Equal(t, []string{want}, codes(c.do(findXML(folderOf("inbox", alice), `<m:Restriction><t:Exists><t:FieldURI FieldURI="`+uri+`"/></t:Exists></m:Restriction>`))), uri)
	}
}

// TestExcludesReadsBitmasks covers the forms of a bitmask: numbers with and without 0x,
// the former with up to 32 bits. A leading zero has no meaning.
func TestExcludesReadsBitmasks(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	flags := func(name, value string) {
		c.srv.Mailbox(alice).DeliverWith([]byte("Subject: "+name+"\r\n\r\n"), ewstest.Delivery{Extended: []ews.ExtendedProperty{
			{Field: ews.ExtendedField{GUID: "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2", Name: "Bits", Type: ews.TypeInteger}, Value: value},
		}})
	}
	flags("two", "2")
	flags("eight", "8")
	flags("sign", "-2147483648")
	const bits = `<t:ExtendedFieldURI PropertySetId="7F2B6F0E-3C5D-4A1B-9E0A-6D1C53A7E4B2" PropertyName="Bits" PropertyType="Integer"/>`
	excludes := func(path, mask string) string {
		return c.do(findXML(folderOf("inbox", alice), `<m:Restriction><t:Excludes>`+path+`<t:Bitmask Value="`+mask+`"/></t:Excludes></m:Restriction>`))
	}
	for mask, want := range map[string]string{
		"2": "eight sign", "0x2": "eight sign", "0X2": "eight sign", "010": "sign", "10": "sign", "0xA": "sign", "0x0a": "sign", "8": "two sign", "0": "two eight sign",
		"0x80000000": "two eight", "0xFFFFFFFF": "", "2147483647": "sign", "00000000000000000008": "two sign",
	} {
		answer := excludes(bits, mask)
		assert.Equal(t, []string{"NoError"}, codes(answer), mask)
		assert.Equal(t, want, strings.Join(texts(answer, "Subject"), " "), mask)
	}
	for _, mask := range []string{"", "0x", "0x100000000", "4294967296", "99999999999999999999"} {
		assert.Equal(t, []string{"ErrorInvalidExcludesRestriction"}, codes(excludes(bits, mask)), mask)
	}
	assert.Equal(t, []string{"ErrorInvalidValueForProperty"}, codes(excludes(`<t:FieldURI FieldURI="item:Subject"/>`, "1")))
}

// TestConstantsOfEachType compares properties with constants that are invalid for their
// type.
func TestConstantsOfEachType(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	const id = "{8A9B0C1D-0000-4000-8000-0123456789AB}"
	c.srv.Mailbox(alice).DeliverWith([]byte("Subject: one\r\n\r\n"), ewstest.Delivery{Extended: []ews.ExtendedProperty{
		{Field: ews.ExtendedField{GUID: "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2", Name: "CLSID", Type: "CLSID"}, Value: id},
	}})
	for kind, values := range map[string][]string{
		"CLSID": {"no", "8A9B0C1D", "{8A9B0C1D-0000-4000-8000-0123456789AB"}, "Integer": {"1.5", "2147483648", "x"}, "Short": {"32768"}, "Long": {"9223372036854775808"}, "Boolean": {"maybe", "2"},
		"SystemTime": {"yesterday"}, "Binary": {"*"}, "Double": {"x"}, "Float": {"x"}, "IntegerArray": {"x"}, "CLSIDArray": {"x"},
	} {
		path := `<t:ExtendedFieldURI PropertySetId="7F2B6F0E-3C5D-4A1B-9E0A-6D1C53A7E4B2" PropertyName="` + kind + `" PropertyType="` + kind + `"/>`
		for _, v := range values {
			assert.Equal(t, []string{"ErrorInvalidValueForProperty"}, codes(c.do(findXML(folderOf("inbox", alice), comparedXML("IsEqualTo", path, v)))), "%s %s", kind, v)
		}
	}
	path := `<t:ExtendedFieldURI PropertySetId="7F2B6F0E-3C5D-4A1B-9E0A-6D1C53A7E4B2" PropertyName="CLSID" PropertyType="CLSID"/>`
	for _, v := range []string{id, strings.ToLower(id), strings.Trim(id, "{}")} {
		assert.Equal(t, []string{"one"}, texts(c.do(findXML(folderOf("inbox", alice), comparedXML("IsEqualTo", path, v))), "Subject"), v)
	}
}
