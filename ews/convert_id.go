package ews

import "context"

// IDFormat is a format of an identifier.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/alternateid.
type IDFormat string

// Formats of identifiers.
const (
	FormatEWSLegacyID IDFormat = "EwsLegacyId" // Exchange 2007 RTM
	FormatEWSID       IDFormat = "EwsId"       // Exchange 2007 SP1 and later
	FormatEntryID     IDFormat = "EntryId"     // base64 of the MAPI entry id
	FormatHexEntryID  IDFormat = "HexEntryId"  // hexadecimal
	FormatStoreID     IDFormat = "StoreId"     // Exchange's store id, base64
	FormatOWAID       IDFormat = "OwaId"       // Outlook on the web
)

// AlternateID is an identifier in one of the formats.
type AlternateID struct {
	Format    IDFormat
	ID        string
	Mailbox   string // SMTP address of the mailbox it belongs to
	IsArchive bool
}

// ConvertIDRequest asks to convert identifiers.
type ConvertIDRequest struct {
	IDs []AlternateID // at least one
	To  IDFormat
}

// ConvertID converts identifiers. The server computes them; it does not look
// whether the item exists.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/convertid-operation.
func (c *Client) ConvertID(ctx context.Context, req ConvertIDRequest) (Results[AlternateID], error) {
	return nil, errUnbuilt
}
