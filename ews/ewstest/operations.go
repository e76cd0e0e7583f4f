package ewstest

import (
	"maps"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// Operation is an operation that a [Server] supports.
type Operation struct {
	Name ews.Operation
	// Since is the first version of a server that has it.
	Since Version
	// Lacks lists what a real server does in the operation but ewstest does not, which is
	// refused with ErrorInvalidOperation. Empty: nothing known.
	Lacks string
}

// Operations returns the operations that a server supports, sorted by name. A server
// refuses all others of the protocol with the fault ErrorInvalidOperation, which names
// the operation, and those that its version does not have with ErrorSchemaValidation. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/ews-operations-in-exchange.
func Operations() []Operation {
	all := make([]Operation, 0, len(operations))
	for _, name := range slices.Sorted(maps.Keys(operations)) {
		since, _ := ewsschema.Introduced(name)
		v := Exchange2010SP3
		for versions[v].schema < since {
			v++
		}
		all = append(all, Operation{Name: ews.Operation(name), Since: v, Lacks: lacking[name]})
	}
	return all
}

// lacking describes what operations do not do.
var lacking = map[string]string{
	"ApplyConversationAction": "actions on messages to come (AlwaysCategorize, AlwaysDelete, AlwaysMove); SetRetentionPolicy",
	"FindConversation":        "views that begin where a condition is met; the archive together with the mailbox; ReturnDeletedItems; Preview and the other properties that are about more than the messages",
	"GetConversationItems":    "SyncState; the archive together with the mailbox",
	"ConvertId":               "ids of public folders",
	"CreateItem":              "answers in public folders (PostReplyItem); answers to meetings with a text; fields of appointments, lists and tasks but Start, End and DisplayName; of contacts, numbers, postal addresses, dates and pictures",
	"ExpandDL":                "lists in a mailbox",
	"FindItem":                "ReturnDeletedItems; groups that collapse; series of appointments",
	"GetItem":                 "fields of appointments, lists and tasks but Start, End and DisplayName; of contacts, numbers, postal addresses, dates and pictures",
	"ResolveNames":            "contacts in a mailbox",
	"UpdateItem":              "fields of appointments, lists and tasks but Start, End and DisplayName; of contacts, numbers, postal addresses, dates and pictures",
}
