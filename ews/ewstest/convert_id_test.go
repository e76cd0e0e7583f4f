package ewstest_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

var idFormats = []string{"EwsLegacyId", "EwsId", "EntryId", "HexEntryId", "StoreId", "OwaId"}

func convertXML(to string, sources ...string) string {
	return `<m:ConvertId DestinationFormat="` + to + `"><m:SourceIds>` + strings.Join(sources, "") + `</m:SourceIds></m:ConvertId>`
}

func alternateID(format, id, mailbox string) string {
	return `<t:AlternateId Format="` + format + `" Id="` + id + `" Mailbox="` + mailbox + `"/>`
}

func TestConvertID(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		box := c.srv.Mailbox(alice)
		item, folder := box.Deliver([]byte(plain)).ID.ID, box.Folder(ews.FolderInbox).ID().ID
		one := func(from, id, to string) string {
			answer := c.do(convertXML(to, alternateID(from, id, alice)))
			require.Equal(t, []string{"NoError"}, codes(answer), "%s to %s", from, to)
			assert.Equal(t, []string{to, alice}, append(attrs(answer, "AlternateId", "Format"), attrs(answer, "AlternateId", "Mailbox")...))
			return attrs(answer, "AlternateId", "Id")[0]
		}
		for _, id := range []string{item, folder} {
			as, seen := make(map[string]string), make(map[string]bool)
			for _, format := range idFormats {
				as[format] = one("EwsId", id, format)
				seen[as[format]] = true
			}
			assert.Len(t, seen, len(idFormats))
			for _, from := range idFormats {
				assert.Equal(t, id, one(from, as[from], "EwsId"), "%s in %s", from, version)
				if version != ewstest.Exchange2016 {
					continue // the others are alike
				}
				for _, to := range idFormats {
					assert.Equal(t, as[to], one(from, as[from], to), "%s to %s", from, to)
				}
			}
		}
	}
}

// TestFormatsOfIDs looks into the ids.
func TestFormatsOfIDs(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	ids := make(map[string]string)
	var sources []string
	for _, format := range idFormats {
		ids[format] = attrs(c.do(convertXML(format, alternateID("EwsId", m.ID.ID, alice))), "AlternateId", "Id")[0]
		sources = append(sources, alternateID(format, ids[format], alice))
	}
	unbase := func(s string) []byte {
		b, err := base64.StdEncoding.DecodeString(s)
		require.NoError(t, err)
		return b
	}
	entry := unbase(ids["EntryId"])
	assert.Equal(t, strings.ToUpper(hex.EncodeToString(entry)), ids["HexEntryId"])
	assert.Contains(t, c.do(getItemXML(idOnly+`<t:AdditionalProperties><t:ExtendedFieldURI PropertyTag="0x0FFF" PropertyType="Binary"/></t:AdditionalProperties>`, itemID(m))), ids["EntryId"], "PidTagEntryId")
	assert.Equal(t, string(entry)+"\x09", string(unbase(ids["StoreId"])))
	owa, err := url.QueryUnescape(ids["OwaId"])
	require.NoError(t, err)
	assert.Equal(t, string(binary.LittleEndian.AppendUint16(nil, uint16(len(entry))))+string(entry)+"\x09", string(unbase(owa)))
	assert.Equal(t, "\x01\x00\x12\x00"+alice, string(unbase(ids["EwsLegacyId"])[:4+len(alice)]))
	assert.True(t, strings.HasSuffix(string(unbase(ids["EwsLegacyId"])), string(entry)))
	assert.Equal(t, m.ID.ID, ids["EwsId"])

	// All in one request, with an invalid one among them.
	sources = append(sources[:3], append([]string{alternateID("HexEntryId", "00", alice)}, sources[3:]...)...)
	answer := c.do(convertXML("EwsId", sources...))
	assert.Equal(t, []string{"NoError", "NoError", "NoError", "ErrorInvalidIdMalformed", "NoError", "NoError", "NoError"}, codes(answer))
	for _, id := range attrs(answer, "AlternateId", "Id") {
		assert.Equal(t, m.ID.ID, id)
	}
	assert.Equal(t, []string{"ErrorInvalidIdMalformedEwsLegacyIdFormat"}, codes(c.do(getItemXML(idOnly, `<t:ItemId Id="`+ids["EwsLegacyId"]+`"/>`))))
	for _, format := range []string{"EntryId", "HexEntryId", "StoreId", "OwaId"} {
		assert.Equal(t, []string{"ErrorInvalidIdMalformed"}, codes(c.do(getItemXML(idOnly, `<t:ItemId Id="`+ids[format]+`"/>`))), format)
	}
}

