package mimescan

import (
	"bufio"
	"io"

	"golang.org/x/text/transform"
)

// opened undoes the transfer encoding. Lines that are not encoded, or are in
// quoted-printable, end in CRLF as RFC 2045 requires, whatever their ends are in the
// message. Damage is known only once the body has been read.
func (p part) opened(br *bufio.Reader) (io.Reader, *encodedForm) {
	encoded := &encodedForm{digest: newDigest()}
	switch {
	case p.encoding == "base64":
		return p.decoded(bufio.NewReaderSize(io.TeeReader(br, encoded), partBuf)), encoded
	case p.encoding == "binary", p.encoding != "quoted-printable" && p.wide():
		return br, encoded
	}
	return p.decoded(bufio.NewReaderSize(lineEnds(br), partBuf)), encoded
}

// encodedForm is a body in base64 without its white space. It is what counts if not all
// of the body can be decoded.
type encodedForm struct {
	*digest
	damaged bool // it has characters that are not base64
}

// Write never fails.
func (f *encodedForm) Write(p []byte) (int, error) {
	begin := 0
	for i, c := range p {
		if base64Values[c] > 0 || c == '=' {
			continue
		}
		_, _ = f.digest.Write(p[begin:i])
		begin = i + 1
		if c != '\r' && c != '\n' && c != ' ' && c != '\t' {
			f.damaged = true
			begin = i
		}
	}
	_, _ = f.digest.Write(p[begin:])
	return len(p), nil
}

// lineEnds returns a reader that converts each bare LF to CRLF.
func lineEnds(r io.Reader) io.Reader { return transform.NewReader(r, &lineEnder{}) }

type lineEnder struct{ cr bool }

// Reset prepares for a new text.
func (e *lineEnder) Reset() { e.cr = false }

// Transform converts a piece.
func (e *lineEnder) Transform(dst, src []byte, _ bool) (nDst, nSrc int, err error) {
	for _, c := range src {
		if c == '\n' && !e.cr {
			if nDst+2 > len(dst) {
				return nDst, nSrc, transform.ErrShortDst
			}
			dst[nDst] = '\r'
			nDst++
		} else if nDst == len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		dst[nDst] = c
		nDst++
		nSrc++
		e.cr = c == '\r'
	}
	return nDst, nSrc, nil
}
