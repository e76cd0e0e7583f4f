package ewstest_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func headerNamed(name string) string {
	return `<t:ExtendedFieldURI DistinguishedPropertySetId="InternetHeaders" PropertyName="` + name + `" PropertyType="String"/>`
}

// TestHeadersAreNamedProperties: a field without a property of its own is one in
// PS_INTERNET_HEADERS, under its name in any case.
func TestHeadersAreNamedProperties(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		m := c.srv.Mailbox(alice).Deliver([]byte("X-Spam-Score: 7\r\nList-Id: =?utf-8?q?B=C3=BCro?= <a.example>\r\n" + plain))
		get := func(name string) []string {
			return texts(c.do(getItemXML(idOnly+`<t:AdditionalProperties>`+headerNamed(name)+`</t:AdditionalProperties>`, itemID(m))), "Value")
		}
		assert.Equal(t, []string{"7"}, get("x-spam-score"), version)
		assert.Equal(t, []string{"Büro &lt;a.example&gt;"}, get("List-ID"), version)
		assert.Empty(t, get("Subject"), "that has a property of its own")
		assert.Empty(t, get("X-Other"))
		find := func(name, value string) string {
			return attrs(c.do(findXML(folderOf("inbox", alice), `<m:Restriction><t:IsEqualTo>`+headerNamed(name)+`<t:FieldURIOrConstant><t:Constant Value="`+value+`"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>`)), "RootFolder", "TotalItemsInView")[0]
		}
		assert.Equal(t, "1", find("X-Spam-Score", "7"))
		assert.Equal(t, "0", find("X-Spam-Score", "8"))
		set := `<t:SetItemField>` + headerNamed("X-Spam-Score") + `<t:Message><t:ExtendedProperty>` + headerNamed("X-Spam-Score") + `<t:Value>9</t:Value></t:ExtendedProperty></t:Message></t:SetItemField>`
		require.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AlwaysOverwrite", "", itemID(m), set))))
		assert.Equal(t, []string{"9"}, get("X-Spam-Score"))
		assert.Contains(t, string(c.srv.Mailbox(alice).Message(m.ID).MIME), "X-Spam-Score: 9\r\n")
		del := `<t:DeleteItemField>` + headerNamed("X-Spam-Score") + `</t:DeleteItemField>`
		require.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AlwaysOverwrite", "", itemID(m), del))))
		assert.Empty(t, get("X-Spam-Score"))
		assert.NotContains(t, string(c.srv.Mailbox(alice).Message(m.ID).MIME), "X-Spam-Score")
		assert.Contains(t, c.srv.Mailbox(alice).Message(m.ID).Properties[ews.PidTagTransportMessageHeaders].Value, "X-Spam-Score: 7", "the header as it was received stays")
	}
}

// TestArticleNumbers: PidTagInternetArticleNumber grows from item to item of a folder,
// and clients use it as the UID of IMAP.
func TestArticleNumbers(t *testing.T) {
	t.Parallel()
	const number = `<t:ExtendedFieldURI PropertyTag="0x0E23" PropertyType="Integer"/>`
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	for range 3 {
		box.Deliver([]byte(plain))
	}
	list := func(rest string) (all []int) {
		for _, v := range texts(c.do(strings.Replace(findShapeXML(idOnly+`<t:AdditionalProperties>`+number+`</t:AdditionalProperties>`), `<m:ParentFolderIds>`, rest+`<m:ParentFolderIds>`, 1)), "Value") {
			n, err := strconv.Atoi(v)
			require.NoError(t, err)
			all = append(all, n)
		}
		return all
	}
	first := list("")
	require.Len(t, first, 3)
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(first))), 3)
	m := box.Deliver([]byte(plain))
	largest := slices.Max(first)
	newer := list(`<m:Restriction><t:IsGreaterThan>` + number + `<t:FieldURIOrConstant><t:Constant Value="` + strconv.Itoa(largest) + `"/></t:FieldURIOrConstant></t:IsGreaterThan></m:Restriction>`)
	require.Len(t, newer, 1, "only the new one")
	set := `<t:SetItemField>` + number + `<t:Message><t:ExtendedProperty>` + number + `<t:Value>1</t:Value></t:ExtendedProperty></t:Message></t:SetItemField>`
	assert.Equal(t, []string{"ErrorInvalidPropertySet"}, codes(c.do(updateXML("AlwaysOverwrite", "", itemID(m), set))))
}
