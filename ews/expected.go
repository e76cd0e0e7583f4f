package ews

import "slices"

// codesOfGone are the refusals that say that an item, a folder or the archive that it
// would be in does not exist.
var codesOfGone = []ResponseCode{"ErrorItemNotFound", "ErrorFolderNotFound", "ErrorArchiveMailboxNotEnabled"}

// ifGone returns what a request expects that allows for what it names being gone.
func ifGone(may bool) []ResponseCode {
	if may {
		return codesOfGone
	}
	return nil
}

// expected reports whether a refusal is one that the request expects.
func (a *answer) expected(code ResponseCode) bool { return slices.Contains(a.expects, code) }
