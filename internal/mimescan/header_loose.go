package mimescan

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// Limits of a header as Scan reads it.
const (
	maxLooseField    = 128 << 10 // bytes of a field
	maxLooseBoundary = 8 << 10   // bytes of a boundary; its line fits into the buffer
	maxAhead         = 8 << 10   // bytes looked ahead
	maxOdd           = 64 << 10  // bytes that are kept from lines that are not fields
)

// Further fields that Scan reads.
const (
	contentBase        = "content-base"
	contentLocation    = "content-location"
	contentDescription = "content-description"
)

// looseHeader is a header as Scan reads it: like mail programs, which continue after a
// defect.
type looseHeader struct {
	fields map[string][]byte
	odd    []byte // lines that another program might show as text
	rest   []byte // beginning of the body that has been read already
	doubt  string // why another program might read it differently
	last   string // the field before a line that is not a field
	broke  bool   // the body begins with a line that cannot belong to a header
	work   int    // bytes looked at
	sure   int    // bytes before a field ahead that matters to the body
	raw    []byte // unchanged, if it is kept
}

func (h *looseHeader) doubted(why string) {
	if h.doubt == "" {
		h.doubt = why
	}
}

// readLoose reads a header. Unlike [readHeader], it skips what gateways and mail stores put
// before the first field, and also lines that are not fields if fields that matter
// follow. If keep is set, it keeps the header unchanged.
func readLoose(br *bufio.Reader, isMessage, keep bool) (*looseHeader, error) {
	h := &looseHeader{fields: make(map[string][]byte)}
	h.begin(br, isMessage)
	name, inLine := "", false
	for read := 0; ; {
		line, err := br.ReadSlice('\n')
		first := read == 0
		read += len(line)
		h.work += len(line)
		h.sure -= len(line)
		whole := err == nil
		if err == bufio.ErrBufferFull {
			err = nil
		}
		text := bytes.TrimRight(line, "\r\n")
		switch {
		case inLine || len(text) > 0 && (text[0] == ' ' || text[0] == '\t'):
			h.extend(name, text)
			if name == "" && !inLine && h.unfinished() {
				h.extend(h.last, text)
			}
		case len(text) == 0:
			return h, notEOF(err)
		default:
			key, value, ok := cutLooseField(text)
			if !ok && name != "" && h.open(name) && bytes.IndexByte(text, '=') > 0 && whole {
				h.extend(name, text) // a continuation whose initial blank is missing
				break
			}
			if !ok {
				mbox := first && (bytes.HasPrefix(text, []byte("From ")) || bytes.HasPrefix(text, []byte(">From ")))
				if !mbox && !(whole && (h.goesOn(br) || h.open(name) && continued(br))) {
					h.rest = bytes.Clone(line)
					h.broke = !first
					return h, nil
				}
				if len(line) > maxOdd-len(h.odd) {
					h.doubted("a header has too many lines that are not fields")
				}
				h.odd = append(h.odd, line[:min(len(line), maxOdd-len(h.odd))]...)
				if name != "" {
					h.last = name
				}
				name = ""
				break
			}
			name, h.last = h.field(unglue(key, value)), ""
		}
		if keep && len(h.raw)+len(line) <= maxShown {
			h.raw = append(h.raw, line...)
		}
		inLine = !whole
		if err != nil {
			return h, notEOF(err)
		}
		if read > maxHeader {
			h.doubted("a header is longer than 1 MiB")
			return h, nil
		}
	}
}

// begin skips byte order marks, and empty lines and mbox separators before fields that
// matter.
func (h *looseHeader) begin(br *bufio.Reader, isMessage bool) {
	for mark, _ := br.Peek(len(byteOrder)); string(mark) == byteOrder; mark, _ = br.Peek(len(byteOrder)) {
		_, _ = br.Discard(len(mark))
	}
	if first, _ := br.Peek(1); len(first) == 0 || !strings.ContainsRune("\r\nF>", rune(first[0])) {
		return
	}
	ahead, _ := br.Peek(maxAhead)
	text := ahead
	for {
		text = bytes.TrimLeft(text, "\r\n \t")
		line, after, ok := bytes.Cut(text, []byte("\n"))
		if !ok || !isMessage || !bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
			break
		}
		text = after // a separator of mbox files
	}
	if len(text) == len(ahead) {
		return
	}
	if line, _, ok := bytes.Cut(text, []byte("\n")); ok && telling(line, isMessage) {
		_, _ = br.Discard(len(ahead) - len(text))
		header, _, _ := bytes.Cut(text, []byte("\r\n\r\n"))
		header, _, _ = bytes.Cut(header, []byte("\n\n"))
		h.odd = bytes.Clone(header) // other programs might show it as text
	}
}

