// Package graphmail is the driver over Microsoft Graph, for Exchange Online after
// Exchange Web Services.
//
// Items are carried by export and import of their whole content, with all MAPI
// properties, from one mailbox to the other. That is v1.0 of Graph in the worldwide cloud;
// the sovereign clouds do not have it. The original is removed by permanentDelete, which
// puts it out of its owner's reach.
//
// For the sovereign clouds [InPlace] moves messages into a hidden folder of their own
// mailbox, which hides them and no more.
//
// # Messages made anew
//
// With [driver.WayRecreate] among Options.Ways, a message that Graph refuses to export or to
// import is made anew in the other mailbox from its properties and attachments. It is not
// tried while Graph is busy, nor after a request with an unknown outcome. The original is
// removed only if the subject, text and attachments of both are the same, besides
// Message-ID, class and dates. Such a copy has [driver.Stamp.Rebuilt] in its stamp.
//
//	kept    subject; text or HTML; attached files, inline ones with their Content-ID; from,
//	        sender, to, cc, bcc, reply-to; Message-ID; when it was sent and received; read
//	        state, importance, categories, flag, Focused or Other; whether it is a draft; a
//	        request for a read receipt, if it is unread; five headers X-…, those of Exchange
//	        and of more than 900 bytes left out
//	lost    all other headers, Received and Authentication-Results among them; the form of
//	        the MIME; the plain text beside HTML, which Exchange makes again; replied and
//	        forwarded; the search key, conversation index, retention tags, and all other MAPI
//	        properties; a request for a delivery receipt; addresses to reply to without @
//	refused attached messages and links to files; what is signed or encrypted; meeting
//	        requests, reports, and all classes but IPM.Note; several texts; a text that does
//	        not fit into 4 MB; files of more than 150 MB
//
// What is refused stays where it is, and the receipt says why. A message with up to about 2.8 MB
// of files is made with one request. The others follow it, those from 3 MB on in ranges;
// until all are there the message has the stamp of something that nobody needs. If that
// fails, it is put into Deleted Items, and the error says so.
//
// MIME is no way over Graph: what it makes is always a draft, dated now, in Drafts, and larger
// messages have been answered with success and not been made. The sovereign clouds lack
// permanentDelete as well, so that making messages anew does not help there.
//
// See https://learn.microsoft.com/en-us/graph/api/mailfolder-post-messages and
// https://learn.microsoft.com/en-us/graph/outlook-large-attachments.
//
// # What has not been seen
//
// The driver has been built from Microsoft's documentation, from reports of others, and
// against package graphtest. It has not met a live tenant. Where the documentation leaves
// open what Graph does, the driver is built so that either answer works: it looks at the
// version of an item before each write, because whether Graph heeds If-Match is not said;
// it reads back whether a property can be taken away by null, and empties it otherwise;
// it looks for a copy by the id that the import returned, and by its stamp where that is
// the id of something else or of nothing.
//
// An answer is believed only if it is about what was asked for: ids are compared, also those
// of the folders that a list is of; and what a write has made is read before anything follows
// that would change another message. An empty list names nothing: that it is the right one,
// Graph's client-request-id tells, and the ids of the parts of a batch.
//
// # What Graph cannot do
//
// Online archives are only in the beta version, and not searched. What is in Recoverable
// Items can be found, but perhaps not removed. A read receipt cannot be suppressed, so
// that the request for one is withdrawn before an item is set to read or removed; a
// message that was set to read by a restore has lost that request.
//
// # Reports
//
// Mailboxes can be watched by package reported: what is new is the delta of a folder, asked
// for again and again. Graph has no stream of it, and its change notifications need a public
// address or an event hub. Each answer to a report is sent from its own draft, which needs the
// right Mail.Send; without answers no mail is sent, and that right is better not given. It
// has not been seen that a named property which marks a draft is still there when Graph has
// moved it to Sent Items; if it is not, an answer whose outcome is lost stays undecided.
//
// # Round trips
//
// A quarantine from a mailbox that is known takes 14 round trips: one search; the stamp, with
// the version before it and what was kept after it (3); export and import (2); both ends
// as they are (2); the removal with the version before it (2), and three that show that the
// original is gone and the copy there; and a look for other copies. A restore takes 17:
// the same, with a look for the folder it came from instead of the last, and three that
// take off the stamp. Searches of one mailbox go in a batch: the whole of it, each folder,
// and the list of folders, which shows new ones. Graph counts each part, so that in a mailbox
// with the default folders a quarantine is 54 requests, and a restore 40.
//
// # Rights of the application
//
// Mail.ReadWrite, MailboxItem.ImportExport.All, User.Read.All, and GroupMember.Read.All
// to expand groups. Mail.Send only to answer reports.
//
// See https://learn.microsoft.com/en-us/graph/api/resources/mail-api-overview and
// https://learn.microsoft.com/en-us/graph/mailbox-import-export-concept-overview.
package graphmail
