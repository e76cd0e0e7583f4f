package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// truncationMarker is the end of an export that a server could not complete.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-export-items-by-using-ews-in-exchange.
const truncationMarker = "=== Truncated Data ==="

func exportItems(c *call) *refusal {
	c.batch(c.op.Child("ItemIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		it, refused := c.item(n)
		if refused != nil {
			return nil, refused
		}
		if refused := c.minding(current(n, it), it); refused != nil {
			return nil, refused
		}
		fault, _ := c.strikes(func(f Fault) bool {
			return f.kind == faultTruncate || f.kind == faultTruncateEncoded || f.kind == faultShort
		}, it)
		return func() {
			c.out.itemID("m:ItemId", it)
			c.out.writeData(it.Export(), fault)
		}, nil
	})
	return nil
}

// writeData writes an export stream, or what a fault leaves of it.
func (r *reply) writeData(stream [][]byte, fault Fault) {
	switch fault.kind {
	case faultShort:
		stream = shorten(stream, fault.share)
	case faultTruncateEncoded:
		stream = append(shorten(stream, 0.5), []byte(truncationMarker))
	case faultTruncate:
		r.spoilt = true // the schema requires base64
		r.Open("m:Data")
		r.Splice()
		r.large = append(r.large, shorten(stream, 0.5))
		r.Text(truncationMarker)
		r.Close()
		return
	}
	r.content("m:Data", stream)
}
