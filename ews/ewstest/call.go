package ewstest

import (
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// call is an operation in progress. The server's lock is held.
type call struct {
	*Server
	*turn
	who *caller
	op  *ewsschema.Node
	out *reply
}

// operations are the supported operations. They return a refusal only to refuse
// the whole request.
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

// batchFatal are the errors after which a server stops processing a batch.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode.
var batchFatal = map[ews.ResponseCode]bool{
	"ErrorAccessDenied": true, "ErrorAccountDisabled": true, "ErrorADUnavailable": true,
	"ErrorADOperation": true, "ErrorConnectionFailed": true, "ErrorMailboxStoreUnavailable": true,
	"ErrorMailboxMoveInProgress": true, "ErrorPasswordChangeRequired": true, "ErrorPasswordExpired": true,
	"ErrorQuotaExceeded": true, "ErrorInsufficientResources": true,
}

// batch handles the members of a request one by one. f returns a function that
// writes the content of the response message, or a refusal. What policies do about it
// comes after all of them, before the answer leaves.
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
	c.settle("during call " + strconv.Itoa(c.turn.entry.n+1) + " (" + c.request.Name + ")")
}

// schema returns the schema version of the request.
func (c *call) schema() ewsschema.Version { return c.request.Version }
