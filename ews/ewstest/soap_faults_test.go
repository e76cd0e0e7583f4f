package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func TestInvalidRequestsAreFaults(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	for name, tt := range map[string]struct{ version, op, code string }{
		"order of elements":      {"Exchange2013_SP1", `<m:GetItem><m:ItemIds><t:ItemId Id="x"/></m:ItemIds><m:ItemShape>` + idOnly + `</m:ItemShape></m:GetItem>`, "ErrorSchemaValidation"},
		"unknown folder":         {"Exchange2013_SP1", findXML(folderOf("allitems", alice), ""), "ErrorSchemaValidation"},
		"no traversal":           {"Exchange2013_SP1", strings.Replace(findXML(folderOf("inbox", alice), ""), `Traversal="Shallow"`, "", 1), "ErrorSchemaValidation"},
		"folder too new":         {"Exchange2010_SP1", findXML(folderOf("archiveinbox", alice), ""), "ErrorIncorrectSchemaVersion"},
		"version unknown":        {"Exchange2019", findXML(folderOf("inbox", alice), ""), "ErrorInvalidServerVersion"},
		"unknown operation":      {"Exchange2013_SP1", `<m:MakeCoffee/>`, "ErrorSchemaValidation"},
		"operation missing here": {"Exchange2013_SP1", `<m:GetPasswordExpirationDate/>`, "ErrorInvalidOperation"},
	} {
		status, answer, err := c.in(tt.version).try(tt.op)
		require.NoError(t, err, name)
		assert.Equal(t, 500, status, name)
		assert.Equal(t, []string{tt.code}, codes(answer), "%s: %s", name, answer)
		assert.NotContains(t, answer, "ServerVersionInfo", name)
		assert.Contains(t, answer, "a:"+tt.code+"</faultcode>", name)
		if tt.code == "ErrorSchemaValidation" {
			assert.Len(t, texts(answer, "LineNumber"), 1, name)
			assert.Len(t, texts(answer, "LinePosition"), 1, name)
			assert.Len(t, texts(answer, "Violation"), 1, name)
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		version ewstest.Version
		newest  string // version that it accepts
		refused string // version that it refuses
		major   string
		minor   string
		folders map[string]string
	}{
		{ewstest.Exchange2010SP3, "Exchange2010_SP2", "Exchange2013", "14", "3", map[string]string{"recoverableitemspurges": "NoError"}},
		{ewstest.Exchange2013, "Exchange2013", "Exchange2013_SP1", "15", "0", map[string]string{"conversationhistory": "NoError"}},
		{ewstest.Exchange2013SP1, "Exchange2013_SP1", "Exchange2016", "15", "0", map[string]string{"recoverableitemsdiscoveryholds": "NoError"}},
		{ewstest.Exchange2016, "Exchange2016", "Exchange2019", "15", "1", nil},
		{ewstest.Exchange2019, "V2017_07_11", "V2018_01_08", "15", "2", nil},
		{ewstest.ExchangeSE, "V2017_07_11", "V2018_01_08", "15", "2", nil},
		{ewstest.ExchangeOnline, "V2018_01_08", "ExchangeSE", "15", "20", nil},
	} {
		t.Run(tt.version.String(), func(t *testing.T) {
			t.Parallel()
			parsed, err := ewstest.ParseVersion(tt.version.String())
			require.NoError(t, err)
			assert.Equal(t, tt.version, parsed)
			c := newCaller(t, ewstest.Options{Version: tt.version})
			answer := c.in(tt.newest).do(findXML(folderOf("inbox", alice), ""))
			assert.Equal(t, []string{"NoError"}, codes(answer))
			assert.Equal(t, []string{tt.major}, attrs(answer, "ServerVersionInfo", "MajorVersion"))
			assert.Equal(t, []string{tt.minor}, attrs(answer, "ServerVersionInfo", "MinorVersion"))
			assert.Equal(t, []string{"ErrorInvalidServerVersion"}, codes(c.in(tt.refused).do(findXML(folderOf("inbox", alice), ""))))
			for name, want := range tt.folders {
				assert.Equal(t, []string{want}, codes(c.in(tt.newest).do(findXML(folderOf(name, alice), ""))), name)
			}
		})
	}
	_, err := ewstest.ParseVersion("Exchange5.5")
	assert.ErrorContains(t, err, "Exchange2010_SP3")
}

func TestForbiddenCharactersComeAsReferences(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.Mailbox(alice).Deliver([]byte("Subject: =?utf-8?q?a=1Fb=0Bc?=\r\n\r\n"))
	answer := c.do(findXML(folderOf("inbox", alice), ""))
	assert.Equal(t, []string{"a&#x1F;b&#xB;c"}, texts(answer, "Subject"))
	folder := c.do(`<m:GetFolder><m:FolderShape>` + idOnly + `<t:AdditionalProperties><t:ExtendedFieldURI PropertyTag="0x66B5" PropertyType="String"/></t:AdditionalProperties></m:FolderShape><m:FolderIds>` + folderOf("inbox", alice) + `</m:FolderIds></m:GetFolder>`)
	assert.Equal(t, []string{"&#xFFFE;Inbox"}, texts(folder, "Value"))
}

func TestRequestsAreRecorded(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	big := strings.Repeat("x", 100_000)
	c.impersonating(quar).do(createXML(saveOnly, folderOf("inbox", ""), `<t:Message>`+mimeOf(big)+`<t:Subject>after</t:Subject></t:Message>`))
	seen := c.srv.Requests()
	require.Len(t, seen, 1)
	r := seen[0]
	assert.Equal(t, ews.OpCreateItem, r.Operation)
	assert.Equal(t, "svc@example.test", r.User)
	assert.Equal(t, quar, r.Impersonated)
	assert.Equal(t, "Exchange2013_SP1", r.Version)
	assert.Equal(t, "NoError", r.Code)
	assert.True(t, r.Acted)
	assert.Empty(t, r.Header.Get("Authorization"))
	assert.Less(t, len(r.Body), 4096)
	assert.Contains(t, string(r.Body), "<t:Subject>after</t:Subject>")
	assert.Contains(t, string(r.Body), "</s:Envelope>")
	c.srv.ResetRequests()
	assert.Empty(t, c.srv.Requests())
}
