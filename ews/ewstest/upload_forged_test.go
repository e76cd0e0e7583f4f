package ewstest_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// exported returns the head of an item's stream, and the message after it.
func exported(t testing.TB, c *caller, m *ewstest.Message) (head map[string]any, raw []byte) {
	t.Helper()
	stream, err := base64.StdEncoding.DecodeString(texts(c.do(exportXML(`<t:ItemId Id="`+m.ID.ID+`"/>`)), "Data")[0])
	require.NoError(t, err)
	size := binary.BigEndian.Uint64(stream[8:])
	require.NoError(t, json.Unmarshal(stream[16:16+size], &head))
	return head, stream[16+size : len(stream)-4]
}

// forged returns a stream with a correct checksum, whatever its head is.
func forged(head, raw []byte) string {
	b := binary.BigEndian.AppendUint64([]byte("EWSTEST\x01"), uint64(len(head)))
	b = append(append(b, head...), raw...)
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b)))
}

// withinMessage attaches a file and an item with a file to a message.
func withinMessage(t testing.TB, c *caller, m *ewstest.Message) *ewstest.Message {
	t.Helper()
	inner := `<t:Message><t:Subject>In</t:Subject><t:Attachments>` + fileXML("c.jpg", "c") + `</t:Attachments></t:Message>`
	require.Equal(t, []string{"NoError", "NoError"}, codes(c.do(attachXML(`Id="`+m.ID.ID+`"`, fileXML("a.jpg", "a"), itemXML(inner)))))
	return c.srv.Mailbox(alice).Message(m.ID)
}

