package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// scene is a mailbox with one of each thing that requests can be about.
type scene struct {
	*caller
	box                             *ewstest.Mailbox
	folder                          *ewstest.Folder
	item, draft                     *ewstest.Message
	attachment, pull, mark, streams string
	data, conversation              string
}

const ann = "ann@example.test"

// newScene sets up a mailbox with an archive, whose owner sends the requests.
func newScene(t *testing.T, opts ewstest.Options) *scene {
	t.Helper()
	srv := ewstest.NewServer(&opts)
	t.Cleanup(srv.Close)
	s := &scene{caller: &caller{t: t, srv: srv, user: ann, version: "Exchange2010_SP1"}}
	s.box = s.srv.AddMailbox(ann, &ewstest.MailboxOptions{Archive: true})
	s.folder = s.box.AddFolder(nil, "Folder")
	s.box.AddFolder(s.folder, "Below")
	s.item = s.box.Deliver([]byte(withAttachment))
	shown := s.do(getItemXML(full, itemID(s.item)))
	s.attachment, s.conversation = attrs(shown, "AttachmentId", "Id")[0], attrs(shown, "ConversationId", "Id")[0]
	s.data = texts(s.do(exportXML(itemID(s.item))), "Data")[0]
	made := s.do(createXML(saveOnly, "", `<t:Message><t:Subject>draft</t:Subject><t:ToRecipients>`+mailboxXML+`</t:ToRecipients></t:Message>`))
	require.Equal(t, []string{"NoError"}, codes(made))
	s.draft = s.box.Folder(ews.FolderDrafts).Messages()[0]
	p := pull(s.caller, pullXML())
	s.pull, s.mark = p.id, p.watermark
	s.streams = streaming(s.caller)
	return s
}

// sampleRequest is a request that is answered with NoError, and whether it changes the
// server's state.
type sampleRequest struct {
	of   func(*scene) string
	acts bool
}

