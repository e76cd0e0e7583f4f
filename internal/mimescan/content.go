package mimescan

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"io"
	"mime"
	"strings"

	"github.com/emersion/go-message/charset"
)

// Kind is the kind of a part of a message.
type Kind string

// Kinds. The package comment describes the form in which each is compared.
const (
	KindSubject    Kind = "subject"
	KindText       Kind = "text"
	KindHTML       Kind = "html"
	KindAttachment Kind = "attachment"
	KindMessage    Kind = "message"   // an attached message; its parts follow
	KindSigned     Kind = "signed"    // what the signature of a multipart/signed covers
	KindEncrypted  Kind = "encrypted" // S/MIME in one piece, PGP/MIME
	KindRaw        Kind = "raw"       // what cannot be taken apart
)

// Part is a part of a message in its normal form.
type Part struct {
	Kind   Kind
	SHA256 [sha256.Size]byte
	Size   int64 // bytes of the normal form
	// Alternative means that it is plain text next to the same text as HTML.
	Alternative bool
}

// Content is a message in the normal form that the package comment describes.
type Content struct {
	Parts []Part // in the order of the message
	// Unended is how many multiparts, those of attached messages included, have no
	// final boundary.
	Unended int
}

// ReadContent reads a message completely and returns its content. The only errors that it
// returns are those of the reader.
func ReadContent(r io.Reader) (Content, error) {
	source := &keeper{r: r}
	d := &contentReader{}
	err := d.entity(bufio.NewReaderSize(source, bufSize), place{header: KindSubject, kind: "text/plain"}, 0)
	if err == nil {
		_, err = io.Copy(io.Discard, source)
	}
	return d.content, err
}

// contentReader gathers the parts of a message.
type contentReader struct {
	content  Content
	entities int
}

// partBuf is the size of a part's buffer: small, because there may be many parts, but
// large enough for a boundary.
const partBuf = 4 << 10

// place describes the surroundings of an entity.
type place struct {
	header Kind   // kind of its subject; empty if its header is not a message's
	kind   string // its default media type
	within string // media type of the multipart around it
}

func (d *contentReader) add(p Part) { d.content.Parts = append(d.content.Parts, p) }

// raw adds what cannot be taken apart, with the line ends of RFC 2045.
func (d *contentReader) raw(r io.Reader, kind Kind) error {
	sum := newDigest()
	_, err := io.Copy(sum, lineEnds(r))
	d.add(sum.part(kind))
	return err
}

func (d *digest) part(kind Kind) Part {
	return Part{Kind: kind, SHA256: [sha256.Size]byte(d.hash.Sum(nil)), Size: d.size}
}

// entity reads a message or part of one.
func (d *contentReader) entity(br *bufio.Reader, at place, depth int) error {
	d.entities++
	fields, rest, err := readHeader(br)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		br = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(rest), br), partBuf)
	}
	d.subject(fields[subject], at.header)
	p := describe(fields, at.kind)
	switch {
	case depth >= maxDepth:
		return d.leaf(br, p, KindRaw)
	case strings.HasPrefix(p.kind, "multipart/") && p.boundary != "":
		return d.multipart(br, p, depth)
	case p.kind == "message/rfc822" || p.kind == "message/global" || p.kind == "message/news":
		return d.message(br, p, depth)
	}
	return d.leaf(br, p, kindOf(p, at.within))
}

// kindOf returns the kind of a part without subparts.
func kindOf(p part, within string) Kind {
	switch {
	case within == "multipart/encrypted" || p.opaque():
		return KindEncrypted
	case strings.HasPrefix(p.kind, "multipart/"):
		return KindRaw
	case p.attached():
		return KindAttachment
	case p.kind == "text/html":
		return KindHTML
	}
	return KindText
}

// subject adds the subject of a message. An attached message is represented by its
// subject, even if it is empty.
func (d *contentReader) subject(value []byte, kind Kind) {
	if kind == "" {
		return
	}
	text := string(value)
	words := mime.WordDecoder{CharsetReader: charset.Reader}
	if decoded, err := words.DecodeHeader(text); err == nil {
		text = decoded
	}
	text = strings.Join(strings.Fields(text), " ")
	if text == "" && kind == KindSubject {
		return
	}
	sum := newDigest()
	_, _ = io.WriteString(sum, text)
	d.add(sum.part(kind))
}

// multipart reads the parts between boundaries. Text before the first boundary and after
// the last does not count, unless there is no boundary.
func (d *contentReader) multipart(br *bufio.Reader, p part, depth int) error {
	first := len(d.content.Parts)
	before := &section{br: br, delimiter: "--" + p.boundary}
	sum := newDigest()
	if _, err := io.Copy(sum, lineEnds(before)); err != nil {
		return err
	}
	if before.open {
		d.add(sum.part(KindRaw))
		return nil
	}
	at := place{kind: "text/plain", within: p.kind}
	if p.kind == "multipart/digest" {
		at.kind = "message/rfc822"
	}
	for n, last := 0, before.last; !last; n++ {
		if d.entities >= maxParts {
			return d.raw(br, KindRaw)
		}
		sec := &section{br: br, delimiter: "--" + p.boundary}
		var err error
		if n == 0 && p.kind == "multipart/signed" {
			err = d.raw(sec, KindSigned) // RFC 1847, section 2.1
		} else {
			err = d.entity(bufio.NewReaderSize(sec, partBuf), at, depth+1)
		}
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, sec); err != nil {
			return err
		}
		if last = sec.last; sec.open {
			d.content.Unended++
		}
	}
	if p.kind == "multipart/alternative" {
		markAlternatives(d.content.Parts[first:])
	}
	return nil
}

// markAlternatives marks the plain texts of a multipart/alternative that has HTML.
func markAlternatives(parts []Part) {
	rich := false
	for _, p := range parts {
		rich = rich || p.Kind == KindHTML
	}
	for i := range parts {
		parts[i].Alternative = parts[i].Alternative || rich && parts[i].Kind == KindText
	}
}

// message reads an attached message.
func (d *contentReader) message(br *bufio.Reader, p part, depth int) error {
	body, encoded := p.opened(br)
	if err := d.entity(bufio.NewReaderSize(body, partBuf), place{header: KindMessage, kind: "text/plain"}, depth+1); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	if encoded.damaged {
		d.add(encoded.part(KindRaw))
	}
	return nil
}

// leaf reads a part without subparts.
func (d *contentReader) leaf(br *bufio.Reader, p part, kind Kind) error {
	if kind == KindRaw {
		p.encoding = ""
	}
	body, encoded := p.opened(br)
	var sum Part
	var err error
	if kind == KindText || kind == KindHTML {
		sum, err = readText(body, p, kind)
	} else {
		all := newDigest()
		_, err = io.Copy(all, body)
		sum = all.part(kind)
	}
	if err != nil {
		return err
	}
	if encoded.damaged {
		sum.SHA256, sum.Size = encoded.part(kind).SHA256, encoded.size
	}
	if sum.Size > 0 || kind == KindAttachment || kind == KindEncrypted {
		d.add(sum)
	}
	return nil
}
