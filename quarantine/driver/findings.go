package driver

// Searched is a folder that was searched to its end.
type Searched struct {
	Folder Folder `json:"folder"`
	Pages  int    `json:"pages"` // that the server gave, up to the last one
	Hits   int    `json:"hits"`
}

// Unsearched is a folder that could not be searched, or a message in it that
// could not be looked into.
type Unsearched struct {
	Folder Folder `json:"folder"`
	Cause  Cause  `json:"cause"`
	Reason string `json:"reason"`
}

// Cause says why a call failed, or why a folder could not be searched.
type Cause string

// Causes. In a receipt, only the first four stand.
const (
	CauseNotFound     Cause = "notFound"     // it is gone, or not visible to the account
	CauseNoPermission Cause = "noPermission" // the account may not look into it
	CauseUnreachable  Cause = "unreachable"  // the server, or the store it is in, did not answer
	CauseUndecided    Cause = "undecided"    // it was searched, but a message in it could not be looked into
	CauseNoMailbox    Cause = "noMailbox"    // the server does not have the mailbox, or no longer
	CauseMoving       Cause = "moving"       // the mailbox is being moved to another server
	CauseSignIn       Cause = "signIn"       // the server refused the credentials
)

// NotSearched describes a folder whose search failed.
func NotSearched(f Folder, err error) Unsearched {
	u := Unsearched{Folder: f, Cause: CauseUnreachable, Reason: err.Error()}
	switch cause := CauseOf(err); cause {
	case CauseNoPermission, CauseNotFound:
		u.Cause = cause
	}
	return u
}