func TestConvertIDLooksAtTheForm(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	legacy := attrs(c.do(convertXML("EwsLegacyId", alternateID("EwsId", m.ID.ID, alice))), "AlternateId", "Id")[0]
	public := `<t:AlternatePublicFolderId Format="EwsId" FolderId="AAAA"/>`
	for name, tt := range map[string]struct{ source, code string }{
		"no such mailbox":  {alternateID("EwsId", m.ID.ID, "nobody@elsewhere.example"), "NoError"},
		"another's":        {alternateID("EwsId", m.ID.ID, bob), "NoError"},
		"in an archive":    {strings.Replace(alternateID("EwsId", m.ID.ID, alice), "/>", ` IsArchive="true"/>`, 1), "NoError"},
		"no address":       {alternateID("EwsId", m.ID.ID, "alice"), "ErrorInvalidSmtpAddress"},
		"name and address": {alternateID("EwsId", m.ID.ID, "Alice &lt;alice@example.test&gt;"), "ErrorInvalidSmtpAddress"},
		"two at":           {alternateID("EwsId", m.ID.ID, "a@b@example.test"), "ErrorInvalidSmtpAddress"},
		"empty":            {alternateID("EwsId", "", alice), "ErrorInvalidIdEmpty"},
		"legacy as now":    {alternateID("EwsId", legacy, alice), "ErrorInvalidIdMalformedEwsLegacyIdFormat"},
		"now as legacy":    {alternateID("EwsLegacyId", m.ID.ID, alice), "ErrorInvalidIdMalformed"},
		"public folder":    {public, "ErrorInvalidOperation"},
		"item of one":      {`<t:AlternatePublicFolderItemId Format="EwsId" FolderId="AAAA" ItemId="AAAA"/>`, "ErrorInvalidOperation"},
	} {
		answer := c.do(convertXML("HexEntryId", tt.source))
		assert.Equal(t, []string{tt.code}, codes(answer), name)
		if name == "in an archive" {
			assert.Equal(t, []string{"true"}, attrs(answer, "AlternateId", "IsArchive"))
		}
	}
	for _, format := range idFormats {
		for _, bad := range []string{"x", "AAAA", "AQA=", "AQAAAA==", "AQAAAAAA", "%", "00", base64.StdEncoding.EncodeToString(make([]byte, 80)), m.ID.ID[:len(m.ID.ID)-4]} {
			assert.Equal(t, []string{"ErrorInvalidIdMalformed"}, codes(c.do(convertXML("EwsId", alternateID(format, bad, alice)))), "%s %s", format, bad)
		}
	}
}

// TestBytesOfItemIDs decodes the ids of an item, its folder and its conversation as
// [MS-OXWSITEMID] describes them: compression, storage, the mailbox GUID as text, an
// instruction, the id in the store, and nothing after it.
func TestBytesOfItemIDs(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		answer := c.do(getItemXML(shapeOf("", "item:ParentFolderId", "item:ConversationId"), itemID(m)))
		mailboxes := make(map[string]bool)
		for element, storage := range map[string]byte{"ItemId": 3, "ParentFolderId": 3, "ConversationId": 4} {
			ids := attrs(answer, element, "Id")
			require.Len(t, ids, 1, "%s in %s", element, version)
			b, err := base64.StdEncoding.DecodeString(ids[0])
			require.NoError(t, err)
			assert.Equal(t, []byte{0, storage, 36, 0}, b[:4], element)
			mailboxes[string(b[4:40])] = true
			assert.Regexp(t, "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", string(b[4:40]))
			assert.Zero(t, b[40], element)
			assert.Len(t, b, 43+int(binary.LittleEndian.Uint16(b[41:])), element)
		}
		assert.Len(t, mailboxes, 1, "all of them name the same mailbox")
	}
}
