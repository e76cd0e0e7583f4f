package ewstest

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// The SyncState of both operations: version, kind, GUID of the mailbox, number of the
// folder, varints specific to the kind, and a checksum, in base64.
const (
	syncVersion   = 1
	syncItems     = 'I'
	syncHierarchy = 'H'
)

// invalidSyncState refuses a SyncState that the server did not create, or created for
// something else.
func invalidSyncState() *refusal { return refuse("ErrorInvalidSyncStateData") }

// packState writes a SyncState.
func packState(kind byte, box mailstore.GUID, folder uint64, numbers []uint64) string {
	b := append([]byte{syncVersion, kind}, box[:]...)
	b = binary.AppendUvarint(b, folder)
	for _, n := range numbers {
		b = binary.AppendUvarint(b, n)
	}
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b)))
}

// unpackState reads a SyncState of a kind and a folder with at most so many numbers.
func unpackState(text string, kind byte, box mailstore.GUID, folder uint64, most int) ([]uint64, bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	head := len(box) + 2
	if err != nil || len(b) < head+4 {
		return nil, false
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if crc32.ChecksumIEEE(body) != sum || body[0] != syncVersion || body[1] != kind || mailstore.GUID(body[2:head]) != box {
		return nil, false
	}
	var numbers []uint64
	for rest := body[head:]; len(rest) > 0; {
		n, size := binary.Uvarint(rest)
		if size <= 0 || len(numbers) > most {
			return nil, false
		}
		numbers, rest = append(numbers, n), rest[size:]
	}
	if len(numbers) == 0 || numbers[0] != folder {
		return nil, false
	}
	return numbers[1:], true
}

// interval is a range of times at which items came into a folder, see
// [mailstore.Item.Since]: later than after, up to and including upTo.
type interval struct{ after, upTo uint64 }

// known is what a client knows about a folder.
type known struct {
	mark mailstore.Mark
	// untold are the spans not yet reported to the client, oldest first: of normal items,
	// and of associated ones.
	untold [2][]interval
}

// maxSpans is the maximum number of spans of a kind in a SyncState. A client that falls
// further behind, because it asks for few changes at a time while many items arrive, has
// to start again.
const maxSpans = 64

func kindOfSpan(associated bool) int {
	if associated {
		return 1
	}
	return 0
}

// reach extends the spans up to a number, and reports whether there are not too many of
// them.
func (k *known) reach(upTo uint64) bool {
	if upTo <= k.mark.Number {
		return true
	}
	for i, all := range k.untold {
		if n := len(all); n > 0 && all[n-1].upTo == k.mark.Number {
			all[n-1].upTo = upTo
			continue
		}
		k.untold[i] = append(all, interval{k.mark.Number, upTo})
	}
	k.mark.Number = upTo
	return len(k.untold[0]) <= maxSpans && len(k.untold[1]) <= maxSpans
}

// tells reports whether the client knows about what came at a time.
func (k *known) tells(since uint64, associated bool) bool {
	if since > k.mark.Number {
		return false
	}
	for _, s := range k.untold[kindOfSpan(associated)] {
		if since > s.after && since <= s.upTo {
			return false
		}
	}
	return true
}

// told records that everything of a kind that came at a time or later has been reported
// to the client.
func (k *known) told(from uint64, kind int) {
	var left []interval
	for _, s := range k.untold[kind] {
		if s.after >= from {
			continue
		}
		s.upTo = min(s.upTo, from-1)
		if s.upTo > s.after {
			left = append(left, s)
		}
	}
	k.untold[kind] = left
}

// forget makes a kind unknown again.
func (k *known) forget(kind int) {
	k.untold[kind] = nil
	if k.mark.Number > 0 {
		k.untold[kind] = []interval{{0, k.mark.Number}}
	}
}

// pack writes what the client knows as a SyncState.
func (k *known) pack(f *mailstore.Folder) string {
	numbers := []uint64{k.mark.Number, k.mark.Change, k.mark.Departure}
	for _, all := range k.untold {
		numbers = append(numbers, uint64(len(all)))
		for _, s := range all {
			numbers = append(numbers, s.after, s.upTo)
		}
	}
	return packState(syncItems, f.Mailbox.GUID(), f.ID().Number, numbers)
}

// readKnown reads the SyncState of a folder. Anybody who knows the code can forge one, so
// it must be one that the server can have written.
func readKnown(text string, f *mailstore.Folder) (*known, bool) {
	numbers, ok := unpackState(text, syncItems, f.Mailbox.GUID(), f.ID().Number, 3+len(known{}.untold)*(1+2*maxSpans))
	if !ok || len(numbers) < 3 {
		return nil, false
	}
	k := &known{mark: mailstore.Mark{Number: numbers[0], Change: numbers[1], Departure: numbers[2]}}
	numbers = numbers[3:]
	for i := range k.untold {
		if len(numbers) == 0 || numbers[0] > maxSpans || uint64(len(numbers)-1) < 2*numbers[0] {
			return nil, false
		}
		n := int(numbers[0])
		before := uint64(0)
		for j := range n {
			s := interval{numbers[1+2*j], numbers[2+2*j]}
			if s.after < before || s.upTo <= s.after || s.upTo > k.mark.Number {
				return nil, false
			}
			k.untold[i], before = append(k.untold[i], s), s.upTo
		}
		numbers = numbers[1+2*n:]
	}
	return k, len(numbers) == 0
}
