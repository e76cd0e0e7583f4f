// Package mimescan reports the links and the attachments of a MIME message
// while it is read.
//
// A message is never refused for its form. What cannot be understood is looked
// at as text: a part whose boundary is missing, a header that breaks off, base64
// with foreign bytes between. Memory does not depend on the size of the message:
// no part, line or URL is held whole beyond a fixed length. What that leaves out
// is an error, not silence ([ErrTooComplex], [Report].Opaque), so who looks for
// something knows when it may have been overlooked.
//
// The grammar of header texts and charsets is left to the standard library and
// emersion/go-message; the structure is found here, because theirs ends at the
// first defect.
package mimescan
