package ews

import (
	"encoding/base64"
	"encoding/binary"
)

// maxID is the length of the longest id, decoded, in bytes. See [MS-OXWSITEMID].
const maxID = 4 << 10

// sameItem reports whether two ids may refer to the same item or folder. Exchange spells
// an id in more than one way: compressed or not, with the address of the mailbox or its
// GUID. So only the part that names the item in the store is compared. An id of another
// form, such as other servers create, may refer to anything.
func sameItem(a, b string) bool {
	if a == b {
		return true
	}
	x, known := storeID(a)
	y, too := storeID(b)
	return !known || !too || string(x) == string(y)
}

// theItem reports whether two ids certainly refer to the same item.
func theItem(a, b string) bool {
	if a == b {
		return true
	}
	x, known := storeID(a)
	y, too := storeID(b)
	return known && too && string(x) == string(y)
}

// storeID returns the part of an id that names the item in its store, and whether the id
// has the form of an item in a mailbox: a byte for compression, the type of storage, the
// length and text of the mailbox's name, an instruction, and the length and bytes of the
// id in the store. See
// https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxwsitemid.
func storeID(id string) ([]byte, bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(id)
	if err != nil || len(b) < 2 || len(b) > maxID {
		return nil, false
	}
	switch b[0] {
	case 0:
		b = b[1:]
	case 1:
		if b = expandRuns(b[1:]); len(b) == 0 {
			return nil, false
		}
	default:
		return nil, false
	}
	if b[0] != 0 && b[0] != 3 { // the mailbox by its address, or by its GUID
		return nil, false
	}
	_, b, ok := cutCounted(b[1:])
	if !ok || len(b) == 0 || b[0] != 0 {
		return nil, false
	}
	store, rest, ok := cutCounted(b[1:])
	return store, ok && len(store) > 0 && len(rest) == 0
}

// cutCounted cuts off bytes that are preceded by their number.
func cutCounted(b []byte) (part, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.LittleEndian.Uint16(b))
	if b = b[2:]; n > len(b) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// expandRuns undoes the compression of an id: after two equal bytes comes the number of
// further such bytes. It returns nil if the id does not have that form.
func expandRuns(b []byte) []byte {
	var out []byte
	before := -1 // no byte
	for i := 0; i < len(b); i++ {
		out = append(out, b[i])
		if int(b[i]) != before {
			before = int(b[i])
			continue
		}
		if i++; i == len(b) || len(out) > maxID {
			return nil
		}
		for range b[i] {
			out = append(out, byte(before))
		}
		before = -1
	}
	return out
}
