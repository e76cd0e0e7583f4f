package ewstest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// withHead returns a stream of ExportItems with another head and a valid checksum.
func withHead(t *testing.T, data string, change func(head map[string]any)) string {
	t.Helper()
	stream, err := base64.StdEncoding.DecodeString(data)
	require.NoError(t, err)
	const magic = 8
	size := int(binary.BigEndian.Uint64(stream[magic:]))
	at := magic + 8
	var head map[string]any
	require.NoError(t, json.Unmarshal(stream[at:at+size], &head))
	change(head)
	b, err := json.Marshal(head)
	require.NoError(t, err)
	out := binary.BigEndian.AppendUint64(bytes.Clone(stream[:magic]), uint64(len(b)))
	out = append(append(out, b...), stream[at+size:len(stream)-4]...)
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out)))
}

// streamProperty returns a property in the form it has in a stream.
func streamProperty(field map[string]any, value any) map[string]any {
	p := map[string]any{"Field": field}
	if values, ok := value.([]string); ok {
		p["Values"] = values
	} else {
		p["Value"] = value
	}
	return p
}

func tagged(tag int, kind string, value any) map[string]any {
	return streamProperty(map[string]any{"Tag": tag, "Type": kind}, value)
}

// replace puts properties into the head of a stream, in place of those with the same
// names.
func replace(t *testing.T, h map[string]any, properties ...map[string]any) {
	t.Helper()
	field := func(property any) ews.ExtendedField {
		var p ews.ExtendedProperty
		b, err := json.Marshal(property)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, &p))
		p.Field.Type = ""
		return p.Field
	}
	all := h["Properties"].([]any)
	for _, p := range properties {
		all = append(slices.DeleteFunc(all, func(old any) bool { return field(old) == field(p) }), p)
	}
	h["Properties"] = all
}

func exportOf(t *testing.T, c *caller, m *ewstest.Message) string {
	t.Helper()
	data := texts(c.do(exportXML(`<t:ItemId Id="`+m.ID.ID+`"/>`)), "Data")
	require.Len(t, data, 1)
	return data[0]
}

func TestUploadsOfWhatCannotBe(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).in("Exchange2016")
	box := c.srv.Mailbox(alice)
	data := exportOf(t, c, box.Deliver([]byte(withAttachment)))
	inbox := box.Folder(ews.FolderInbox)
	before := len(inbox.Messages())
	add := func(p map[string]any) string {
		return withHead(t, data, func(h map[string]any) { h["Properties"] = append(h["Properties"].([]any), p) })
	}
	set := func(name string, v any) string {
		return withHead(t, data, func(h map[string]any) { h[name] = v })
	}
	slot := func(number int, properties ...any) map[string]any {
		return map[string]any{"Number": number, "Made": "2026-11-29T12:00:00Z", "Properties": properties}
	}
	for name, stream := range map[string]string{
		"no number":           add(tagged(0x0017, "Integer", "high")),
		"a long integer":      add(tagged(0x0017, "Integer", "2147483648")),
		"a long short":        add(tagged(0x0017, "Short", "32768")),
		"no double":           add(tagged(0x7001, "Double", "1,5")),
		"no truth":            add(tagged(0x0029, "Boolean", "maybe")),
		"no base64":           add(tagged(0x0071, "Binary", "AQ=")),
		"no time":             add(tagged(0x0E06, "SystemTime", "tomorrow")),
		"a time before 1601":  add(tagged(0x0E06, "SystemTime", "0000-01-01T00:00:00Z")),
		"a year of 5 digits":  add(tagged(0x0E06, "SystemTime", "9999-12-31T23:59:59-01:00")),
		"no GUID":             add(tagged(0x7002, "CLSID", "me")),
		"unknown type":        add(tagged(0x7003, "Text", "a")),
		"object":              add(tagged(0x7003, "Object", "a")),
		"no type":             add(tagged(0x7003, "", "a")),
		"list of no number":   add(tagged(0x7004, "IntegerArray", []string{"1", "x"})),
		"one value of a list": add(tagged(0x7004, "StringArray", "a")),
		"a list of one":       add(tagged(0x7005, "String", []string{"a"})),
		"no name":             add(streamProperty(map[string]any{"Type": "String"}, "a")),
		"unknown set":         add(streamProperty(map[string]any{"Set": "Mine", "Name": "a", "Type": "String"}, "a")),
		"set without GUID":    add(streamProperty(map[string]any{"GUID": "mine", "Name": "a", "Type": "String"}, "a")),
		"two numbers alike":   set("Slots", []any{slot(0), slot(0)}),
		"number below 0":      set("Slots", []any{slot(-1)}),
		"number not given":    set("Slots", []any{slot(1)}),
		"numbers below 0":     set("Numbered", -1),
		"too many numbers":    set("Numbered", 1<<40),
		"attached nonsense":   set("Slots", []any{slot(0, tagged(0x0017, "Integer", "high"))}),
	} {
		assert.Equal(t, []string{"ErrorCorruptData"}, codes(c.do(uploadXML("CreateNew", inbox, "", stream))), name)
	}
	assert.Len(t, inbox.Messages(), before)
	assert.Equal(t, []string{"NoError"}, codes(c.do(uploadXML("CreateNew", inbox, "", set("Numbered", 1<<16)))), "as many as can be")
}

