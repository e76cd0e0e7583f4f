// Package ews is a client for Exchange Web Services (EWS), the SOAP interface
// of Exchange Server 2010 to Subscription Edition and, until it is switched
// off there on 2027-04-01, of Exchange Online.
//
// It covers what is needed to find, transfer, verify and remove mail, and no
// more: folders, items, MIME, ExportItems and UploadItems, distribution lists
// and identifiers. It is written for callers that must not lose a message:
//
//   - A batch returns one [Result] per member, in the order requested. A
//     response with fewer is never taken for success.
//   - A [ResponseError] keeps the response code exactly as the server spelt it.
//     [IsThrottled], [NotSent], [NotExecuted] and related functions tell what it
//     means for the caller.
//   - Reads are retried when the server is busy; this package never repeats a
//     write that may have taken effect. If the response to a write is lost, only
//     the caller can find out, by looking, whether it did.
//   - Large content (MIME, export streams) is passed through as an [io.Reader]
//     and never held in memory as a whole.
//   - Text from the server may contain anything, including characters that XML
//     1.0 forbids. It is passed on as is: escape it before printing.
//
// A [Client] uses any [net/http.RoundTripper]; authentication is a RoundTripper
// (see package auth). [Client.Impersonating] and [Client.ForMailbox] return
// cheap views of the same client for one mailbox.
//
// The protocol is described at
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/ews-reference-for-exchange.
package ews
