// Package mimescan reports the links and attachments of a MIME message while it
// is read ([Scan]), or its whole content in a normal form ([ReadContent]).
//
// A message is never rejected for being malformed. [Scan] reads it as mail programs and
// browsers do: after a defect it continues in all the ways in which a program might, and
// it scans content that cannot be parsed as text. Memory use does not depend on the size
// of the message: no part, line or URL is kept beyond a fixed length. [ErrTooComplex] and
// [Report] tell what was not scanned, or may not be what its sender meant, so a search
// knows when it may have missed something. The tests named TestCases… list the kinds of
// defects. A text is also searched for parts of messages within it, because a header may
// have broken off, or because the text may be a bounce.
//
// [ReadContent] is for comparing two forms of a message, so it does not guess: content
// that does not follow the standards is compared byte by byte.
//
// A server that stores properties generates the MIME of a message each time. The normal
// form has what servers keep if they do so faithfully:
//
//	subject of the message              decoded, white space as single blanks
//	text                                decoded, in UTF-8, line ends alike, without blanks at the
//	                                    end of lines and empty lines at the end
//	text/plain beside HTML in a         the same, and marked: servers make it from the HTML, and
//	multipart/alternative               some leave it out
//	text/html                           the visible text without white space, and the values of
//	                                    attributes that link or show images; no styles, scripts,
//	                                    comments, title, link and meta
//	attachment, winmail.dat             the decoded bytes; neither name nor media type
//	  not encoded or quoted-printable   the same with CRLF at the end of lines (RFC 2045)
//	attached message                    its subject, then its parts like those of the message
//	first part of a multipart/signed    header and body as they are, lines with CRLF (RFC 1847)
//	S/MIME in one piece, and parts of   like an attachment
//	a multipart/encrypted
//	base64 with other characters        all its characters but white space
//	text in an unknown charset, or      the bytes, line ends and blanks as in other texts
//	with bytes that its charset lacks
//	HTML with a tag or text of more     like a text
//	than 4 MiB
//	multipart whose boundary never      its bytes, lines with CRLF
//	comes, part nested too deeply
//	parts beyond 10,000                 their bytes and boundaries, lines with CRLF
//	empty text                          none
//	multipart without its final         counted
//	boundary
//	text before the first boundary      none; Exchange leaves it out
//	and after the last
//
// The names and nesting of multiparts do not count, nor do other header fields. A part
// that lacks its end has a different digest, unless only white space is missing.
//
// Header texts and charsets are left to the standard library, internal/mimeparam and
// emersion/go-message, and the spelling of links to internal/linkunwrap. The structure is
// parsed here, because other parsers stop at the first defect.
package mimescan
