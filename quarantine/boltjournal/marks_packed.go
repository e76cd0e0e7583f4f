package boltjournal

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
)

// packedMark is the first byte of a compressed receipt. A receipt of an earlier version
// begins with a brace, and an earlier version reports that it cannot read a compressed
// one.
const packedMark = 1

// largestMark is the maximum length of a receipt, in bytes: enough for the receipt of a
// message with ten thousand copies.
const largestMark = 64 << 20

// pack compresses a receipt to about a fifth: its long ids have much in common.
func (j *Journal) pack(text []byte) ([]byte, error) {
	if len(text) > largestMark {
		return nil, fmt.Errorf("the receipt has %d bytes, and a journal keeps at most %d", len(text), largestMark)
	}
	packed := bytes.NewBuffer(append(make([]byte, 0, len(text)/4+64), packedMark))
	w, ok := j.packers.Get().(*flate.Writer)
	if !ok {
		var err error
		if w, err = flate.NewWriter(nil, flate.DefaultCompression); err != nil {
			return nil, err
		}
	}
	defer j.packers.Put(w)
	w.Reset(packed)
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// unpack reverses pack.
func unpack(stored []byte) ([]byte, error) {
	if len(stored) == 0 || stored[0] != packedMark {
		return stored, nil
	}
	r := flate.NewReader(bytes.NewReader(stored[1:]))
	text, err := io.ReadAll(io.LimitReader(r, largestMark+1))
	if err == nil && len(text) > largestMark {
		err = errors.New("it is too long")
	}
	return text, err
}
