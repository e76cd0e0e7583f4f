// Package ewsmail is the driver for Exchange over EWS: it uses package ews to implement
// what package quarantine needs from a mail system.
//
// It has two strategies. [FullAccess] is for a service account that has the
// FullAccess right on all mailboxes; [Impersonation] is for one that acts as the
// owner of each mailbox. There are three ways to carry an item, tried in this order as
// far as the access and the server allow:
//
//   - MoveItem across mailboxes, only with FullAccess
//   - ExportItems, streamed into UploadItems, with all properties
//   - the MIME form, from which a new item is created
//
// The stamp of an item is stored in named properties and travels with it.
//
// Products seldom use this package directly: package exchange makes a service
// from a configuration.
package ewsmail
