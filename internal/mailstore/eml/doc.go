// Package eml reads messages as they were delivered, whatever their defects,
// and writes them anew as a server does that keeps properties instead of bytes.
//
// A parsed [Message] keeps the bytes it came from and points into them; what is
// written anew refers to them, too, so that a large message is never copied.
// The grammar of header texts, charsets and transfer encodings is left to
// emersion/go-message; the structure is found here, because nothing may be
// refused and nothing may get lost: a part that cannot be understood stays a
// part, a line that is no header field is kept.
package eml
