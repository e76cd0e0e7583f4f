package ewstest

import (
	"bytes"
	"encoding/base64"
	"io"
)

// piece is a part of an answer's body: raw bytes, followed by the base64 of
// content that is too large to encode beforehand, if any.
type piece struct {
	raw     []byte
	content [][]byte
}

func (p piece) size() int64 {
	n := int64(len(p.raw))
	if p.content != nil {
		var c int64
		for _, b := range p.content {
			c += int64(len(b))
		}
		n += (c + 2) / 3 * 4
	}
	return n
}

func (p piece) reader() io.Reader {
	if p.content == nil {
		return bytes.NewReader(p.raw)
	}
	readers := make([]io.Reader, len(p.content))
	for i, b := range p.content {
		readers[i] = bytes.NewReader(b)
	}
	return io.MultiReader(bytes.NewReader(p.raw), newBase64Reader(io.MultiReader(readers...), p.size()-int64(len(p.raw))))
}

// bodyOf returns the pieces as one stream, with its length.
func bodyOf(pieces []piece) (io.Reader, int64) {
	if len(pieces) == 1 {
		return pieces[0].reader(), pieces[0].size()
	}
	var size int64
	readers := make([]io.Reader, len(pieces))
	for i, p := range pieces {
		size += p.size()
		readers[i] = p.reader()
	}
	return io.MultiReader(readers...), size
}

// base64Reader encodes what it reads, without a goroutine.
type base64Reader struct {
	from io.Reader
	text []byte // encoded, not yet read
	err  error
	in   []byte
	out  []byte
}

// newBase64Reader returns a reader of at most size bytes of base64.
func newBase64Reader(from io.Reader, size int64) *base64Reader {
	out := int(min(max(size, 4), 32<<10)) / 4 * 4
	return &base64Reader{from: from, in: make([]byte, out/4*3), out: make([]byte, out)}
}

func (r *base64Reader) Read(p []byte) (int, error) {
	for len(r.text) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		n, err := io.ReadFull(r.from, r.in)
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		r.err = err
		base64.StdEncoding.Encode(r.out, r.in[:n])
		r.text = r.out[:base64.StdEncoding.EncodedLen(n)]
	}
	n := copy(p, r.text)
	r.text = r.text[n:]
	return n, nil
}
