// Package ewsmail is the driver for Exchange over EWS: what package quarantine
// needs of a mail system, done with package ews.
//
// There are two strategies. [FullAccess] is for a service account that has the
// FullAccess right on all mailboxes; [Impersonation] is for one that works in each
// mailbox as its owner. An item is carried in one of three ways, which are tried
// in this order as far as access and server allow:
//
//   - MoveItem across mailboxes, which only FullAccess can
//   - ExportItems, streamed into UploadItems, with all properties
//   - the MIME form, made into a new item
//
// The stamp of an item is kept in named properties, and travels with it.
//
// A product seldom uses this package itself: package exchange makes a service
// from a configuration.
package ewsmail
