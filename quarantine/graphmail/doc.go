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
// # What has not been seen
//
// The driver has been built from Microsoft's documentation, from reports of others, and
// against package graphtest. It has not met a live tenant. Where the documentation leaves
// open what Graph does, the driver is built so that either answer works: it looks at the
// version of an item before each write, because whether Graph heeds If-Match is not said;
// it reads back whether a property can be taken away by null, and empties it otherwise;
// it finds a copy by its stamp rather than by the id that the import returned.
//
// # What Graph cannot do
//
// Online archives are only in the beta version, and not searched. What is in Recoverable
// Items can be found, but perhaps not removed. A read receipt cannot be suppressed, so
// that the request for one is withdrawn before an item is set to read or removed; a
// message that was set to read by a restore has lost that request.
//
// # New messages
//
// [Strategy.Arrivals] tells what has come into a folder, such as the Inbox of a mailbox for
// reports, since it was last asked.
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
// with the default folders a quarantine is 53 requests, and a restore 56.
//
// # Rights of the application
//
// Mail.ReadWrite, MailboxItem.ImportExport.All, User.Read.All, and GroupMember.Read.All
// to expand groups.
//
// See https://learn.microsoft.com/en-us/graph/api/resources/mail-api-overview and
// https://learn.microsoft.com/en-us/graph/mailbox-import-export-concept-overview.
package graphmail
