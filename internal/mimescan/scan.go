package mimescan

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"slices"
	"unicode/utf8"
)

// Limits of one message.
const (
	maxDepth  = 32     // nesting of parts and messages
	maxParts  = 10_000 // parts in total
	maxHeader = 1 << 20
	bufSize   = 16 << 10 // per level

	// Up to maxSeen links of up to maxSeenLink bytes are remembered, because most links
	// are in a message several times.
	maxSeen     = 1 << 10
	maxSeenLink = 1 << 10
)

// ErrTooComplex reports that a message was not scanned completely: it has too many parts
// or nests them too deeply, or it has HTML with a tag or text of more than 4 MiB, or with
// more than 10,000 links relative to a base, 4 MiB of them, or 8 MiB once they are
// resolved. Everything reported to the handler is valid.
var ErrTooComplex = errors.New("mimescan: the message is too complex to be scanned completely")

// ErrStop is returned by a handler that has seen enough. [Scan] then stops reading and
// returns no error.
var ErrStop = errors.New("mimescan: stop")

// Handler receives the content of a message, in order. The work for a nil function is not
// done. An error ends the scan.
type Handler struct {
	// Link receives each link in each text, also in the forms in which people and programs
	// might delimit it differently. It is rarely called twice for the same link. A link is
	// absolute or begins with www., except that attributes of HTML are also reported as
	// written; HTML entities are resolved. It may be anything that an attacker wrote.
	Link func(link string) error

	// Attachment receives each attachment once it has been read, including nested
	// messages and their attachments.
	Attachment func(a Attachment) error

	// Begin receives the header of the message, and the header of each attached message
	// before its content: unchanged, at most 256 KiB of it. The bytes are valid only until
	// Begin returns. With Begin, a link is reported again for each message that has it.
	Begin func(header []byte) error
	// End receives the report on an attached message once it has been read, before
	// Attachment receives the message. It is not called for the message itself.
	End func(r Report) error
	// Text receives each text before Link receives the links in it. Text and JSON files are
	// marked as attached.
	Text func(t Text) error
}

// Text is a text of a message, or a part that describes a message: a delivery or abuse
// report, or headers alone (RFC 3462, RFC 5965).
type Text struct {
	Kind string // media type as declared, lower case
	Page bool   // it is HTML
	Text string // in UTF-8 if its charset is known; at most 256 KiB of it
	Cut  bool   // there is more

	// Quoted means that it was found within another text, whose sender may have written
	// it.
	Quoted bool
	// Attached means that it is an attachment with this name.
	Attached bool
	Name     string
}

// Attachment is an attached file or message, a file that is encoded within a text, or
// a part of the message that has a name or is not text.
type Attachment struct {
	Name   string // from the header, decoded; may be empty
	Type   string // media type, lower case
	SHA256 [sha256.Size]byte
	Size   int64 // bytes, without transfer encoding

	// Aliases are its other names, which some programs show.
	Aliases []string
	// Guessed means that the charset of a name is not known: letters beyond ASCII may be
	// wrong.
	Guessed bool
	// Opaque is what hides its content: a media type, such as application/ms-tnef. It is
	// empty if nothing does.
	Opaque string
}

// Report describes the message as a whole.
type Report struct {
	// Opaque names what is encrypted, or wrapped in a way that its content was not
	// scanned: usually by a media type. It is empty if all parts were readable.
	Opaque string

	// Links tells why a link may have been missed, and Attachments why an attachment, its
	// name or its content may have been: the message is not what it declares, and was read
	// as well as possible. They are empty if it was read as its sender meant it.
	Links, Attachments string

	// Quoted means that an attached message was found within a text.
	Quoted bool
}

// Scan reads a message completely. An error is that of the reader or the handler, or
// [ErrTooComplex].
func Scan(r io.Reader, h Handler) (Report, error) {
	s := &scanner{}
	err := s.scan(r, h)
	return s.report, err
}

func (s *scanner) scan(r io.Reader, h Handler) error {
	s.h = h
	if h.Link != nil {
		// Several scanners read the same text. After an error, all of them must stop.
		var refused error
		s.seen = make(map[string]bool)
		s.h.Link = func(link string) error {
			if refused != nil || s.seen[link] {
				return refused
			}
			if len(link) <= maxSeenLink {
				if len(s.seen) == maxSeen {
					clear(s.seen)
				}
				s.seen[link] = true
			}
			refused = h.Link(link)
			return refused
		}
		// Other links may still raise a doubt: see scanner.link.
		s.known = func(link []byte) bool { return len(link) <= maxHost && s.seen[string(link)] && isASCII(link) }
	}
	source := &keeper{r: r}
	err := s.entity(bufio.NewReaderSize(source, bufSize), "text/plain", true, 0)
	if errors.Is(err, ErrStop) {
		return nil
	}
	if err == nil {
		_, err = io.Copy(io.Discard, source)
	}
	if source.err != nil {
		err = source.err // however others interpreted it
	}
	if err == nil {
		err = s.late
	}
	return err
}

func isASCII(text []byte) bool {
	return !slices.ContainsFunc(text, func(c byte) bool { return c >= utf8.RuneSelf })
}

// keeper remembers a read error.
type keeper struct {
	r   io.Reader
	err error
}

func (k *keeper) Read(p []byte) (int, error) {
	if k.err != nil {
		return 0, k.err
	}
	n, err := k.r.Read(p)
	if err != nil && err != io.EOF {
		k.err = err
	}
	return n, err
}

type scanner struct {
	h      Handler
	seen   map[string]bool        // links that have been reported
	known  func(link []byte) bool // reports whether a link has been reported
	parts  int
	report Report

	location string // base of links in the parts of a multipart
	quoted   bool   // the part being read was found within a text
	within   int    // in how many nested texts it was found

	quotedParts int // found within texts

	// work is how many bytes have been looked at, counted each time. Tests bound it.
	work int64

	late error // why a text was not scanned completely; the scan continues
}

// doubt notes why links or attachments may have been missed. The first reason is kept.
func (s *scanner) doubt(links, attachments bool, why string) {
	if links && s.report.Links == "" {
		s.report.Links = why
	}
	if attachments && s.report.Attachments == "" {
		s.report.Attachments = why
	}
}

// digest computes the hash and size of an attachment.
type digest struct {
	hash hash.Hash
	size int64
}

func newDigest() *digest { return &digest{hash: sha256.New()} }

func (d *digest) Write(p []byte) (int, error) {
	d.size += int64(len(p))
	return d.hash.Write(p)
}

func (d *digest) attachment(p loosePart) Attachment {
	return Attachment{
		Name: p.name, Type: p.kind, SHA256: [sha256.Size]byte(d.hash.Sum(nil)), Size: d.size, Aliases: p.aliases, Guessed: p.guessed,
	}
}
