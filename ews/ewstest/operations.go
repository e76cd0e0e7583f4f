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
	"ApplyConversationAction": "actions on future messages (AlwaysCategorize, AlwaysDelete, AlwaysMove); SetRetentionPolicy",
	"FindConversation":        "views that start at a condition; the mailbox and its archive together; ReturnDeletedItems; Preview and the other properties that go beyond the messages",
	"GetConversationItems":    "SyncState; the mailbox and its archive together",
	"ConvertId":               "public folder ids",
	"CreateItem":              "replies in public folders (PostReplyItem); meeting responses with a body; of appointments, lists and tasks, all fields other than Start, End and DisplayName; of contacts, phone numbers, postal addresses, dates and pictures",
	"ExpandDL":                "distribution lists in a mailbox",
	"FindItem":                "ReturnDeletedItems; collapsible groups; recurring appointments",
	"GetItem":                 "of appointments, lists and tasks, all fields other than Start, End and DisplayName; of contacts, phone numbers, postal addresses, dates and pictures",
	"ResolveNames":            "contacts in a mailbox",
	"UpdateItem":              "of appointments, lists and tasks, all fields other than Start, End and DisplayName; of contacts, phone numbers, postal addresses, dates and pictures",
}
