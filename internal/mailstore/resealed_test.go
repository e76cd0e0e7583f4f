package mailstore_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"
)

// cut returns the head of an export stream and the message after it.
func cut(stream []byte) (head, raw []byte) {
	size := binary.BigEndian.Uint64(stream[8:])
	return stream[16 : 16+size], stream[16+size : len(stream)-4]
}

// sealed makes a stream from a head and a message, with a correct checksum.
func sealed(head, raw []byte) []byte {
	b := binary.BigEndian.AppendUint64([]byte("EWSTEST\x01"), uint64(len(head)))
	b = append(append(b, head...), raw...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// resealed returns a stream with a text in its head replaced.
func resealed(t *testing.T, stream []byte, old, with string) []byte {
	t.Helper()
	head, raw := cut(stream)
	require.Contains(t, string(head), old)
	return sealed(bytes.ReplaceAll(head, []byte(old), []byte(with)), raw)
}
