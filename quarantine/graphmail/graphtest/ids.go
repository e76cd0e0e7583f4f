package graphtest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// A default id is the EWS id with - and _ in place of / and +. It contains the mailbox
// and changes with each move.
var (
	toREST   = strings.NewReplacer("/", "-", "+", "_")
	fromREST = strings.NewReplacer("-", "/", "_", "+")
)

func restID(id mailstore.ID) string { return toREST.Replace(id.String()) }

// An immutable id has 54 bytes, so 72 characters: a prefix that no default id has, the
// mailbox, a byte for the archive, the object, the number of an attachment plus one, and
// a checksum, with zeros in between.
const (
	immutableSize = 54
	immutableMark = "\x00\x0A\x40\x49"
)

func immutableBytes(it *mailstore.Item, attachment int) []byte {
	b := make([]byte, immutableSize)
	copy(b, immutableMark)
	guid := it.Folder.Mailbox.GUID()
	copy(b[4:], guid[:])
	if it.Folder.Archive {
		b[20] = 1
	}
	binary.BigEndian.PutUint64(b[21:], it.Object())
	binary.BigEndian.PutUint32(b[29:], uint32(attachment+1))
	binary.BigEndian.PutUint32(b[immutableSize-4:], crc32.ChecksumIEEE(b[:immutableSize-4]))
	return b
}

func immutableID(it *mailstore.Item) string {
	return toREST.Replace(base64.StdEncoding.EncodeToString(immutableBytes(it, -1)))
}

// parseImmutable reads an immutable id: that of an item if attachment is negative.
func parseImmutable(s string) (guid mailstore.GUID, object uint64, archive bool, attachment int, ok bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(fromREST.Replace(s))
	if err != nil || len(b) != immutableSize || !bytes.HasPrefix(b, []byte(immutableMark)) ||
		crc32.ChecksumIEEE(b[:immutableSize-4]) != binary.BigEndian.Uint32(b[immutableSize-4:]) {
		return guid, 0, false, 0, false
	}
	copy(guid[:], b[4:])
	return guid, binary.BigEndian.Uint64(b[21:]), b[20] == 1, int(binary.BigEndian.Uint32(b[29:])) - 1, true
}

// ownMark is the prefix of an id of the mailbox API with Options.OwnIDs.
const ownMark = "AAMBX"

// own reports whether the request uses the mailbox API, and that API has ids of its own.
func (c *call) own() bool {
	return c.server.opts.OwnIDs && (c.importing || c.route.segments[0] == "admin")
}

// spell writes an id as the API of the request does.
func (c *call) spell(id string) string {
	if c.own() {
		return ownMark + id
	}
	return id
}

// spelled is the reverse of spell.
func (c *call) spelled(id string) (string, bool) {
	if c.own() {
		return strings.CutPrefix(id, ownMark)
	}
	return id, true
}

// folderID returns the id of a folder.
func (c *call) folderID(f *mailstore.Folder) string { return c.spell(restID(f.ID())) }

// idOf returns the id of an item in the form that the request asks for.
func (c *call) idOf(it *mailstore.Item) string {
	if c.immutable {
		return c.spell(immutableID(it))
	}
	return c.spell(restID(it.ID()))
}

// item finds a message of the mailbox of the request by an id of either kind.
func (c *call) item(id string) (*mailstore.Item, *refusal) {
	it, refused := c.anyItem(id)
	if refused != nil {
		return nil, refused
	}
	return c.served(it)
}

// anyItem finds an item of any kind.
func (c *call) anyItem(id string) (*mailstore.Item, *refusal) {
	id, ok := c.spelled(id)
	if !ok {
		return nil, malformedID()
	}
	if guid, object, archive, attachment, ok := parseImmutable(id); ok && attachment < 0 {
		it := c.org.Object(object)
		if guid != c.box.GUID() || it == nil || it.Folder.Mailbox != c.box || it.Folder.Archive != archive {
			return nil, itemNotFound()
		}
		return it, nil
	}
	parsed, err := mailstore.ParseID(fromREST.Replace(id))
	if err != nil || strings.ContainsAny(id, "/+") || parsed.Kind != mailstore.KindItem {
		return nil, malformedID()
	}
	if it := c.box.Item(parsed.Number); parsed.Mailbox == c.box.GUID() && it != nil {
		return it, nil
	}
	return nil, itemNotFound()
}

// served refuses items that the mail API does not show: other kinds of items, the
// archive, and Recoverable Items other than Deletions.
func (c *call) served(it *mailstore.Item) (*mailstore.Item, *refusal) {
	if it == nil || !isMail(it) || !shown(it.Folder) {
		return nil, itemNotFound()
	}
	return it, nil
}

// isMail reports whether Graph regards an item as a message.
func isMail(it *mailstore.Item) bool {
	if it.Associated {
		return false
	}
	switch it.Kind() {
	case "CalendarItem", "Contact", "DistributionList", "Task":
		return false
	}
	return true
}

// attachmentID returns the id of an attachment of an item.
func (c *call) attachmentID(it *mailstore.Item, number int) string {
	if c.immutable {
		return toREST.Replace(base64.StdEncoding.EncodeToString(immutableBytes(it, number)))
	}
	return toREST.Replace(mailstore.AttachmentID(it.ID(), number))
}

// attachment finds an attachment of an item.
func (c *call) attachment(it *mailstore.Item, id string) (mailstore.Attached, *refusal) {
	number, of := -1, false
	if _, object, _, n, ok := parseImmutable(id); ok && n >= 0 {
		number, of = n, object == it.Object()
	} else {
		item, path, err := mailstore.ParseAttachmentID(fromREST.Replace(id))
		if err != nil || strings.ContainsAny(id, "/+") || len(path) != 1 {
			return mailstore.Attached{}, malformedID()
		}
		number, of = path[0], item == it.ID()
	}
	if a, ok := it.Within([]int{number}); ok && of {
		return a, nil
	}
	return mailstore.Attached{}, itemNotFound()
}
