package ews

import (
	"bytes"
	"io"
)

// Content is large content to send: a MIME message, or data from ExportItems. It is read
// while the request is being sent, and is never held in memory as a whole. It is not read
// after the call has returned.
type Content struct {
	// Open returns the content from its start. It is called each time the request is
	// sent: more than once if authentication takes several round trips or the schema
	// version must be lowered. It must therefore be repeatable, unless the caller can
	// rule that out.
	Open func() (io.ReadCloser, error)

	// Size is the number of bytes that Open's reader returns, or -1 if unknown, in which
	// case the request is sent in chunks. If the server refuses chunks, the content is
	// read once more to measure it. If the reader returns more or fewer bytes, the call
	// fails before the server has the whole request. 0 is an error, because content must
	// not be empty.
	Size int64

	// Base64 is set if the reader returns base64 text, with or without white
	// space, which is passed on as is. Otherwise the bytes are encoded on the
	// fly.
	Base64 bool
}

// check returns an error if the content cannot be sent.
func (c Content) check(field string) error {
	switch {
	case c.Open == nil:
		return wrong(field+".Open", "is nil")
	case c.Size == 0:
		return wrong(field+".Size", "is 0: content must not be empty; use -1 if the size is unknown")
	case c.Size < -1:
		return wrong(field+".Size", "is %d", c.Size)
	}
	return nil
}

// BytesContent returns content held in memory, not yet base64-encoded.
func BytesContent(b []byte) Content {
	return Content{
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil },
		Size: int64(len(b)),
	}
}
