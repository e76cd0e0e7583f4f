package ewsschema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// TestSamplesAreValid sends each sample alone in an item or a folder.
func TestSamplesAreValid(t *testing.T) {
	t.Parallel()
	const envelope = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="VERSION"/></s:Header><s:Body>OPERATION</s:Body></s:Envelope>`
	for _, v := range []ewsschema.Version{ewsschema.Exchange2007SP1, ewsschema.Exchange2010SP2, ewsschema.Exchange2013SP1, ewsschema.V20180108} {
		for typ, operation := range map[string]string{
			"MessageType":      `<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:Message>SAMPLE</t:Message></m:Items></m:CreateItem>`,
			"CalendarItemType": `<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:CalendarItem>SAMPLE</t:CalendarItem></m:Items></m:CreateItem>`,
			"ContactItemType":  `<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:Contact>SAMPLE</t:Contact></m:Items></m:CreateItem>`,
			"SearchFolderType": `<m:CreateFolder><m:ParentFolderId><t:FolderId Id="a"/></m:ParentFolderId><m:Folders><t:SearchFolder>SAMPLE</t:SearchFolder></m:Folders></m:CreateFolder>`,
		} {
			samples := append(ewsschema.Samples(typ, v), ewsschema.InnerSamples(typ, v)...)
			require.Greater(t, len(samples), 8, typ)
			for _, s := range samples {
				text := strings.NewReplacer("VERSION", v.String(), "OPERATION", strings.Replace(operation, "SAMPLE", s.XML, 1)).Replace(envelope)
				_, err := ewsschema.Parse(strings.NewReader(text), v)
				assert.NoError(t, err, "%s in %s", s.XML, v)
			}
		}
	}
}

func TestSamplesOfValues(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"High", "Low", "Normal"}, ewsschema.Values("ImportanceChoicesType", ewsschema.Exchange2007))
	assert.NotContains(t, ewsschema.Values("ItemQueryTraversalType", ewsschema.Exchange2007), "Associated")
	assert.Contains(t, ewsschema.Headers(ewsschema.Exchange2013), "ManagementRole")
	assert.NotContains(t, ewsschema.Headers(ewsschema.Exchange2010), "ManagementRole")
	assert.Panics(t, func() { ewsschema.Samples("NoSuchType", ewsschema.Exchange2007) })
	var forms []string
	for _, s := range append(ewsschema.Samples("ItemType", ewsschema.Exchange2013), ewsschema.InnerSamples("ItemType", ewsschema.Exchange2013)...) {
		if s.Name == "Attachments" {
			forms = append(forms, s.XML)
		}
	}
	require.Greater(t, len(forms), 20)
	all := strings.Join(forms, "")
	assert.Contains(t, all, "<t:Attachments><t:ItemAttachment></t:ItemAttachment></t:Attachments>", "the least")
	assert.Contains(t, all, "<t:Attachments><t:FileAttachment><t:Size>7</t:Size></t:FileAttachment></t:Attachments>", "one alone")
	assert.Contains(t, all, "<t:Name>Name@example.test</t:Name><t:ContentType>ContentType@example.test</t:ContentType>", "all")
}
