package mailstore

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// Kind is what an id refers to.
type Kind byte

// Kinds.
const (
	KindFolder Kind = 'F'
	KindItem   Kind = 'I'
)

// ID is a parsed id: the mailbox, and the number of a folder or of an item's stay
// in a folder. Numbers are never reused.
type ID struct {
	Mailbox GUID
	Kind    Kind
	Number  uint64
}

// GUID names a mailbox.
type GUID [16]byte

// ErrMalformed reports an id or change key that is not of the server's form.
var ErrMalformed = errors.New("id is malformed")

// prefix makes ids begin with AAMk, as those of Exchange do.
const prefix = "\x00\x03\x24"

const idSize = len(prefix) + 16 + 1 + 8 + 4

// Bytes returns the binary form. It contains a checksum, so an id with changed
// case is malformed.
func (id ID) Bytes() []byte {
	b := make([]byte, 0, idSize)
	b = append(b, prefix...)
	b = append(b, id.Mailbox[:]...)
	b = append(b, byte(id.Kind))
	b = binary.BigEndian.AppendUint64(b, id.Number)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// String returns the id as it appears in an ItemId or FolderId.
func (id ID) String() string { return base64.StdEncoding.EncodeToString(id.Bytes()) }

// ParseBytes reads the binary form.
func ParseBytes(b []byte) (ID, error) {
	if len(b) != idSize || string(b[:len(prefix)]) != prefix {
		return ID{}, ErrMalformed
	}
	body, sum := b[:idSize-4], binary.BigEndian.Uint32(b[idSize-4:])
	if crc32.ChecksumIEEE(body) != sum {
		return ID{}, ErrMalformed
	}
	var id ID
	copy(id.Mailbox[:], body[len(prefix):])
	id.Kind = Kind(body[len(prefix)+16])
	id.Number = binary.BigEndian.Uint64(body[len(prefix)+17:])
	if id.Kind != KindFolder && id.Kind != KindItem {
		return ID{}, ErrMalformed
	}
	return id, nil
}

// ParseID reads an id.
func ParseID(s string) (ID, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return ID{}, ErrMalformed
	}
	return ParseBytes(b)
}

// changePrefix makes change keys look like those of Exchange.
const changePrefix = "\x09\x00\x00\x00\x16\x00\x00\x00"

// FormatChange returns the change key of a change number. Items and folders
// have different ones.
func FormatChange(kind Kind, change uint64) string {
	b := append([]byte(changePrefix), byte(kind))
	b = binary.BigEndian.AppendUint64(b, change)
	return base64.StdEncoding.EncodeToString(b)
}

// ParseChange reads a change key.
func ParseChange(kind Kind, s string) (uint64, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(changePrefix)+9 || string(b[:len(changePrefix)]) != changePrefix || b[len(changePrefix)] != byte(kind) {
		return 0, ErrMalformed
	}
	return binary.BigEndian.Uint64(b[len(changePrefix)+1:]), nil
}
