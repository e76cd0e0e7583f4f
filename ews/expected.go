package ews

import "slices"

// codesOfGone are the refusals that report that an item, a folder, or the archive that
// would contain it does not exist.
var codesOfGone = []ResponseCode{"ErrorItemNotFound", "ErrorFolderNotFound", "ErrorArchiveMailboxNotEnabled"}

// ifGone returns the refusals that a request expects if its targets may be gone.
func ifGone(may bool) []ResponseCode {
	if may {
		return codesOfGone
	}
	return nil
}

// expected reports whether a refusal is one that the request expects.
func (a *answer) expected(code ResponseCode) bool { return slices.Contains(a.expects, code) }
