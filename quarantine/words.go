package quarantine

import "github.com/ewsquarantine/ewsquarantine/quarantine/driver"

// Header is an internet header to be added to a message: its Name and Value.
type Header = driver.Header

// SubjectMatch says how the subject of [Criteria] is compared.
type SubjectMatch = driver.SubjectMatch

// Ways to compare a subject, without regard to case and blanks.
const (
	SubjectExact    = driver.SubjectExact    // the whole
	SubjectPrefix   = driver.SubjectPrefix   // its beginning
	SubjectContains = driver.SubjectContains // any part of it
)

// Way is how an item was carried: a label, for people and statistics.
type Way = driver.Way

// Ways of the drivers for Exchange, from the most faithful on.
const (
	WayMove     = driver.WayMove     // moved across mailboxes as it is
	WayTransfer = driver.WayTransfer // exported and uploaded, with all properties
	WayMIME     = driver.WayMIME     // made anew from its MIME form
)

// Cause says why a folder could not be searched.
type Cause = driver.Cause

// Causes in a receipt.
const (
	CauseNotFound     = driver.CauseNotFound     // it is gone, or not visible to the account
	CauseNoPermission = driver.CauseNoPermission // the account may not look into it
	CauseUnreachable  = driver.CauseUnreachable  // the server, or the store it is in, did not answer
	CauseUndecided    = driver.CauseUndecided    // it was searched, but a message in it could not be looked into
)
