package xmlwire

import (
	"errors"
	"fmt"
)

// Limits bound what a [Decoder] accepts. A zero field means its default. In addition, a
// name has at most 1 KiB, an element has at most 256 attributes, and at most 256
// namespace declarations are in scope at the same time.
type Limits struct {
	// MaxDepth is the maximum number of open elements. Default: 64.
	MaxDepth int
	// MaxElements is the maximum number of elements in a document. Default: 4,000,000.
	MaxElements int
	// MaxTag is the maximum length of a tag with its attributes, in bytes.
	// Default: 256 KiB. Comments and processing instructions may have any length.
	MaxTag int
	// MaxText is the maximum length of a text returned as a string, in bytes; a
	// text that is skipped or read by TextReader has no limit. Default: 8 MiB.
	MaxText int
	// Strict makes characters that XML 1.0 forbids, undeclared prefixes and
	// malformed references errors, as a server's reader does. Otherwise they are
	// accepted.
	Strict bool
}

func (l Limits) withDefaults() Limits {
	if l.MaxDepth == 0 {
		l.MaxDepth = 64
	}
	if l.MaxElements == 0 {
		l.MaxElements = 4_000_000
	}
	if l.MaxTag == 0 {
		l.MaxTag = 256 << 10
	}
	if l.MaxText == 0 {
		l.MaxText = 8 << 20
	}
	return l
}

// Causes of an [Error].
var (
	// ErrSyntax reports a document that is not well-formed.
	ErrSyntax = errors.New("not well-formed")
	// ErrSecondRoot reports that another document follows. It matches ErrSyntax.
	ErrSecondRoot = fmt.Errorf("%w as one document", ErrSyntax)
	// ErrLimit reports a document that exceeds the [Limits].
	ErrLimit = errors.New("limit exceeded")
	// ErrValue reports a text that is not of the requested type.
	ErrValue = errors.New("malformed value")
)

// Error reports where and why a document could not be read. Err is the error of
// the underlying reader, io.ErrUnexpectedEOF for a document that ends early, or
// one of the causes above.
type Error struct {
	Path   string // of the element, such as "Envelope/Body/FindItemResponse"
	Offset int64  // bytes into the document
	Detail string // what was wrong, without text of the document
	Err    error
}

// Error returns the cause with its position.
func (e *Error) Error() string {
	s := e.Err.Error()
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return fmt.Sprintf("xml at byte %d in %q: %s", e.Offset, e.Path, s)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
