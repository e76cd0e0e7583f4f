package ewsschema_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVersionNames(t *testing.T) {
	t.Parallel()
	for v := ewsschema.Exchange2007; v <= ewsschema.V20180108; v++ {
		got, ok := ewsschema.ParseVersion(v.String())
		assert.True(t, ok, v)
		assert.Equal(t, v, got)
	}
	for _, name := range []string{"", "Exchange2019", "exchange2013", "V2_23"} {
		_, ok := ewsschema.ParseVersion(name)
		assert.False(t, ok, name)
	}
	assert.Equal(t, "Version(0)", ewsschema.Version(0).String())
	assert.Equal(t, "Version(99)", ewsschema.Version(99).String())
}

// Each request is refused by the version before, and accepted by the named one
// and all later ones.
func TestVersionGates(t *testing.T) {
	t.Parallel()
	folder := func(name string) string {
		return `<m:FindItem Traversal="Shallow">` + shape + strings.ReplaceAll(inbox, "inbox", name) + `</m:FindItem>`
	}
	property := func(uri string) string {
		return `<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:FieldURI FieldURI="` + uri + `"/></t:AdditionalProperties></m:ItemShape>` + ids + `</m:GetItem>`
	}
	message := func(content string) string {
		return `<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:Message>` + content + `</t:Message></m:Items></m:CreateItem>`
	}
	tests := map[string]struct {
		since ewsschema.Version
		body  string
	}{
		"inbox":                          {ewsschema.Exchange2007, folder("inbox")},
		"publicfoldersroot":              {ewsschema.Exchange2007SP1, folder("publicfoldersroot")},
		"recoverableitemsdeletions":      {ewsschema.Exchange2010SP1, folder("recoverableitemsdeletions")},
		"archivemsgfolderroot":           {ewsschema.Exchange2010SP1, folder("archivemsgfolderroot")},
		"syncissues":                     {ewsschema.Exchange2013, folder("syncissues")},
		"archiveinbox":                   {ewsschema.Exchange2013SP1, folder("archiveinbox")},
		"recoverableitemsdiscoveryholds": {ewsschema.Exchange2013SP1, folder("recoverableitemsdiscoveryholds")},
		"mecontact":                      {ewsschema.Exchange2016, folder("mecontact")},
		"archive":                        {ewsschema.V20170711, folder("archive")},
		"ConvertId":                      {ewsschema.Exchange2007SP1, `<m:ConvertId DestinationFormat="EwsId"><m:SourceIds><t:AlternateId Format="EntryId" Id="A" Mailbox="a"/></m:SourceIds></m:ConvertId>`},
		"ExportItems":                    {ewsschema.Exchange2010SP1, `<m:ExportItems>` + ids + `</m:ExportItems>`},
		"UploadItems":                    {ewsschema.Exchange2010SP1, `<m:UploadItems><m:Items><t:Item CreateAction="CreateNew"><t:ParentFolderId Id="A"/><t:Data>AQID</t:Data></t:Item></m:Items></m:UploadItems>`},
		"EmptyFolder":                    {ewsschema.Exchange2010SP1, `<m:EmptyFolder DeleteType="HardDelete" DeleteSubFolders="false"><m:FolderIds><t:FolderId Id="A"/></m:FolderIds></m:EmptyFolder>`},
		"MarkAsJunk":                     {ewsschema.Exchange2013, `<m:MarkAsJunk IsJunk="true" MoveItem="true">` + ids + `</m:MarkAsJunk>`},
		"associated items":               {ewsschema.Exchange2010, `<m:FindItem Traversal="Associated">` + shape + inbox + `</m:FindItem>`},
		"query":                          {ewsschema.Exchange2010, `<m:FindItem Traversal="Shallow">` + shape + inbox + `<m:QueryString>x</m:QueryString></m:FindItem>`},
		"new ids":                        {ewsschema.Exchange2010SP1, `<m:MoveItem><m:ToFolderId><t:FolderId Id="A"/></m:ToFolderId>` + ids + `<m:ReturnNewItemIds>true</m:ReturnNewItemIds></m:MoveItem>`},
		"receipts, deleting":             {ewsschema.Exchange2013, `<m:DeleteItem DeleteType="HardDelete" SuppressReadReceipts="true">` + ids + `</m:DeleteItem>`},
		"receipts, updating":             {ewsschema.Exchange2013, `<m:UpdateItem ConflictResolution="AutoResolve" SuppressReadReceipts="true"><m:ItemChanges><t:ItemChange><t:ItemId Id="A"/><t:Updates><t:DeleteItemField><t:FieldURI FieldURI="item:Subject"/></t:DeleteItemField></t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`},
		"receipts, response object":      {ewsschema.Exchange2007, `<m:CreateItem><m:Items><t:SuppressReadReceipt><t:ReferenceItemId Id="A"/></t:SuppressReadReceipt></m:Items></m:CreateItem>`},
		"flag":                           {ewsschema.Exchange2013, message(`<t:Flag><t:FlagStatus>Flagged</t:FlagStatus></t:Flag>`)},
		"attachment in a message":        {ewsschema.Exchange2007, message(`<t:Attachments><t:FileAttachment><t:Name>a</t:Name></t:FileAttachment></t:Attachments>`)},
		"inline attachment":              {ewsschema.Exchange2010, message(`<t:Attachments><t:FileAttachment><t:IsInline>true</t:IsInline></t:FileAttachment></t:Attachments>`)},
		"item:Flag":                      {ewsschema.Exchange2013, property("item:Flag")},
		"item:StoreEntryId":              {ewsschema.Exchange2010SP2, property("item:StoreEntryId")},
		"item:ConversationId":            {ewsschema.Exchange2010, property("item:ConversationId")},
		"item:LastModifiedTime":          {ewsschema.Exchange2007SP1, property("item:LastModifiedTime")},
		"item:MimeContentUTF8":           {ewsschema.Exchange2016, property("item:MimeContentUTF8")},
		"message:InternetMessageId":      {ewsschema.Exchange2007, property("message:InternetMessageId")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for v := ewsschema.Exchange2007; v <= ewsschema.V20180108; v++ {
				req, err := parse(envelope(v.String(), "", tt.body), ewsschema.V20180108)
				if v < tt.since {
					e, ok := errors.AsType[*ewsschema.OutdatedError](err)
					require.True(t, ok, "%v: error is %v", v, err)
					assert.Equal(t, [2]ewsschema.Version{v, ewsschema.V20180108}, [2]ewsschema.Version{e.Version, e.Newest})
					_, err = parse(envelope(v.String(), "", tt.body), v)
					_, ok = errors.AsType[*ewsschema.Violation](err)
					assert.True(t, ok, "of a server of %v: error is %v", v, err)
					continue
				}
				if assert.NoError(t, err, v) {
					assert.Equal(t, v, req.Version)
				}
			}
		})
	}
}

