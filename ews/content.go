package ews

import (
	"bytes"
	"io"
)

// Content is large content to be sent: a MIME message, or what ExportItems
// gave. It is read while the request is being sent and never held whole. When
// the call has returned, nobody reads it any more.
type Content struct {
	// Open returns the content from its beginning. It is called once for each
	// time the request is put on the wire: more than once if authentication
	// needs several legs or the schema version has to be lowered, so it must
	// be repeatable unless the caller knows better.
	Open func() (io.ReadCloser, error)

	// Size is the number of bytes that Open's reader gives; -1: unknown, and
	// the request is sent in chunks. A reader that gives more or fewer bytes
	// fails the call before the server has the whole request.
	Size int64

	// Base64 says that the reader gives base64 text, white space allowed, which
	// is passed on as it is. Otherwise the bytes are encoded on the way.
	Base64 bool
}

// check makes sure that the content can be sent.
func (c Content) check(field string) error {
	switch {
	case c.Open == nil:
		return wrong(field+".Open", "is nil")
	case c.Size == 0:
		return wrong(field+".Size", "is 0: empty content is none; -1 says that the size is not known")
	case c.Size < -1:
		return wrong(field+".Size", "is %d", c.Size)
	}
	return nil
}

// BytesContent returns content held in memory.
func BytesContent(b []byte) Content {
	return Content{
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil },
		Size: int64(len(b)),
	}
}
