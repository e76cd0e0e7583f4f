package ews

import "context"

// MIME is the MIME form of one item, read from the server while the caller
// reads. It holds a place of the limiter until it is closed or read to its
// end.
type MIME struct {
	ItemID       ItemID
	CharacterSet string // what the server says; usually UTF-8
}

// OpenMIME returns the MIME form of an item as a stream. Servers make it anew
// from their properties each time: it is not byte for byte what was delivered.
// The change key of the id is not sent.
//
// The caller must close it.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/mimecontent.
func (c *Client) OpenMIME(ctx context.Context, id ItemID) (*MIME, error) {
	return nil, errUnbuilt
}

// Read reads decoded MIME. It returns io.EOF only when the whole answer was
// read and found well-formed; a MIME that is cut short ends in another error.
func (m *MIME) Read(p []byte) (int, error) { return 0, errUnbuilt }

// Close ends the call. After io.EOF it does nothing.
func (m *MIME) Close() error { return nil }
