package ews

// Operation is the name of an EWS operation, as it appears in the request.
type Operation string

// The operations of this package.
const (
	OpGetFolder    Operation = "GetFolder"
	OpFindFolder   Operation = "FindFolder"
	OpCreateFolder Operation = "CreateFolder"
	OpFindItem     Operation = "FindItem"
	OpGetItem      Operation = "GetItem"
	OpCreateItem   Operation = "CreateItem"
	OpUpdateItem   Operation = "UpdateItem"
	OpMoveItem     Operation = "MoveItem"
	OpCopyItem     Operation = "CopyItem"
	OpDeleteItem   Operation = "DeleteItem"
	OpExportItems  Operation = "ExportItems"
	OpUploadItems  Operation = "UploadItems"
	OpExpandDL     Operation = "ExpandDL"
	OpResolveNames Operation = "ResolveNames"
	OpConvertID    Operation = "ConvertId"

	OpSyncFolderHierarchy Operation = "SyncFolderHierarchy"
	OpSyncFolderItems     Operation = "SyncFolderItems"
	OpGetAttachment       Operation = "GetAttachment"
	OpCreateAttachment    Operation = "CreateAttachment"
	OpSendItem            Operation = "SendItem"
	OpSubscribe           Operation = "Subscribe"
	OpUnsubscribe         Operation = "Unsubscribe"
	OpGetEvents           Operation = "GetEvents"
	OpGetStreamingEvents  Operation = "GetStreamingEvents"
	OpMarkAsJunk          Operation = "MarkAsJunk"
)

// reads reports whether an operation changes nothing on the server.
func (op Operation) reads() bool {
	switch op {
	case OpGetFolder, OpFindFolder, OpFindItem, OpGetItem, OpExportItems, OpExpandDL, OpResolveNames, OpConvertID,
		OpSyncFolderHierarchy, OpSyncFolderItems, OpGetAttachment, OpGetEvents, OpGetStreamingEvents:
		return true
	}
	return false
}
