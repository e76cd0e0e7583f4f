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
	"ApplyConversationAction": applyConversationAction,
	"ArchiveItem":             archiveItem,
	"ConvertId":               convertID,
	"CopyFolder":              copyFolder,
	"CopyItem":                copyItem,
	"CreateAttachment":        createAttachment,
	"CreateFolder":            createFolder,
	"CreateFolderPath":        createFolderPath,
	"CreateItem":              createItem,
	"DeleteAttachment":        deleteAttachment,
	"DeleteFolder":            deleteFolder,
	"DeleteItem":              deleteItem,
	"EmptyFolder":             emptyFolder,
	"ExpandDL":                expandDL,
	"ExportItems":             exportItems,
	"FindConversation":        findConversation,
	"FindFolder":              findFolder,
	"FindItem":                findItem,
	"GetAttachment":           getAttachment,
	"GetConversationItems":    getConversationItems,
	"GetEvents":               getEvents,
	"GetFolder":               getFolder,
	"GetItem":                 getItem,
	"GetServerTimeZones":      getServerTimeZones,
	"GetStreamingEvents":      getStreamingEvents,
	"MarkAllItemsAsRead":      markAllItemsAsRead,
	"MarkAsJunk":              markAsJunk,
	"MoveFolder":              moveFolder,
	"MoveItem":                moveItem,
	"ResolveNames":            resolveNames,
	"SendItem":                sendItem,
	"Subscribe":               subscribe,
	"SyncFolderHierarchy":     syncFolderHierarchy,
	"SyncFolderItems":         syncFolderItems,
	"Unsubscribe":             unsubscribe,
	"UpdateFolder":            updateFolder,
	"UpdateItem":              updateItem,
	"UploadItems":             uploadItems,
}

// batchFatal are the errors after which a server stops processing a batch.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode.
var batchFatal = map[ews.ResponseCode]bool{
	"ErrorAccessDenied": true, "ErrorAccountDisabled": true, "ErrorADUnavailable": true,
	"ErrorADOperation": true, "ErrorConnectionFailed": true, "ErrorMailboxStoreUnavailable": true,
	"ErrorMailboxMoveInProgress": true, "ErrorPasswordChangeRequired": true, "ErrorPasswordExpired": true,
	"ErrorQuotaExceeded": true, "ErrorInsufficientResources": true,
}

// maxAnswer is the size of an answer, without large content, at which a batch ends:
// otherwise a request that names a large item many times would cost many times as much.
const maxAnswer = 128 << 20

// batch handles the members of a request one by one. f returns a function that writes the
// content of the response message, or a refusal. Policies act after all of them, before
// the answer is sent.
func (c *call) batch(members []*ewsschema.Node, f func(*ewsschema.Node) (body func(), refused *refusal)) {
	stopped := false
	for i, n := range members {
		if c.only != nil && !c.only[i] {
			continue
		}
		if stopped {
			if c.timedOut {
				c.skipped()
			}
			c.out.refused(refuse("ErrorBatchProcessingStopped"))
			continue
		}
		if refused := c.paced(i); refused != nil {
			c.out.refused(refused)
			c.timedOut = refused.code == "ErrorTimeoutExpired"
			stopped = c.timedOut
			continue
		}
		if len(c.out.Bytes()) >= maxAnswer {
			c.out.refused(refuse("ErrorInsufficientResources"))
			stopped = true
			continue
		}
		c.between(i)
		c.member = i
		size := c.out.size()
		body, refused, times := c.one(n, f)
		for range times {
			if refused != nil {
				c.out.refused(refused)
			} else {
				c.out.success(body)
			}
		}
		c.spend(i, n, size)
		stopped = refused != nil && batchFatal[refused.code]
	}
	c.settle("during call " + strconv.Itoa(c.turn.entry.n+1) + " (" + c.request.Name + ")")
}

// one processes a member of a batch, or fails as a fault demands. It also returns how
// many response messages the member gets.
func (c *call) one(n *ewsschema.Node, f func(*ewsschema.Node) (func(), *refusal)) (body func(), refused *refusal, times int) {
	if len(c.rules) == 0 {
		body, refused = f(n)
		return body, refused, 1
	}
	about := c.subject(n)
	if fault, ok := c.strikes(func(x Fault) bool {
		return x.kind == faultMember && (x.scope != scopeByID || c.idOf(n) != nil)
	}, about...); ok {
		c.despite(fault, n, f)
		return nil, fault.refusal(), 1
	}
	if fault, ok := c.strikes(is(faultNoReply), about...); ok {
		c.despite(fault, n, f)
		c.out.spoilt = true // the schema requires at least one
		return nil, nil, 0
	}
	body, refused = f(n)
	if _, ok := c.strikes(is(faultTwice), about...); ok {
		return body, refused, 2
	}
	return body, refused, 1
}

// despite acts on a member although its answer does not show it, if the fault says so.
func (c *call) despite(fault Fault, n *ewsschema.Node, f func(*ewsschema.Node) (func(), *refusal)) {
	switch {
	case fault.acted:
		f(n)
		c.unopened = true
	case fault.postponed():
		c.waiting = append(c.waiting, lateAct{fault, map[int]bool{c.member: true}})
	}
}

// schema returns the schema version of the request.
func (c *call) schema() ewsschema.Version { return c.request.Version }
