package ewstest

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	netmail "net/mail"
	"net/url"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// convertID only computes: as on real servers, nothing reveals whether the item, folder
// or mailbox exists, and only the form of the mailbox's address is checked. An EwsId
// contains its mailbox, whose primary address the answer then has: DavMail asks with an
// arbitrary address to learn whose mailbox it is in. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/convertid-operation.
func convertID(c *call) *refusal {
	to := c.op.Get("DestinationFormat")
	c.batch(c.op.Child("SourceIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		if n.Local != "AlternateId" {
			return nil, lacks.refusal(c.opts.Version, n.Local, true)
		}
		address := n.Get("Mailbox")
		if a, err := netmail.ParseAddress(address); err != nil || a.Address != address {
			return nil, refuseText("ErrorInvalidSmtpAddress", "The Mailbox of the AlternateId is not an SMTP address.")
		}
		id, refused := decodeID(n.Get("Format"), n.Get("Id"))
		if refused != nil {
			return nil, refused
		}
		if box := c.server.org.ByGUID(id.Mailbox); box != nil && !box.Gone && n.Get("Format") == "EwsId" {
			address = box.Address
		}
		return func() {
			c.out.Open("m:AlternateId")
			c.out.Attr("xmlns:xsi", xmlwire.URIInstance)
			c.out.Attr("xsi:type", "t:AlternateIdType")
			c.out.Attr("Format", to)
			c.out.Attr("Id", encodeID(to, id, address))
			c.out.Attr("Mailbox", address)
			if archive, ok := n.Attr("IsArchive"); ok {
				c.out.Attr("IsArchive", archive)
			}
			c.out.Close()
		}, nil
	})
	return nil
}

// storeTypes are the types of objects in a StoreId and OwaId.
var storeTypes = map[mailstore.Kind]byte{mailstore.KindFolder: 1, mailstore.KindItem: 9}

// legacyType begins an id of Exchange 2007 before SP1, which consists of the address of
// the mailbox, an instruction byte and the entry id.
const legacyType = 1

func encodeID(format string, id mailstore.ID, address string) string {
	entry := id.Bytes()
	switch format {
	case "EntryId":
		return base64.StdEncoding.EncodeToString(entry)
	case "HexEntryId":
		return strings.ToUpper(hex.EncodeToString(entry))
	case "StoreId":
		return base64.StdEncoding.EncodeToString(append(entry, storeTypes[id.Kind]))
	case "OwaId":
		return url.QueryEscape(base64.StdEncoding.EncodeToString(append(sized(entry), storeTypes[id.Kind])))
	case "EwsLegacyId":
		b := append([]byte{legacyType, 0}, sized([]byte(address))...)
		return base64.StdEncoding.EncodeToString(append(append(b, 0), sized(entry)...))
	}
	return id.String()
}

// sized returns bytes prefixed with their length in 16 bits.
func sized(b []byte) []byte {
	return append(binary.LittleEndian.AppendUint16(nil, uint16(len(b))), b...)
}

// cutSized is the inverse of sized; it also returns the rest.
func cutSized(b []byte) (part, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.LittleEndian.Uint16(b))
	if b = b[2:]; len(b) < n {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

func decodeID(format, s string) (mailstore.ID, *refusal) {
	id, err := decodedID(format, s)
	switch {
	case s == "":
		return id, refuse("ErrorInvalidIdEmpty")
	case err == nil:
		return id, nil
	case format == "EwsId" && isLegacy(s):
		return id, refuseText("ErrorInvalidIdMalformedEwsLegacyIdFormat", "The id has the format EwsLegacyId.")
	}
	return id, refuse("ErrorInvalidIdMalformed")
}

// isLegacy reports whether an id is one of Exchange 2007 before SP1.
func isLegacy(s string) bool {
	_, err := decodedID("EwsLegacyId", s)
	return err == nil
}

func decodedID(format, s string) (mailstore.ID, error) {
	bad := mailstore.ErrMalformed
	if format == "EwsId" {
		return mailstore.ParseID(s)
	}
	if format == "HexEntryId" {
		b, err := hex.DecodeString(s)
		if err != nil {
			return mailstore.ID{}, bad
		}
		return mailstore.ParseBytes(b)
	}
	if format == "OwaId" && strings.Contains(s, "%") { // either URL-escaped or not
		plain, err := url.QueryUnescape(s)
		if err != nil {
			return mailstore.ID{}, bad
		}
		s = plain
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return mailstore.ID{}, bad
	}
	typed := func(entry, kind []byte) (mailstore.ID, error) {
		id, err := mailstore.ParseBytes(entry)
		if err == nil && (len(kind) != 1 || kind[0] != storeTypes[id.Kind]) {
			err = bad
		}
		return id, err
	}
	switch format {
	case "EntryId":
		return mailstore.ParseBytes(b)
	case "StoreId":
		cut := max(len(b)-1, 0)
		return typed(b[:cut], b[cut:])
	case "OwaId":
		entry, kind, ok := cutSized(b)
		if !ok {
			return mailstore.ID{}, bad
		}
		return typed(entry, kind)
	}
	if len(b) < 2 || b[0] != legacyType || b[1] != 0 {
		return mailstore.ID{}, bad
	}
	_, b, ok := cutSized(b[2:])
	if !ok || len(b) == 0 || b[0] != 0 {
		return mailstore.ID{}, bad
	}
	entry, rest, ok := cutSized(b[1:])
	if !ok || len(rest) > 0 {
		return mailstore.ID{}, bad
	}
	return mailstore.ParseBytes(entry)
}
