// Package graph is a client for the part of Microsoft Graph that a mail quarantine
// needs, over net/http: messages and folders, named properties, export and import,
// users.
//
// # What may be repeated
//
// A read is repeated when Graph is busy or the connection breaks. A write is sent again
// only if it was certainly not carried out: it was never sent, or the answer was 429.
// After any other failure its outcome is unknown, because Graph has no keys for repeated
// requests, and a request answered with 503 or 504 may have taken effect.
// [Error.NotExecuted] reports this, and the caller checks.
//
// # Where credentials go
//
// The transport that signs in is used for the configured host only: a link to a next
// page, or a redirect, that leads elsewhere is refused. An import URL carries its own
// secret. It is used without the transport that signs in, and appears in no error.
//
// # Ids
//
// The client requests the ids that change when an item is moved. With the ids that do not
// ("ImmutableId"), a move that coincided with another one has left two copies, and a
// delta query has lost items that were moved away and back. An id that leads nowhere is
// the safer failure: its item has moved, and is looked for again.
//
// See https://learn.microsoft.com/en-us/graph/api/resources/message and
// https://learn.microsoft.com/en-us/graph/outlook-immutable-id.
package graph
