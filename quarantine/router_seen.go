package quarantine

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// seenAtOnce is how many targets each half of a [seen] remembers: in all at least this
// many, and at most twice as many, in about 40 bytes each.
const seenAtOnce = 1 << 18

// seenKey is half a SHA-256: a target that was seen is left out, so two different
// targets must not have the same key.
type seenKey [16]byte

// seen remembers targets, in bounded memory: those of the older half are forgotten when the
// newer one is full.
type seen struct{ newer, older map[seenKey]struct{} }

func newSeen() *seen { return &seen{newer: make(map[seenKey]struct{})} }

// add remembers a target. It reports whether it is new.
func (s *seen) add(t Target) bool {
	key := seenKeyOf(t)
	if _, ok := s.newer[key]; ok {
		return false
	}
	_, known := s.older[key]
	if len(s.newer) >= seenAtOnce {
		s.newer, s.older = make(map[seenKey]struct{}), s.newer
	}
	s.newer[key] = struct{}{}
	return !known
}

// seenKeyOf returns equal keys for targets that ask for the same messages for the same
// case. The case of letters in an address does not matter, nor does what encloses a
// Message-ID.
func seenKeyOf(t Target) seenKey {
	what := driver.BareMessageID(t.MessageID)
	if t.byCriteria() {
		t.Mailbox = strings.ToLower(t.Mailbox)
		what = "\x00" + t.Key() // no Message-ID has that
	}
	var text []byte
	for _, part := range []string{strings.ToLower(t.Mailbox), what, t.Reference} {
		text = append(binary.AppendUvarint(text, uint64(len(part))), part...)
	}
	sum := sha256.Sum256(text)
	return seenKey(sum[:16])
}
