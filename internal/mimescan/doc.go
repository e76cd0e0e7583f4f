// Package mimescan reports the links and attachments of a MIME message while it
// is read.
//
// A message is never refused for being malformed. Content that cannot be parsed
// is scanned as text: a part whose boundary is missing, a truncated header, base64
// mixed with other bytes. Memory use does not depend on the size of the message:
// no part, line or URL is kept beyond a fixed length. Content that was not scanned
// is reported ([ErrTooComplex], [Report].Opaque), so a search knows when it may
// have missed something.
//
// Header texts and charsets are left to the standard library and
// emersion/go-message. The structure is parsed here, because their parsers stop
// at the first defect.
package mimescan
