package sealedfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// sealSize is the size of a checksum. It need not withstand forgery.
const sealSize = 16

type seal [sealSize]byte

// sealOf returns the checksum of a record, which also covers where the record belongs.
func sealOf(table string, key, value []byte) (s seal) {
	h := sha256.New()
	var n [8]byte
	for _, part := range [][]byte{[]byte(table), key} {
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write(part)
	}
	h.Write(value)
	copy(s[:], h.Sum(nil))
	return s
}

// sealed returns a record as it is stored.
func sealed(table string, key, value []byte) []byte {
	s := sealOf(table, key, value)
	return append(s[:], value...)
}

// unseal returns the value of a record as stored, if it matches its checksum.
func unseal(table string, key, stored []byte) ([]byte, error) {
	if len(stored) >= sealSize {
		s := sealOf(table, key, stored[sealSize:])
		if bytes.Equal(s[:], stored[:sealSize]) {
			return stored[sealSize:], nil
		}
	}
	return nil, fmt.Errorf("%w: record %q of the table %q does not match its checksum", ErrDamaged, key, table)
}

// tablePrefix begins the names of the buckets with sealed records, which sets them apart
// from those of an earlier format.
const tablePrefix = "#"

// The number and digest of all records are in their own bucket.
var (
	stateBucket = []byte(tablePrefix)
	stateKey    = []byte("state")
)

// state is what a file records about its content. The digest is the bitwise sum without
// carry of the checksums of all records, so updating it needs only the records that
// change.
type state struct {
	kind    string
	version int
	records uint64
	digest  seal
}

func (s *state) add(stored []byte) {
	s.records++
	s.toggle(stored)
}

func (s *state) remove(stored []byte) {
	s.records--
	s.toggle(stored)
}

func (s *state) toggle(stored []byte) {
	for i, b := range stored[:sealSize] {
		s.digest[i] ^= b
	}
}

func (s *state) text() []byte {
	return fmt.Appendf(nil, "%s %d %d %x", s.kind, s.version, s.records, s.digest)
}

// parseState reads a state as stored. For a later version, only kind and version are
// read.
func parseState(stored []byte, f Format) (s state, err error) {
	text, err := unseal(string(stateBucket), stateKey, stored)
	if err != nil {
		return s, err
	}
	rest := string(text)
	s.kind, rest, _ = strings.Cut(rest, " ")
	if s.kind != f.Kind {
		return s, fmt.Errorf("%w: it is a %q", ErrOther, s.kind)
	}
	var digest string
	n, _ := fmt.Sscanf(rest, "%d %d %s", &s.version, &s.records, &digest)
	if n >= 1 && s.version > f.Version {
		return s, fmt.Errorf("%w: it has the format %d, and this version knows formats up to %d", ErrNewer, s.version, f.Version)
	}
	if b, err := hex.DecodeString(digest); err == nil && n == 3 && len(b) == sealSize {
		copy(s.digest[:], b)
		return s, nil
	}
	return s, fmt.Errorf("%w: number and digest cannot be read", ErrDamaged)
}
