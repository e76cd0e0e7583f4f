package ews

// ErrorClass describes what a response code means for the caller.
type ErrorClass string

// The classes. A code that this package does not know has ClassUnknown.
const (
	ClassUnknown      ErrorClass = ""                    // not known to this package
	ClassOK           ErrorClass = "ok"                  // NoError
	ClassNothingToDo  ErrorClass = "ok-nothing-to-do"    // the state is already as requested
	ClassRefresh      ErrorClass = "retry-now-refreshed" // read the item again and repeat with its new change key
	ClassBackOff      ErrorClass = "backoff"             // repeat later
	ClassItem         ErrorClass = "item"                // permanent for this item
	ClassMailbox      ErrorClass = "mailbox"             // permanent for this mailbox
	ClassMailboxLater ErrorClass = "mailbox-long-retry"  // the mailbox may be back in hours, perhaps elsewhere
	ClassConfig       ErrorClass = "config"              // rights or configuration: stop and tell the administrator
	ClassRequest      ErrorClass = "request-bug"         // the request is wrong, or has the wrong version
	ClassAmbiguous    ErrorClass = "ambiguous"           // check the state before repeating
	ClassSkipped      ErrorClass = "skipped-in-batch"    // not attempted
)
