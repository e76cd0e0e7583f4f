package ewstest

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

func convertID(c *call) *refusal {
	to := c.op.Get("DestinationFormat")
	c.batch(c.op.Child("SourceIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		if n.Local != "AlternateId" {
			return nil, refuse("ErrorInvalidOperation")
		}
		address := n.Get("Mailbox")
		if refused := c.reachable(c.mailboxAt(address)); refused != nil {
			return nil, refused
		}
		id, err := decodeID(n.Get("Format"), n.Get("Id"))
		if err != nil {
			return nil, refuse("ErrorInvalidIdMalformed")
		}
		return func() {
			c.out.Open("m:AlternateId")
			c.out.Attr("xmlns:xsi", xmlwire.URIInstance)
			c.out.Attr("xsi:type", "t:AlternateIdType")
			c.out.Attr("Format", to)
			c.out.Attr("Id", encodeID(to, id))
			c.out.Attr("Mailbox", address)
			if archive, ok := n.Attr("IsArchive"); ok {
				c.out.Attr("IsArchive", archive)
			}
			c.out.Close()
		}, nil
	})
	return nil
}

// As in Exchange, the formats differ in how the bytes are encoded; a store id
// also carries a mark.
const storeMark = "\x2e"

func encodeID(format string, id mailstore.ID) string {
	b := id.Bytes()
	switch format {
	case "EntryId":
		return base64.StdEncoding.EncodeToString(b)
	case "HexEntryId":
		return strings.ToUpper(hex.EncodeToString(b))
	case "StoreId":
		return base64.StdEncoding.EncodeToString(append(b, storeMark...))
	case "EwsLegacyId":
		return base64.StdEncoding.EncodeToString(append([]byte{0, 0}, b...))
	case "OwaId":
		return url.QueryEscape(id.String())
	}
	return id.String()
}

func decodeID(format, s string) (mailstore.ID, error) {
	var b []byte
	var err error
	switch format {
	case "EntryId":
		b, err = base64.StdEncoding.DecodeString(s)
	case "HexEntryId":
		b, err = hex.DecodeString(s)
	case "StoreId":
		b, err = base64.StdEncoding.DecodeString(s)
		if trimmed, ok := strings.CutSuffix(string(b), storeMark); err == nil && ok {
			b = []byte(trimmed)
		}
	case "EwsLegacyId":
		b, err = base64.StdEncoding.DecodeString(s)
		b = b[min(2, len(b)):]
	case "OwaId":
		if s, err = url.QueryUnescape(s); err == nil {
			return mailstore.ParseID(s)
		}
	default:
		return mailstore.ParseID(s)
	}
	if err != nil {
		return mailstore.ID{}, err
	}
	return mailstore.ParseBytes(b)
}
