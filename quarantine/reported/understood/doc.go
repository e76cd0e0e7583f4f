// Package understood finds out which messages a report of suspicious mail means.
//
// People report mail by a button of their mail program or by forwarding it. [Parse] reads
// such a report as a stream and tells, for each message that it means, its Message-ID as it
// stood, who sent it to whom, its subject, times, links, attachments and what servers said
// of its origin. It knows these forms:
//
//	message/rfc822, .eml    the message itself; its Message-ID is that of the reported one
//	text/rfc822-headers     its header alone (RFC 3462, RFC 5965, RFC 6533)
//	button                  an id that an add-in wrote into a header field, into the text or
//	                        into a file of JSON; the message or its header as a file of text
//	quoted                  only forwarded: headers that a mail program quoted in the text, in
//	                        the languages in which Outlook, Apple Mail and Thunderbird write
//	                        them. They become criteria. In other languages, and if only one
//	                        line says who wrote it, they are of low confidence
//	TNEF, .msg, archives    said to be opaque: they are not opened; so are files that are kept
//	                        elsewhere, of which a report has the name only
//
// # What may be believed
//
// All of a report is text from outside: its sender may be somebody else than From says, and
// what is quoted may have been written by the attacker. So each message has a [Confidence].
// What follows quoted headers is the attacker's, also where their language is not known. So an
// id in the text of a forwarded message counts only if the report says that it answers it;
// headers count little if their subject is not that of the report, or if something stands
// where they should begin that was not understood. What a forwarded message forwards itself
// is not reported: the reporter received the outermost one. A message that is attached
// beside headers of another one, or that stands in a text, may be an attachment of that, put
// there to have an innocent message taken: its confidence is low. Of a sender's name that is
// itself an address only the address behind it counts.
// A button may quote the header of the message below the lines of its own, with its text
// between them. That text may have such a header in it, so the Message-ID of one counts only
// beside the id that Exchange gave the message on its arrival, if the report names that too:
// no sender can know it. Otherwise what the button says itself becomes criteria.
// The Message-ID of the report itself is never that of a reported message. Nothing is taken
// because of a report: that is for the product to decide.
//
// Nothing is executed, opened, fetched or logged. What an attacker wrote must be escaped
// before it is shown. Memory is bounded, whatever the size of the report; what did not fit
// is said in Incomplete of [Report].
package understood
