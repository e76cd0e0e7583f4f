package mailstore

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"math"
)

// Kind is the kind of object that an id refers to.
type Kind byte

// Kinds.
const (
	KindFolder Kind = 'F'
	KindItem   Kind = 'I'
)

// ID is a parsed id: the mailbox, and the number of a folder or of an item's stay in a
// folder. Numbers are never reused.
type ID struct {
	Mailbox GUID
	Kind    Kind
	Number  uint64
}

// GUID identifies a mailbox.
type GUID [16]byte

// String returns the GUID as text.
func (g GUID) String() string {
	return string(g.append(make([]byte, 0, guidSize)))
}

// guidSize is the length of a GUID as text.
const guidSize = 36

func (g GUID) append(b []byte) []byte {
	for i, part := range [][]byte{g[:4], g[4:6], g[6:8], g[8:10], g[10:]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, part)
	}
	return b
}

// ErrMalformed reports an id or change key that is not in the server's form.
var ErrMalformed = errors.New("id is malformed")

// entryFlags begin an entry id.
const entryFlags = "\x00\x00\x00\x00"

const entrySize = len(entryFlags) + 16 + 1 + 8 + 4

// Bytes returns the entry id. It contains a checksum, so an id whose case was changed is
// malformed.
func (id ID) Bytes() []byte {
	return id.append(make([]byte, 0, entrySize))
}

func (id ID) append(b []byte) []byte {
	begin := len(b)
	b = append(b, entryFlags...)
	b = append(b, id.Mailbox[:]...)
	b = append(b, byte(id.Kind))
	b = binary.BigEndian.AppendUint64(b, id.Number)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[begin:]))
}

// ParseBytes reads an entry id.
func ParseBytes(b []byte) (ID, error) {
	if len(b) != entrySize || string(b[:len(entryFlags)]) != entryFlags {
		return ID{}, ErrMalformed
	}
	body, sum := b[:entrySize-4], binary.BigEndian.Uint32(b[entrySize-4:])
	if crc32.ChecksumIEEE(body) != sum {
		return ID{}, ErrMalformed
	}
	var id ID
	copy(id.Mailbox[:], body[len(entryFlags):])
	id.Kind = Kind(body[len(entryFlags)+16])
	id.Number = binary.BigEndian.Uint64(body[len(entryFlags)+17:])
	if id.Kind != KindFolder && id.Kind != KindItem {
		return ID{}, ErrMalformed
	}
	return id, nil
}

// Types of storage in EWS ids ([MS-OXWSITEMID], section 2.1).
const (
	storageMailbox      = 3 // named by its GUID
	storageConversation = 4
)

// beginMoniker appends the beginning of an uncompressed EWS id ([MS-OXWSITEMID], section
// 2.1): compression, type of storage, the GUID of the mailbox as text, a processing
// instruction, and the size of the store's id, which follows.
func beginMoniker(b []byte, storage byte, mailbox GUID, size int) []byte {
	b = append(b, 0, storage)
	b = binary.LittleEndian.AppendUint16(b, guidSize)
	b = mailbox.append(b)
	b = append(b, 0)
	return binary.LittleEndian.AppendUint16(b, uint16(size))
}

// monikerSize is the length of an EWS id in bytes.
const monikerSize = 7 + guidSize + entrySize

// Moniker returns the bytes of the EWS id.
func (id ID) Moniker() []byte { return id.appendMoniker(make([]byte, 0, monikerSize)) }

func (id ID) appendMoniker(b []byte) []byte {
	return id.append(beginMoniker(b, storageMailbox, id.Mailbox, entrySize))
}

// String returns the id as it appears in an ItemId or FolderId.
func (id ID) String() string {
	var bytes [monikerSize]byte // on the stack, because a page of folders has many ids
	return base64.StdEncoding.EncodeToString(id.appendMoniker(bytes[:0]))
}

// Conversation returns the id of a conversation in a mailbox.
func Conversation(mailbox GUID, store []byte) string {
	return base64.StdEncoding.EncodeToString(append(beginMoniker(nil, storageConversation, mailbox, len(store)), store...))
}

// ConversationSize is the length of the store's id of a conversation.
const ConversationSize = 16

