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
			seen := make(map[string]bool)
			for _, from := range idFormats {
				there := one("EwsId", id, from)
				seen[there] = true
				for _, to := range idFormats {
					assert.Equal(t, one("EwsId", id, to), one(from, there, to), "%s to %s", from, to)
				}
			}
			assert.Len(t, seen, len(idFormats))
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

	// All at once, with one between that is none.
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
