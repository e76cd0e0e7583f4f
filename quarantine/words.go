package quarantine

import "github.com/ewsquarantine/ewsquarantine/quarantine/driver"

// Header is an internet header to add to a message: its Name and Value.
type Header = driver.Header

// SubjectMatch is how the subject in [Criteria] is compared.
type SubjectMatch = driver.SubjectMatch

// Ways to compare a subject, ignoring case and differences in white space.
const (
	SubjectExact    = driver.SubjectExact    // the whole subject
	SubjectPrefix   = driver.SubjectPrefix   // its beginning
	SubjectContains = driver.SubjectContains // any part of it
)

// Way is how an item was carried: a label, for people and statistics.
type Way = driver.Way

// Ways of the drivers for Exchange, most faithful first.
const (
	WayMove     = driver.WayMove     // moved across mailboxes
	WayTransfer = driver.WayTransfer // exported and uploaded, with all properties
	WayMIME     = driver.WayMIME     // a new item made from the MIME form
	WayRecreate = driver.WayRecreate // a new item made from the properties of the message
)

// Cause is the reason why a folder could not be searched.
type Cause = driver.Cause

// Causes in a receipt.
const (
	CauseNotFound     = driver.CauseNotFound     // gone, or not visible to the account
	CauseNoPermission = driver.CauseNoPermission // the account may not read it
	CauseUnreachable  = driver.CauseUnreachable  // the server did not answer
	CauseRefused      = driver.CauseRefused      // the server answered with another error
	CauseUndecided    = driver.CauseUndecided    // the folder was searched, but a message in it could not be examined
)