// TestUploadsOfOddValues: values of the right type that no EWS client could set are kept,
// and answers stay within the schema.
func TestUploadsOfOddValues(t *testing.T) {
	t.Parallel()
	common := func(id int, kind string, value any) map[string]any {
		return streamProperty(map[string]any{"Set": "Common", "ID": id, "Type": kind}, value)
	}
	c := newCaller(t, ewstest.Options{}).in("Exchange2016")
	box := c.srv.Mailbox(alice)
	data := exportOf(t, c, box.Deliver([]byte(plain)))
	odd := withHead(t, data, func(h map[string]any) {
		replace(t, h,
			tagged(0x0017, "Integer", "77"), tagged(0x0036, "Integer", "-3"), tagged(0x3FF1, "Integer", "99999"), tagged(0x1090, "Integer", "9"),
			tagged(0x001A, "String", ""), tagged(0x0071, "Binary", ""), tagged(0x0E06, "SystemTime", "1601-01-01T00:00:00Z"),
			common(0x8501, "Integer", "-5"), common(0x8502, "SystemTime", "1601-01-01T00:00:00Z"), common(0x8503, "Boolean", "true"),
			tagged(0x7006, "IntegerArray", []string{}), tagged(0x7007, "CLSID", "00062008-0000-0000-C000-000000000046"))
	})
	id := createdID(t, c.do(uploadXML("CreateNew", box.Folder(ews.FolderInbox), "", odd)))
	got := c.do(getItemXML(full, id))
	assert.Equal(t, []string{"Normal"}, texts(got, "Importance"))
	assert.Equal(t, []string{"Normal"}, texts(got, "Sensitivity"))
	assert.Equal(t, []string{"en-US"}, texts(got, "Culture"))
	assert.Equal(t, []string{"NotFlagged"}, texts(got, "FlagStatus"))
	assert.Empty(t, texts(got, "ReminderMinutesBeforeStart"), "the schema has none below 0")
	assert.Equal(t, []string{"1601-01-01T00:05:00Z"}, texts(got, "ReminderNextTime"))
	longBefore := withHead(t, data, func(h map[string]any) {
		replace(t, h, common(0x8501, "Integer", "2147483647"), common(0x8502, "SystemTime", "1601-01-01T00:00:00Z"), common(0x8503, "Boolean", "true"))
	})
	id = createdID(t, c.do(uploadXML("CreateNew", box.Folder(ews.FolderInbox), "", longBefore)))
	assert.Empty(t, texts(c.do(getItemXML(full, id)), "ReminderNextTime"), "there was no year")
}

// TestExtendedPropertiesHaveTheirTypes: what a client sets is checked as well, including
// in lists.
func TestExtendedPropertiesHaveTheirTypes(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	create := func(kind, value string) []string {
		return codes(c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message><t:ExtendedProperty><t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="a" PropertyType="`+kind+`"/>`+
			value+`</t:ExtendedProperty></t:Message>`)))
	}
	one := func(v string) string { return `<t:Value>` + v + `</t:Value>` }
	list := func(v string) string { return `<t:Values>` + one(v) + `</t:Values>` }
	for _, tt := range []struct{ kind, good, bad string }{
		{"Integer", one("-1"), one("2147483648")}, {"IntegerArray", list("1"), list("x")}, {"LongArray", list("4294967296"), list("9223372036854775808")},
		{"SystemTime", one("2026-11-29T12:00:00Z"), one("0001-01-01T00:00:00Z")}, {"SystemTimeArray", list("2026-11-29T12:00:00Z"), list("now")},
		{"CLSID", one("00062008-0000-0000-C000-000000000046"), one("me")}, {"CLSIDArray", list("00062008-0000-0000-C000-000000000046"), list("me")},
		{"BinaryArray", list("AQID"), list("A")}, {"DoubleArray", list("1.5"), list("1,5")}, {"StringArray", list("a"), one("a")},
	} {
		assert.Equal(t, []string{"NoError"}, create(tt.kind, tt.good), tt.kind)
		assert.Equal(t, []string{"ErrorInvalidExtendedPropertyValue"}, create(tt.kind, tt.bad), tt.kind)
	}
}
