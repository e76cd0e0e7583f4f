// Package mimescan reports the links and attachments of a MIME message while it
// is read ([Scan]), or its whole content in a normal form ([ReadContent]).
//
// A message is never refused for being malformed. [Scan] reads it as mail programs and
// browsers do: it goes on after a defect, in all the ways in which a program might, and
// content that cannot be parsed is scanned as text. Memory use does not depend on the
// size of the message: no part, line or URL is kept beyond a fixed length. What was not
// scanned, or may not be what its sender meant, is reported ([ErrTooComplex],
// [Report]), so a search knows when it may have missed something. The tests named
// TestCases… list the kinds of defects. A text is also looked through for parts of
// messages that stand in it: because a header broke off, or because it is a bounce.
//
// [ReadContent] is for comparing two forms of a message, so it does not guess: what is
// not as the standards have it counts byte by byte.
//
// A server that stores properties writes the MIME of a message anew each time. The
// normal form is what servers keep that do so honestly:
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
// The names of multiparts do not count, nor how they are nested, nor other fields of
// headers. A part that lacks its end has another digest, unless only white space is
// missing.
//
// Header texts and charsets are left to the standard library, internal/mimeparam and
// emersion/go-message, and how links are spelt to internal/linkunwrap. The structure is
// parsed here, because other parsers stop at the first defect.
package mimescan
