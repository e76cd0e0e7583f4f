// Package ews is a client for Exchange Web Services (EWS), the SOAP interface
// of Exchange Server 2010 to Subscription Edition and, until it is switched
// off there on 2027-04-01, of Exchange Online.
//
// It covers what finding, carrying, proving and removing mail needs, and no
// more: folders, items, MIME, ExportItems and UploadItems, distribution lists
// and identifiers. It is written for callers that must not lose a message:
//
//   - A batch answers with one [Result] for each thing asked, in the order
//     asked. An answer that holds fewer is never taken for success.
//   - A [ResponseError] keeps the response code exactly as the server spelt it.
//     [IsThrottled], [NotSent], [NotExecuted] and their neighbours say what it
//     means for the caller.
//   - Reads are repeated when the server is busy; a write is never sent twice
//     by this package. Whether a write whose answer was lost took effect only
//     the caller can find out, by looking.
//   - Large content (MIME, export streams) is handed through as an
//     [io.Reader], never held whole.
//   - Text from the server may hold anything, also characters that XML 1.0
//     forbids. It is handed on as it is: escape it before printing.
//
// A [Client] talks through any [net/http.RoundTripper]; authentication is a
// RoundTripper (see package auth). [Client.Impersonating] and
// [Client.ForMailbox] give cheap views of the same client for one mailbox.
//
// The protocol is described at
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/ews-reference-for-exchange.
package ews