// TestForgedUploads gives the server streams with a correct checksum that the server did
// not write: all are reported as corrupt, and none harms it.
func TestForgedUploads(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := withinMessage(t, c, box.Deliver([]byte(withAttachment)))
	drafts := box.Folder(ews.FolderDrafts)
	type object = map[string]any
	property := func(p object) func(object) {
		return func(head object) { head["Properties"] = append(head["Properties"].([]any), p) }
	}
	tag := func(tag int, kind string) object { return object{"Tag": tag, "Type": kind} }
	slots := func(head object) []any { return head["Slots"].([]any) }
	slot := func(head object, i int) object { return slots(head)[i].(object) }
	nested := func(levels int) []any {
		var inner []any
		for range levels {
			inner = []any{object{"Properties": []any{}, "Inner": inner}}
		}
		return inner
	}
	upload := func(change func(object)) []string {
		head, raw := exported(t, c, m)
		change(head)
		b, err := json.Marshal(head)
		require.NoError(t, err)
		return codes(c.do(uploadXML("CreateNew", drafts, "", forged(b, raw))))
	}
	require.Equal(t, []string{"NoError"}, upload(func(object) {}))
	for name, change := range map[string]func(object){
		"no values of one":         property(object{"Field": tag(0x1080, "Integer"), "Values": []string{}}),
		"values of one":            property(object{"Field": tag(0x1080, "Integer"), "Values": []string{"1"}}),
		"one of values":            property(object{"Field": tag(0x1080, "IntegerArray"), "Value": "1"}),
		"a number that is none":    property(object{"Field": tag(0x1080, "Integer"), "Value": "one"}),
		"a number too large":       property(object{"Field": tag(0x1080, "Integer"), "Value": "4294967296"}),
		"a time that is none":      property(object{"Field": tag(0x1082, "SystemTime"), "Value": "soon"}),
		"a time before all":        property(object{"Field": tag(0x1082, "SystemTime"), "Value": "0000-01-01T00:00:00Z"}),
		"a time before all in UTC": property(object{"Field": tag(0x1082, "SystemTime"), "Value": "0001-01-01T00:00:00+14:00"}),
		"bytes that are none":      property(object{"Field": tag(0x1084, "Binary"), "Value": "%"}),
		"a truth that is none":     property(object{"Field": tag(0x1085, "Boolean"), "Value": "maybe"}),
		"no type":                  property(object{"Field": tag(0x1086, "")}),
		"an unknown type":          property(object{"Field": tag(0x1086, "Number")}),
		"a type without values":    property(object{"Field": tag(0x1086, "Object")}),
		"no name":                  property(object{"Field": object{"Type": "String"}}),
		"two names":                property(object{"Field": object{"Tag": 1, "Name": "a", "Set": "PublicStrings", "Type": "String"}}),
		"two sets":                 property(object{"Field": object{"Name": "a", "Set": "PublicStrings", "GUID": "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2", "Type": "String"}}),
		"a GUID that is none":      property(object{"Field": object{"Name": "a", "GUID": "x", "Type": "String"}}),
		"a set that is none":       property(object{"Field": object{"Name": "a", "Set": "x", "Type": "String"}}),
		"a tag of named ones":      property(object{"Field": tag(0x8001, "String")}),
		"a property twice":         property(object{"Field": tag(0x1A, "String"), "Value": "IPM.Note"}),
		"a size of its own":        property(object{"Field": tag(0xE08, "Integer"), "Value": "1"}),
		"an id of its own":         property(object{"Field": tag(0xFFF, "Binary"), "Value": "AAAA"}),
		"no properties":            func(head object) { head["Properties"] = nil },
		"other attachments":        func(head object) { head["Attachments"] = head["Attachments"].([]any)[:1] },
		"too many slots":           func(head object) { head["Slots"] = append(slots(head), object{"Number": 9}) },
		"too few slots":            func(head object) { head["Slots"] = slots(head)[:1] },
		"a negative number":        func(head object) { slot(head, 0)["Number"] = -1 },
		"a number twice":           func(head object) { slot(head, 1)["Number"] = slot(head, 0)["Number"] },
		"numbers out of order":     func(head object) { slot(head, 0)["Number"], slot(head, 1)["Number"] = 1, 0 },
		"a number not given":       func(head object) { slot(head, 2)["Number"] = 7 },
		"more numbers than are":    func(head object) { head["Numbered"] = 1 << 40 },
		"negative numbers":         func(head object) { head["Numbered"] = -1 },
		"made before all":          func(head object) { slot(head, 1)["Made"] = "0000-01-01T00:00:00Z" },
		"an item that is a file":   func(head object) { slot(head, 0)["Properties"] = slot(head, 2)["Properties"] },
		"within a file":            func(head object) { slot(head, 0)["Inner"] = nested(1) },
		"too deep":                 func(head object) { slot(head, 2)["Inner"] = nested(5000) },
		"a bad property within": func(head object) {
			slot(head, 2)["Properties"] = append(slot(head, 2)["Properties"].([]any), object{"Field": tag(0x1080, "Integer"), "Values": []string{}})
		},
		"something new": func(head object) { head["More"] = 1 },
	} {
		assert.Equal(t, []string{"ErrorCorruptData"}, upload(change), name)
	}
	head, raw := exported(t, c, m)
	b, err := json.Marshal(head)
	require.NoError(t, err)
	for name, data := range map[string]string{
		"two heads": forged(append(b, b...), raw), "a bracket behind": forged(append(b, '}'), raw), "an empty head": forged(nil, raw), "a list": forged([]byte("[]"), raw), "nothing": forged([]byte("null"), raw),
		"a larger head": base64.StdEncoding.EncodeToString([]byte("EWSTEST\x01\xff\xff\xff\xff\xff\xff\xff\xff1234")),
	} {
		assert.Equal(t, []string{"ErrorCorruptData"}, codes(c.do(uploadXML("CreateNew", drafts, "", data))), name)
	}
	assert.Equal(t, 1, drafts.Count())
	excludes := `<m:Restriction><t:Excludes><t:ExtendedFieldURI PropertyTag="0x1080" PropertyType="Integer"/><t:Bitmask Value="1"/></t:Excludes></m:Restriction>`
	assert.Equal(t, []string{"NoError"}, codes(c.do(findXML(folderIDXML(drafts), excludes))), "the server lives")
}
