package ews

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

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
	Mailbox   string // SMTP address of the mailbox it belongs to; required in requests
	IsArchive bool
}

// ConvertIDRequest asks to convert identifiers.
type ConvertIDRequest struct {
	IDs []AlternateID // at least one
	To  IDFormat      // required
}

// ConvertID converts identifiers. The server computes them without checking
// whether the item exists.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/convertid-operation.
func (c *Client) ConvertID(ctx context.Context, req ConvertIDRequest) (Results[AlternateID], error) {
	return readBatch(ctx, c, len(req.IDs), func(members []int, _ error) convertID {
		return convertID{pick(req.IDs, members), req.To}
	})
}

type convertID ConvertIDRequest

func (r convertID) task() (task, error) {
	t := task{op: OpConvertID}
	if len(r.IDs) == 0 {
		return t, wrong("ConvertIDRequest.IDs", "is empty: at least one id is required")
	}
	for i, id := range r.IDs {
		field := "ConvertIDRequest.IDs" + at(i)
		switch {
		case id.ID == "":
			return t, wrong(field+".ID", "is empty")
		case id.Mailbox == "":
			return t, wrong(field+".Mailbox", "is empty")
		case !id.Format.known():
			return t, wrong(field+".Format", "is %q, which is not a format: use one of the Format constants", id.Format)
		}
	}
	if !r.To.known() {
		return t, wrong("ConvertIDRequest.To", "is %q, which is not a format: use one of the Format constants", r.To)
	}
	return t, nil
}

func (f IDFormat) known() bool {
	switch f {
	case FormatEWSLegacyID, FormatEWSID, FormatEntryID, FormatHexEntryID, FormatStoreID, FormatOWAID:
		return true
	}
	return false
}

func (r convertID) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:ConvertId")
	e.Attr("DestinationFormat", string(r.To))
	e.Open("m:SourceIds")
	for _, id := range r.IDs {
		e.Open("t:AlternateId")
		e.Attr("Format", string(id.Format))
		e.Attr("Id", id.ID)
		e.Attr("Mailbox", id.Mailbox)
		if id.IsArchive {
			e.Attr("IsArchive", "true")
		}
		e.Close()
	}
	e.Close()
	e.Close()
}

func (r convertID) decode(a *answer) (Results[AlternateID], error) {
	results, err := batch(a, len(r.IDs), func(id *AlternateID) {
		if a.d.Local() != "AlternateId" {
			return
		}
		id.Format = IDFormat(a.d.AttrInterned("Format"))
		id.ID, _ = a.d.Attr("Id")
		id.Mailbox = a.d.AttrInterned("Mailbox")
		switch a.d.AttrInterned("IsArchive") {
		case "true", "1":
			id.IsArchive = true
		}
	})
	return demand(a, results, err, func(id *AlternateID) bool { return id.ID != "" }, "an id")
}