func TestVersionOfServer(t *testing.T) {
	t.Parallel()
	body := `<m:GetItem>` + shape + ids + `</m:GetItem>`
	for _, name := range []string{"Exchange2013_SP1", "Exchange2016", "Exchange2019", "V2_23", ""} {
		request := strings.Replace(envelope("?", "", body), `"?"`, `"`+name+`"`, 1)
		_, err := parse(request, ewsschema.Exchange2013)
		e, ok := errors.AsType[*ewsschema.VersionError](err)
		if assert.True(t, ok, "%s: error is %v", name, err) {
			assert.Equal(t, name, e.Value)
			assert.Contains(t, e.Error(), name)
		}
	}
	for _, name := range []string{"Exchange2007", "Exchange2010_SP2", "Exchange2013"} {
		_, err := parse(envelope(name, "", body), ewsschema.Exchange2013)
		assert.NoError(t, err, name)
	}
}

// The build of the server, not the version of the request, decides whether receipts
// can be suppressed.
func TestAttributesOfTheBuild(t *testing.T) {
	t.Parallel()
	body := envelope("Exchange2013", "", `<m:DeleteItem DeleteType="HardDelete" SuppressReadReceipts="true">`+ids+`</m:DeleteItem>`)
	_, err := parse(body, ewsschema.Exchange2013)
	_, violated := errors.AsType[*ewsschema.Violation](err)
	assert.True(t, violated, "error is %v", err)
	for _, server := range []ewsschema.Version{ewsschema.Exchange2013SP1, ewsschema.Exchange2016, ewsschema.V20180108} {
		_, err := parse(body, server)
		assert.NoError(t, err, server)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	body := `<m:GetItem>` + shape + ids + `</m:GetItem>`
	impersonation := func(content string) string {
		return `<t:ExchangeImpersonation><t:ConnectingSID>` + content + `</t:ConnectingSID></t:ExchangeImpersonation>`
	}
	accepted := map[string]string{
		"impersonation":           impersonation(`<t:PrincipalName>a@example.test</t:PrincipalName>`),
		"SOAP attribute":          `<t:MailboxCulture s:mustUnderstand="0">de-DE</t:MailboxCulture>`,
		"unknown header":          `<t:Weather><t:Sunny/></t:Weather>`,
		"header of another space": `<To xmlns="http://www.w3.org/2005/08/addressing">x</To><To xmlns="http://www.w3.org/2005/08/addressing">x</To>`,
		"header of later version": `<t:ManagementRole><t:Nonsense/></t:ManagementRole>`,
	}
	for name, header := range accepted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(envelope("Exchange2010_SP2", header, body), ewsschema.Exchange2016)
			assert.NoError(t, err)
		})
	}
	refused := map[string]string{
		"no way":         impersonation(``),
		"two ways":       impersonation(`<t:SmtpAddress>a@example.test</t:SmtpAddress><t:SID>S-1</t:SID>`),
		"empty name":     impersonation(`<t:SmtpAddress/>`),
		"wrong space":    impersonation(`<m:SmtpAddress>a</m:SmtpAddress>`),
		"culture":        `<t:MailboxCulture>German (Germany)</t:MailboxCulture>`,
		"precision":      `<t:DateTimePrecision>Days</t:DateTimePrecision>`,
		"time zone":      `<t:TimeZoneContext/>`,
		"no such detail": `<t:MailboxCulture x="1">de</t:MailboxCulture>`,
	}
	for name, header := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(envelope("Exchange2013", header, body), ewsschema.Exchange2016)
			_, ok := errors.AsType[*ewsschema.Violation](err)
			assert.True(t, ok, "error is %v", err)
		})
	}
	t.Run("twice", func(t *testing.T) {
		t.Parallel()
		_, err := parse(envelope("Exchange2013", strings.Repeat(`<t:MailboxCulture>de</t:MailboxCulture>`, 2), body), ewsschema.Exchange2016)
		e, ok := errors.AsType[*ewsschema.HeaderError](err)
		require.True(t, ok, "error is %v", err)
		assert.Equal(t, "MailboxCulture", e.Local)
		assert.Contains(t, e.Error(), "MailboxCulture")
	})
}

func TestOperationsWithoutModel(t *testing.T) {
	t.Parallel()
	req, err := parse(envelope("Exchange2013", "", `<m:GetUserPhoto><m:Anything/></m:GetUserPhoto>`), ewsschema.Exchange2016)
	require.NoError(t, err)
	assert.Equal(t, "GetUserPhoto", req.Name)
	assert.False(t, req.Modelled)
	assert.Equal(t, xmlwire.SpaceMessages, req.Operation.Space)
	assert.True(t, req.Operation.Child("Anything").Exists())
}
