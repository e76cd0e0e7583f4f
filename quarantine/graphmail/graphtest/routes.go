package graphtest

import (
	"net/http"
	"strings"
)

// Operations of the server.
const (
	OpListMessages         Operation = "ListMessages"
	OpCreateMessage        Operation = "CreateMessage"
	OpGetMessage           Operation = "GetMessage"
	OpUpdateMessage        Operation = "UpdateMessage"
	OpDeleteMessage        Operation = "DeleteMessage"
	OpGetMIME              Operation = "GetMIME"
	OpMoveMessage          Operation = "MoveMessage"
	OpCopyMessage          Operation = "CopyMessage"
	OpSendMessage          Operation = "SendMessage"
	OpPermanentDelete      Operation = "PermanentDelete"
	OpListAttachments      Operation = "ListAttachments"
	OpAddAttachment        Operation = "AddAttachment"
	OpCreateUploadSession  Operation = "CreateUploadSession"
	OpUploadRange          Operation = "UploadRange" // this and the next two at the import host
	OpGetUploadSession     Operation = "GetUploadSession"
	OpCancelUpload         Operation = "CancelUpload"
	OpGetAttachment        Operation = "GetAttachment"
	OpGetAttachmentContent Operation = "GetAttachmentContent"
	OpListFolders          Operation = "ListFolders"
	OpCreateFolder         Operation = "CreateFolder"
	OpDeltaFolders         Operation = "DeltaFolders"
	OpGetFolder            Operation = "GetFolder"
	OpUpdateFolder         Operation = "UpdateFolder"
	OpListChildFolders     Operation = "ListChildFolders"
	OpCreateChildFolder    Operation = "CreateChildFolder"
	OpListFolderMessages   Operation = "ListFolderMessages"
	OpCreateInFolder       Operation = "CreateInFolder"
	OpDeltaMessages        Operation = "DeltaMessages"
	OpTranslateIDs         Operation = "TranslateIDs"
	OpGetSettings          Operation = "GetSettings"
	OpExportItems          Operation = "ExportItems"
	OpCreateImportSession  Operation = "CreateImportSession"
	OpImportItem           Operation = "ImportItem" // at the import host
	OpListMailboxFolders   Operation = "ListMailboxFolders"
	OpGetMailboxFolder     Operation = "GetMailboxFolder"
	OpListMailboxChildren  Operation = "ListMailboxChildren"
	OpListMailboxItems     Operation = "ListMailboxItems"
	OpGetMailboxItem       Operation = "GetMailboxItem"
	OpListUsers            Operation = "ListUsers"
	OpGetUser              Operation = "GetUser"
	OpListGroups           Operation = "ListGroups"
	OpGetGroup             Operation = "GetGroup"
	OpListMembers          Operation = "ListMembers"
	OpListContacts         Operation = "ListContacts"
	OpBatch                Operation = "Batch"
)

// Permissions that several operations need.
var (
	readBasic = []string{"Mail.ReadBasic.All"}
	read      = []string{"Mail.Read"}
	write     = []string{"Mail.ReadWrite"}
	sending   = []string{"Mail.Send"}
	people    = []string{"User.Read.All"}
	members   = []string{"GroupMember.Read.All"}
)

