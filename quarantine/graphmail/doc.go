// Package graphmail is the driver for Exchange Online over Microsoft Graph, the successor
// of Exchange Web Services.
//
// Items are carried from one mailbox to the other by export and import of their whole
// content, with all MAPI properties. These operations are in v1.0 of Graph in the
// worldwide cloud; the sovereign clouds do not have them. The original is removed by
// permanentDelete, which puts it out of its owner's reach.
//
// For the sovereign clouds, [InPlace] moves messages into a hidden folder of their own
// mailbox, which hides them and does no more.
//
// # Messages made anew
//
// With [driver.WayRecreate] among Options.Ways, a message that Graph refuses to export or
// import is made anew in the other mailbox from its properties and attachments. This is
// not tried while Graph is busy, nor after a request with an unknown outcome. The
// original is removed only if subject, text and attachments of both are the same, as well
// as Message-ID, class and dates. Such a copy has [driver.Stamp.Rebuilt] in its stamp.
//
//	kept    subject; text or HTML; attached files, inline ones with their Content-ID; from,
//	        sender, to, cc, bcc, reply-to; Message-ID; the times sent and received; read
//	        state, importance, categories, flag, Focused or Other; whether it is a draft;
//	        the request for a read receipt, if it is unread; five X- headers, not counting
//	        those of Exchange and those of more than 900 bytes
//	lost    all other headers, including Received and Authentication-Results; the structure
//	        of the MIME; the plain text alongside HTML, which Exchange makes again; replied
//	        and forwarded; the search key, conversation index, retention tags, and all other
//	        MAPI properties; the request for a delivery receipt; reply-to addresses without @
//	refused attached messages and links to files; signed or encrypted messages; meeting
//	        requests, reports, and all classes but IPM.Note; several texts; a text that does
//	        not fit into 4 MB; files of more than 150 MB
//
// A refused message stays where it is, and the receipt gives the reason. A message with
// up to about 2.8 MB of files is made with one request. Further files follow one by one,
// those of 3 MB or more in ranges; until all are in place, the message has the stamp of
// something that nobody needs. If that fails, it is put into Deleted Items, and the error
// says so.
//
// MIME is not a way over Graph: a message created from it is always a draft in Drafts,
// dated now, and for larger messages Graph has been seen to report success without
// creating them. The sovereign clouds lack permanentDelete as well, so making messages
// anew does not help there.
//
// See https://learn.microsoft.com/en-us/graph/api/mailfolder-post-messages and
// https://learn.microsoft.com/en-us/graph/outlook-large-attachments.
//
// # What has not been seen
//
// The driver has been built from Microsoft's documentation, from reports of others, and
// against package graphtest. It has not met a live tenant. Where the documentation leaves
// open what Graph does, the driver is built to work either way. It checks the version of
// an item before each write, because it is not documented whether Graph heeds If-Match.
// It reads back whether null removes a property, and otherwise empties the property. It
// looks for a copy by the id that the import returned, and by its stamp if that id
// belongs to something else or to nothing. It lists the folders below one that counts
// none, as hidden ones may not be counted: at first, and again after two minutes. A full
// page of a list without a link is followed by another request, as Graph has been seen to
// leave out the link; a shorter page without one is taken to be the last.
//
// An answer is believed only if it is about the object that was asked for: ids are
// compared, including those of the folders that a list comes from, and the result of a
// write is read before any further request that would change the wrong message. An empty
// list names nothing; only Graph's client-request-id, and the ids of the parts of a
// batch, show that it is the right one.
//
// # What Graph cannot do
//
// Its mail is messages and meeting requests. Other items with the same Message-ID, such as
// an appointment made from an invitation or a message that was sent with the class of a
// contact, are not shown, in whatever folder they are, and the search that does not show
// them counts as complete.
//
// Online archives exist only in the beta version, and are not searched. Items in
// Recoverable Items can be found, but not exported, and perhaps not removed: they stay. A
// read receipt cannot be suppressed, so the request for one is withdrawn before an item is
// set to read or removed; a message that was set to read by a restore has lost that
// request.
//
// # Reports
//
// Package reported can watch mailboxes: it repeatedly asks for the delta of a folder.
// Graph has no stream of changes, and its change notifications need a public address or
// an event hub. Each answer to a report is sent from its own draft, which needs the right
// Mail.Send; without answers no mail is sent, and that right is better not granted. It is
// not known whether the named property that marks a draft survives when Graph moves the
// message to Sent Items; if it does not, an answer whose outcome is lost stays undecided.
//
// # Round trips
//
// A quarantine from a known mailbox takes 14 round trips: one search; the stamp, with the
// version before it and a reading of what was kept after it (3); export and import (2);
// readings of both ends (2); the removal, with the version before it (2); three that show
// that the original is gone and the copy is there; and a look for other copies. A restore
// takes 17: the same, but with a look for the original folder instead of the last one,
// and three more to take off the stamp. The searches of one mailbox go in a batch: the
// whole mailbox, each folder, and the list of folders, which shows new ones. Graph counts
// each part of a batch, so in a mailbox with the default folders a quarantine is 54
// requests, and a restore 40.
//
// # Rights of the application
//
// The application needs Mail.ReadWrite, MailboxItem.ImportExport.All, User.Read.All, and
// GroupMember.Read.All to expand groups. It needs Mail.Send only to answer reports.
//
// See https://learn.microsoft.com/en-us/graph/api/resources/mail-api-overview and
// https://learn.microsoft.com/en-us/graph/mailbox-import-export-concept-overview.
package graphmail
