package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// call is an operation at work. The lock of the server is held.
type call struct {
	*Server
	*turn
	who *caller
	op  *ewsschema.Node
	out *reply
}

// operations are those the server has. They return a refusal only for the whole
// request.
var operations = map[string]func(*call) *refusal{
	"ConvertId":        convertID,
	"CopyItem":         copyItem,
	"CreateFolder":     createFolder,
	"CreateFolderPath": createFolderPath,
	"CreateItem":       createItem,
	"DeleteFolder":     deleteFolder,
	"DeleteItem":       deleteItem,
	"EmptyFolder":      emptyFolder,
	"ExpandDL":         expandDL,
	"ExportItems":      exportItems,
	"FindFolder":       findFolder,
	"FindItem":         findItem,
	"GetAttachment":    getAttachment,
	"GetFolder":        getFolder,
	"GetItem":          getItem,
	"MoveFolder":       moveFolder,
	"MoveItem":         moveItem,
	"ResolveNames":     resolveNames,
	"UpdateFolder":     updateFolder,
	"UpdateItem":       updateItem,
	"UploadItems":      uploadItems,
}

// batchFatal are the errors after which a server does not go on with a batch.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode.
var batchFatal = map[ews.ResponseCode]bool{
	"ErrorAccessDenied": true, "ErrorAccountDisabled": true, "ErrorADUnavailable": true,
	"ErrorADOperation": true, "ErrorConnectionFailed": true, "ErrorMailboxStoreUnavailable": true,
	"ErrorMailboxMoveInProgress": true, "ErrorPasswordChangeRequired": true, "ErrorPasswordExpired": true,
	"ErrorQuotaExceeded": true, "ErrorInsufficientResources": true,
}

// batch handles the members of a request one after the other. f returns what
// the response message holds, or an error.
func (c *call) batch(members []*ewsschema.Node, f func(*ewsschema.Node) (body func(), refused *refusal)) {
	stopped := false
	for i, n := range members {
		if stopped {
			c.out.refused(refuse("ErrorBatchProcessingStopped"))
			continue
		}
		refused := c.strike(i)
		var body func()
		if refused == nil {
			body, refused = f(n)
		}
		if refused != nil {
			c.out.refused(refused)
			stopped = batchFatal[refused.code]
			continue
		}
		c.out.success(body)
	}
}

// schema is the version the request is written in.
func (c *call) schema() ewsschema.Version { return c.request.Version }