// table returns the operations of the Graph host: name, method, path, permissions of
// which one suffices, query parameters, whether national clouds have it, and whether it
// changes something. The permissions are the least privileged ones of
// https://learn.microsoft.com/en-us/graph/permissions-reference.
func table() []route {
	split := func(path string) []string { return strings.Split(path, "/") }
	return []route{
		{OpListMessages, http.MethodGet, split("users/{user}/messages"), read, listParams, true, listMessages, false},
		{OpCreateMessage, http.MethodPost, split("users/{user}/messages"), write, nil, true, createMessage, true},
		{OpGetMessage, http.MethodGet, split("users/{user}/messages/{message}"), read, oneParams, true, getMessage, false},
		{OpUpdateMessage, http.MethodPatch, split("users/{user}/messages/{message}"), write, nil, true, updateMessage, true},
		{OpDeleteMessage, http.MethodDelete, split("users/{user}/messages/{message}"), write, nil, true, deleteMessage, true},
		{OpGetMIME, http.MethodGet, split("users/{user}/messages/{message}/$value"), read, nil, true, getMIME, false},
		{OpMoveMessage, http.MethodPost, split("users/{user}/messages/{message}/move"), write, nil, true, moveMessage, true},
		{OpCopyMessage, http.MethodPost, split("users/{user}/messages/{message}/copy"), write, nil, true, copyMessage, true},
		{OpSendMessage, http.MethodPost, split("users/{user}/messages/{message}/send"), sending, nil, true, sendMessage, true},
		{OpPermanentDelete, http.MethodPost, split("users/{user}/messages/{message}/permanentDelete"), write, nil, false, permanentDelete, true},
		{OpListAttachments, http.MethodGet, split("users/{user}/messages/{message}/attachments"), read, listParams, true, listAttachments, false},
		{OpAddAttachment, http.MethodPost, split("users/{user}/messages/{message}/attachments"), write, nil, true, addAttachment, true},
		{OpCreateUploadSession, http.MethodPost, split("users/{user}/messages/{message}/attachments/createUploadSession"), write, nil, true, createUploadSession, true},
		{OpGetAttachment, http.MethodGet, split("users/{user}/messages/{message}/attachments/{attachment}"), read, oneParams, true, getAttachment, false},
		{OpGetAttachmentContent, http.MethodGet, split("users/{user}/messages/{message}/attachments/{attachment}/$value"), read, nil, true, getAttachmentContent, false},
		{OpListFolders, http.MethodGet, split("users/{user}/mailFolders"), readBasic, folderParams, true, listFolders, false},
		{OpCreateFolder, http.MethodPost, split("users/{user}/mailFolders"), write, nil, true, createFolder, true},
		{OpDeltaFolders, http.MethodGet, split("users/{user}/mailFolders/delta"), readBasic, deltaParams, true, deltaFolders, false},
		{OpGetFolder, http.MethodGet, split("users/{user}/mailFolders/{folder}"), readBasic, oneParams, true, getFolder, false},
		{OpUpdateFolder, http.MethodPatch, split("users/{user}/mailFolders/{folder}"), write, nil, true, updateFolder, true},
		{OpListChildFolders, http.MethodGet, split("users/{user}/mailFolders/{folder}/childFolders"), readBasic, folderParams, true, listChildFolders, false},
		{OpCreateChildFolder, http.MethodPost, split("users/{user}/mailFolders/{folder}/childFolders"), write, nil, true, createChildFolder, true},
		{OpListFolderMessages, http.MethodGet, split("users/{user}/mailFolders/{folder}/messages"), read, listParams, true, listFolderMessages, false},
		{OpCreateInFolder, http.MethodPost, split("users/{user}/mailFolders/{folder}/messages"), write, nil, true, createInFolder, true},
		{OpDeltaMessages, http.MethodGet, split("users/{user}/mailFolders/{folder}/messages/delta"), readBasic, deltaParams, true, deltaMessages, false},
		{OpGetMessage, http.MethodGet, split("users/{user}/mailFolders/{folder}/messages/{message}"), read, oneParams, true, getMessage, false},
		{OpTranslateIDs, http.MethodPost, split("users/{user}/translateExchangeIds"), people, nil, true, translateExchangeIds, false},
		{OpGetSettings, http.MethodGet, split("users/{user}/settings/exchange"), []string{"User.Read.All", "MailboxSettings.Read"}, nil, true, getSettings, false},
		{OpExportItems, http.MethodPost, split("admin/exchange/mailboxes/{mailbox}/exportItems"), []string{"MailboxItem.Export.All"}, nil, false, exportItems, false},
		{OpCreateImportSession, http.MethodPost, split("admin/exchange/mailboxes/{mailbox}/createImportSession"), []string{"MailboxItem.ImportExport.All"}, nil, false, createImportSession, false},
		{OpListMailboxFolders, http.MethodGet, split("admin/exchange/mailboxes/{mailbox}/folders"), []string{"MailboxFolder.Read.All"}, folderParams, false, listMailboxFolders, false},
		{OpGetMailboxFolder, http.MethodGet, split("admin/exchange/mailboxes/{mailbox}/folders/{folder}"), []string{"MailboxFolder.Read.All"}, oneParams, false, getMailboxFolder, false},
		{OpListMailboxChildren, http.MethodGet, split("admin/exchange/mailboxes/{mailbox}/folders/{folder}/childFolders"), []string{"MailboxFolder.Read.All"}, folderParams, false, listMailboxChildren, false},
		{OpListMailboxItems, http.MethodGet, split("admin/exchange/mailboxes/{mailbox}/folders/{folder}/items"), []string{"MailboxItem.Read.All"}, listParams, false, listMailboxItems, false},
		{OpGetMailboxItem, http.MethodGet, split("admin/exchange/mailboxes/{mailbox}/folders/{folder}/items/{item}"), []string{"MailboxItem.Read.All"}, oneParams, false, getMailboxItem, false},
		{OpListUsers, http.MethodGet, split("users"), people, directoryParams, true, listUsers, false},
		{OpGetUser, http.MethodGet, split("users/{user}"), people, oneParams, true, getUser, false},
		{OpListGroups, http.MethodGet, split("groups"), members, directoryParams, true, listGroups, false},
		{OpGetGroup, http.MethodGet, split("groups/{group}"), members, oneParams, true, getGroup, false},
		{OpListMembers, http.MethodGet, split("groups/{group}/members"), members, directoryParams, true, listDirectMembers, false},
		{OpListMembers, http.MethodGet, split("groups/{group}/transitiveMembers"), members, directoryParams, true, listMembers, false},
		{OpListMembers, http.MethodGet, split("groups/{group}/transitiveMembers/{kind}"), members, directoryParams, true, listMembers, false},
		{OpListContacts, http.MethodGet, split("contacts"), []string{"OrgContact.Read.All"}, directoryParams, true, listContacts, false},
		{OpBatch, http.MethodPost, split("$batch"), nil, nil, true, nil, false},
	}
}
