// Package understood works out which messages a report of suspicious mail is about.
//
// People report mail with a button in their mail program or by forwarding it. [Parse] reads
// such a report as a stream and returns, for each message that it is about, its Message-ID as
// written, its sender and recipients, its subject, times, links and attachments, and what
// servers found out about its origin. It recognises these forms:
//
//	message/rfc822, .eml    the message itself; its Message-ID is that of the reported one
//	text/rfc822-headers     its header alone (RFC 3462, RFC 5965, RFC 6533)
//	button                  an id that an add-in wrote into a header field, the text or a JSON
//	                        file; the message or its header as a text file
//	quoted                  just forwarded: headers that a mail program quoted in the text, in
//	                        the languages in which Outlook, Apple Mail and Thunderbird write
//	                        them. They become criteria. In other languages, and if only one
//	                        line names the author, they are of low confidence
//	TNEF, .msg, archives    reported as opaque: they are not opened; nor are files stored
//	                        elsewhere, of which a report contains only the name
//
// # What can be believed
//
// Everything in a report is text from outside: its sender may not be who From says, and the
// attacker may have written what is quoted. So each message has a [Confidence].
//
// Whatever follows quoted headers is the attacker's, even if their language is not known. So
// an id in the text of a forwarded message counts only if the report says that it answers
// that message. Headers count for little if their subject is not that of the report, or if
// something that was not understood stands where they should begin. If a forwarded message
// itself forwards another, that is not a reported message: the reporter received the
// outermost one. A message that is attached alongside headers of another, or found within a
// text, may be an attachment of that, put there to have an innocent message taken: its
// confidence is low. If a sender's name is itself an address, only the address after it
// counts.
//
// A button may quote the header of the message below its own lines, with the text of the
// message in between. That text may contain such a header, too, so the Message-ID in one
// counts only alongside the id that Exchange gave the message on its arrival, if the report
// names that as well: no sender can know it. Otherwise the button's own lines become criteria.
//
// The Message-ID of the report itself is never that of a reported message. Nothing is taken
// because of a report: that is for the product to decide.
//
// Nothing is executed, opened, fetched or logged. Escape what an attacker wrote before
// showing it. Memory is bounded, whatever the size of the report; Incomplete of [Report]
// describes what did not fit.
package understood