// ParseConversation reads the id of a conversation.
func ParseConversation(s string) (mailbox GUID, store [ConversationSize]byte, err error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != 7+guidSize+ConversationSize {
		return GUID{}, store, ErrMalformed
	}
	text := bytes.ReplaceAll(b[4:4+guidSize], []byte("-"), nil)
	if n, err := hex.Decode(mailbox[:], text[:min(len(text), 2*len(mailbox))]); err != nil || n != len(mailbox) {
		return GUID{}, store, ErrMalformed
	}
	copy(store[:], b[7+guidSize:])
	if Conversation(mailbox, store[:]) != s {
		return GUID{}, store, ErrMalformed
	}
	return mailbox, store, nil
}

// ParseID reads an id.
func ParseID(s string) (ID, error) {
	id, rest, err := cutMoniker(s)
	if len(rest) > 0 {
		return ID{}, ErrMalformed
	}
	return id, err
}

// cutMoniker reads an id and returns what follows it.
func cutMoniker(s string) (id ID, rest []byte, err error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < monikerSize {
		return ID{}, nil, ErrMalformed
	}
	id, err = ParseBytes(b[monikerSize-entrySize : monikerSize])
	if err != nil || !bytes.Equal(id.Moniker(), b[:monikerSize]) {
		return ID{}, nil, ErrMalformed
	}
	return id, b[monikerSize:], nil
}

// MaxIDLevels is how many levels of attachments an attachment's id can have.
const MaxIDLevels = 64

// ErrTooDeep reports an attachment's id with more than MaxIDLevels levels.
var ErrTooDeep = errors.New("id has too many levels")

// AttachmentID returns the id of an attachment ([MS-OXWSITEMID], section 2.1): the id of
// the item in the mailbox, the count of the numbers that follow, and for each attachment
// on the path, ending with the attachment itself, its number preceded by the number's
// size. A path has at most 255 numbers.
func AttachmentID(item ID, path ...int) string {
	b := append(item.Moniker(), byte(len(path)))
	for _, n := range path {
		if n <= math.MaxUint16 {
			b = binary.LittleEndian.AppendUint16(b, 2)
			b = binary.BigEndian.AppendUint16(b, uint16(n))
			continue
		}
		b = binary.LittleEndian.AppendUint16(b, 4)
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return base64.StdEncoding.EncodeToString(b)
}

// ParseAttachmentID reads the id of an attachment.
func ParseAttachmentID(s string) (item ID, path []int, err error) {
	item, rest, err := cutMoniker(s)
	if err != nil || item.Kind != KindItem || len(rest) < 1 {
		return ID{}, nil, ErrMalformed
	}
	levels := int(rest[0])
	for rest = rest[1:]; len(rest) > 0; {
		var n int
		switch {
		case len(rest) >= 4 && rest[0] == 2 && rest[1] == 0:
			n, rest = int(binary.BigEndian.Uint16(rest[2:])), rest[4:]
		case len(rest) >= 6 && rest[0] == 4 && rest[1] == 0 && binary.BigEndian.Uint32(rest[2:]) > math.MaxUint16:
			n, rest = int(binary.BigEndian.Uint32(rest[2:])), rest[6:]
		default:
			return ID{}, nil, ErrMalformed
		}
		path = append(path, n)
	}
	switch {
	case levels == 0 || levels != len(path):
		return ID{}, nil, ErrMalformed
	case levels > MaxIDLevels:
		return ID{}, nil, ErrTooDeep
	}
	return item, path, nil
}

// changePrefix makes change keys look like those of Exchange.
const changePrefix = "\x09\x00\x00\x00\x16\x00\x00\x00"

// FormatChange returns the change key for a change number. Items and folders have
// different keys.
func FormatChange(kind Kind, change uint64) string {
	b := append([]byte(changePrefix), byte(kind))
	b = binary.BigEndian.AppendUint64(b, change)
	return base64.StdEncoding.EncodeToString(b)
}

// NoChange returns the change key in the ids of events, which stands for none.
func NoChange(kind Kind) string {
	if kind == KindFolder {
		return "AQAAAA=="
	}
	return "CQAAAA=="
}

// ParseChange reads a change key.
func ParseChange(kind Kind, s string) (uint64, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(changePrefix)+9 || string(b[:len(changePrefix)]) != changePrefix || b[len(changePrefix)] != byte(kind) {
		return 0, ErrMalformed
	}
	return binary.BigEndian.Uint64(b[len(changePrefix)+1:]), nil
}
