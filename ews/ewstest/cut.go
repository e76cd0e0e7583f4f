package ewstest

import (
	"bytes"
	"errors"
	"io"
)

// largeText is how many bytes of large content are recorded: a multiple of four,
// so that truncated base64 stays valid.
const largeText = 1 << 10

// recorder keeps what is read through it, with the text of large elements cut to
// largeText bytes.
type recorder struct {
	from io.Reader
	kept []byte
	err  error // other than io.EOF

	tag     []byte // the tag being read, if inside one
	inTag   bool
	large   bool // inside an element with large content
	textLen int  // length of its text so far
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.keep(p[:n])
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

func (r *recorder) keep(b []byte) {
	if !r.inTag && !r.large {
		n := ordinary(b)
		r.kept = append(r.kept, b[:n]...)
		b = b[n:]
	}
	for len(b) > 0 {
		if r.inTag {
			i := bytes.IndexByte(b, '>')
			part := b
			if i >= 0 {
				part = b[:i+1]
			}
			if len(r.tag) < 64 {
				r.tag = append(r.tag, part[:min(len(part), 64-len(r.tag))]...)
			}
			r.kept = append(r.kept, part...)
			b = b[len(part):]
			if i >= 0 {
				r.inTag = false
				r.large, r.textLen = isLarge(r.tag), 0
			}
			continue
		}
		i := bytes.IndexByte(b, '<')
		text := b
		if i >= 0 {
			text = b[:i]
		}
		if r.large {
			r.kept = append(r.kept, text[:min(len(text), max(0, largeText-r.textLen))]...)
			r.textLen += len(text)
		} else {
			r.kept = append(r.kept, text...)
		}
		b = b[len(text):]
		if i >= 0 {
			r.inTag, r.tag = true, r.tag[:0]
		}
	}
}

// ordinary returns how many bytes of b, which begins outside of tags, come before a tag
// that opens large content or does not end in b; in most requests this is all of b.
func ordinary(b []byte) (n int) {
	for {
		i := bytes.IndexByte(b[n:], '<')
		if i < 0 {
			return len(b)
		}
		n += i
		end := bytes.IndexByte(b[n:], '>')
		if end < 0 || isLarge(b[n:n+end+1]) {
			return n
		}
		n += end + 1
	}
}

// isLarge reports whether a tag opens an element with large content.
func isLarge(tag []byte) bool {
	name := bytes.TrimPrefix(tag, []byte("<"))
	for i, c := range name {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '/' || c == '>' {
			name = name[:i]
			break
		}
	}
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	return string(name) == "MimeContent" || string(name) == "Data" || string(name) == "Content"
}