// telling reports whether a line is a header field rather than text.
func telling(line []byte, isMessage bool) bool {
	key, _, ok := cutLooseField(line)
	return ok && (isMessage || strings.HasPrefix(key, "content-"))
}

// goesOn reports whether a field that matters to the body follows before the next empty
// line.
func (h *looseHeader) goesOn(br *bufio.Reader) bool {
	if h.sure > 0 {
		return true // seen from an earlier line
	}
	ahead, _ := br.Peek(maxAhead)
	all, full := len(ahead), len(ahead) == maxAhead
	for len(ahead) > 0 {
		var line []byte
		line, ahead, _ = bytes.Cut(ahead, []byte("\n"))
		h.work += len(line) + 1
		if len(bytes.TrimRight(line, "\r")) == 0 || bytes.HasPrefix(line, []byte("--")) {
			return false
		}
		if key, _, ok := cutLooseField(line); ok && strings.HasPrefix(key, "content-") {
			h.sure = all - len(ahead) - len(line)
			return true
		}
	}
	if full && len(h.fields) > 0 {
		h.doubted("a header broke off")
	}
	return false
}

// cutLooseField splits a line into the name of a field, in lower case, and its value. A
// link is not a field.
func cutLooseField(line []byte) (key string, value []byte, ok bool) {
	k, value, ok := bytes.Cut(line, []byte(":"))
	k = bytes.TrimRight(k, " \t")
	if !ok || len(k) == 0 || len(k) > 1<<10 || bytes.HasPrefix(value, []byte("//")) {
		return "", nil, false
	}
	for _, c := range k {
		if c <= ' ' || c >= 0x7F {
			return "", nil, false
		}
	}
	return strings.ToLower(string(k)), value, true
}

// unglue returns the last of several fields on one line if it matters to the body and the
// others are empty.
func unglue(key string, value []byte) (string, []byte) {
	for k, v := key, value; ; {
		var ok bool
		if k, v, ok = cutLooseField(bytes.TrimLeft(v, " \t")); !ok {
			return key, value
		}
		switch k {
		case contentType, contentDisposition, contentEncoding:
			return k, v
		}
	}
}

// field begins a field, and returns its name if it is kept.
func (h *looseHeader) field(name string, value []byte) string {
	switch name {
	case contentType, contentDisposition, contentEncoding, contentBase, contentLocation, contentDescription:
	default:
		return ""
	}
	if old, again := h.fields[name]; again {
		if name == contentDisposition {
			h.extend(name, append([]byte("; "), value...)) // it may have another file name
			return name
		}
		// The first one counts.
		if (name == contentType || name == contentEncoding) && !strings.EqualFold(strings.TrimSpace(string(old)), strings.TrimSpace(string(value))) {
			h.doubted("a header has two different fields " + name)
		}
		return ""
	}
	h.fields[name] = nil
	h.extend(name, value)
	return name
}

func (h *looseHeader) extend(name string, text []byte) {
	if name == "" {
		return
	}
	have := h.fields[name]
	if room := maxLooseField - len(have); len(text) > room {
		h.doubted("the field " + name + " is longer than 128 KiB")
		text = text[:room]
	}
	h.fields[name] = append(have, text...)
}

// open reports whether a field ends in a semicolon, so another parameter should follow.
func (h *looseHeader) open(name string) bool {
	return bytes.HasSuffix(bytes.TrimRight(h.fields[name], " \t"), []byte(";"))
}

// unfinished reports whether a line that is not a field interrupted a folded field.
func (h *looseHeader) unfinished() bool { return h.last != "" && h.open(h.last) }

// continued reports whether the next line continues a field.
func continued(br *bufio.Reader) bool {
	next, _ := br.Peek(1)
	return len(next) > 0 && (next[0] == ' ' || next[0] == '\t')
}

// notEOF returns the error unless it is io.EOF.
func notEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