// sampleRequests holds a request for every operation.
var sampleRequests = map[ews.Operation]sampleRequest{
	"ApplyConversationAction": {func(s *scene) string {
		return actXML(`<t:Action>Move</t:Action>`, s.conversation, `<t:DestinationFolderId>`+folderOf("drafts", "")+`</t:DestinationFolderId>`)
	}, true},
	"ArchiveItem": {func(s *scene) string {
		return `<m:ArchiveItem><m:ArchiveSourceFolderId>` + folderOf("inbox", "") + `</m:ArchiveSourceFolderId><m:ItemIds>` + itemID(s.item) + `</m:ItemIds></m:ArchiveItem>`
	}, true},
	"ConvertId": {func(s *scene) string { return convertXML("OwaId", alternateID("EwsId", s.item.ID.ID, ann)) }, false},
	"CopyFolder": {func(s *scene) string {
		return carryFolderXML("CopyFolder", folderOf("inbox", ""), folderIDXML(s.folder))
	}, true},
	"CopyItem": {func(s *scene) string {
		return strings.ReplaceAll(moveXML(folderOf("drafts", ""), itemID(s.item)), "MoveItem", "CopyItem")
	}, true},
	"CreateAttachment": {func(s *scene) string { return attachXML(`Id="`+s.item.ID.ID+`"`, fileXML("a.jpg", "a")) }, true},
	"CreateFolder": {func(s *scene) string {
		return createFolderXML(folderOf("inbox", ""), `<t:Folder><t:DisplayName>new</t:DisplayName></t:Folder>`)
	}, true},
	"CreateFolderPath": {func(s *scene) string {
		return `<m:CreateFolderPath><m:ParentFolderId>` + folderOf("inbox", "") + `</m:ParentFolderId><m:RelativeFolderPath><t:Folder><t:DisplayName>new</t:DisplayName></t:Folder></m:RelativeFolderPath></m:CreateFolderPath>`
	}, true},
	"CreateItem":       {func(s *scene) string { return createXML(saveOnly, "", `<t:Message>`+mimeOf(plain)+`</t:Message>`) }, true},
	"DeleteAttachment": {func(s *scene) string { return detachXML(s.attachment) }, true},
	"DeleteFolder": {func(s *scene) string {
		return `<m:DeleteFolder DeleteType="SoftDelete"><m:FolderIds>` + folderIDXML(s.folder) + `</m:FolderIds></m:DeleteFolder>`
	}, true},
	"DeleteItem": {func(s *scene) string { return deleteXML("SoftDelete", "", itemID(s.item)) }, true},
	"EmptyFolder": {func(s *scene) string {
		return `<m:EmptyFolder DeleteType="SoftDelete" DeleteSubFolders="true"><m:FolderIds>` + folderIDXML(s.folder) + `</m:FolderIds></m:EmptyFolder>`
	}, true},
	"ExpandDL": {func(s *scene) string {
		return `<m:ExpandDL><m:Mailbox><t:EmailAddress>all-staff@example.test</t:EmailAddress></m:Mailbox></m:ExpandDL>`
	}, false},
	"ExportItems":          {func(s *scene) string { return exportXML(itemID(s.item)) }, false},
	"FindConversation":     {func(s *scene) string { return findConversationXML("", folderOf("inbox", ""), "") }, false},
	"FindFolder":           {func(s *scene) string { return findFolderXML("Deep", folderOf("root", ""), "") }, false},
	"FindItem":             {func(s *scene) string { return findXML(folderOf("inbox", ""), "") }, false},
	"GetAttachment":        {func(s *scene) string { return getAttachmentXML("", s.attachment) }, false},
	"GetConversationItems": {func(s *scene) string { return conversationItemsXML("", s.conversation) }, false},
	"GetEvents":            {func(s *scene) string { return getEventsXML(s.pull, s.mark) }, false},
	"GetFolder":            {func(s *scene) string { return getFolderXML(full, folderIDXML(s.folder)) }, false},
	"GetItem":              {func(s *scene) string { return getItemXML(full, itemID(s.item)) }, false},
	"GetServerTimeZones":   {func(s *scene) string { return zonesXML(` ReturnFullTimeZoneData="true"`, "UTC") }, false},
	"GetStreamingEvents":   {func(s *scene) string { return streamXML(1, s.streams) }, false},
	"MarkAllItemsAsRead":   {func(s *scene) string { return markAllXML("true", "true", folderOf("inbox", "")) }, true},
	"MarkAsJunk":           {func(s *scene) string { return markJunkXML("true", "true", itemID(s.item)) }, true},
	"MoveFolder": {func(s *scene) string {
		return carryFolderXML("MoveFolder", folderOf("inbox", ""), folderIDXML(s.folder))
	}, true},
	"MoveItem": {func(s *scene) string { return moveXML(folderOf("drafts", ""), itemID(s.item)) }, true},
	"ResolveNames": {func(s *scene) string {
		return `<m:ResolveNames ReturnFullContactData="true"><m:UnresolvedEntry>bob@example.test</m:UnresolvedEntry></m:ResolveNames>`
	}, false},
	"SendItem":            {func(s *scene) string { return sendXML("true", "", itemID(s.draft)) }, true},
	"Subscribe":           {func(s *scene) string { return pullXML() }, true},
	"SyncFolderHierarchy": {func(s *scene) string { return hierarchyXML("", "") }, false},
	"SyncFolderItems": {func(s *scene) string {
		y := &syncer{caller: s.caller, folder: folderOf("inbox", ""), shape: idOnly, max: 10}
		return y.request()
	}, false},
	"Unsubscribe": {func(s *scene) string {
		return `<m:Unsubscribe><m:SubscriptionId>` + s.pull + `</m:SubscriptionId></m:Unsubscribe>`
	}, true},
	"UpdateFolder": {func(s *scene) string {
		return updateFolderXML(folderIDXML(s.folder), setFolder("folder:DisplayName", `<t:DisplayName>other</t:DisplayName>`))
	}, true},
	"UpdateItem": {func(s *scene) string {
		return updateXML("AlwaysOverwrite", `SuppressReadReceipts="true"`, itemID(s.item), setField("item:Subject", `<t:Subject>x</t:Subject>`))
	}, true},
	"UploadItems": {func(s *scene) string { return uploadXML("CreateNew", s.folder, "", s.data) }, true},
}
