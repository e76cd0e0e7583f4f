// Package eml reads messages as they were delivered, however malformed, and
// rewrites them like a server that stores properties instead of bytes.
//
// A parsed [Message] keeps the bytes it came from and points into them, as does the
// rewritten message, so a large message is never copied. Header texts, charsets and
// transfer encodings are left to emersion/go-message. The structure is parsed here,
// because nothing may be refused or lost: a part that cannot be understood stays a part,
// and a line that is not a header field is kept.
package eml
