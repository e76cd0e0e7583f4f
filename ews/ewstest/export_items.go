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
		if refused := current(n, it); refused != nil {
			return nil, refused
		}
		return func() {
			c.out.itemID("m:ItemId", it)
			c.writeData(it.Export())
		}, nil
	})
	return nil
}

// writeData writes an export stream, or half of it if a fault truncates it.
func (c *call) writeData(stream [][]byte) {
	switch c.fault.kind {
	case faultTruncate, faultTruncateEncoded:
		c.struck = c.fault.Name
		stream = firstHalf(stream)
		if c.fault.kind == faultTruncateEncoded {
			c.out.content("m:Data", append(stream, []byte(truncationMarker)))
			return
		}
		c.out.Open("m:Data")
		c.out.Splice()
		c.out.large = append(c.out.large, stream)
		c.out.Text(truncationMarker)
		c.out.Close()
		return
	}
	c.out.content("m:Data", stream)
}

func firstHalf(stream [][]byte) [][]byte {
	size := 0
	for _, b := range stream {
		size += len(b)
	}
	size = size / 6 * 3 // whole groups of base64
	var half [][]byte
	for _, b := range stream {
		n := min(size, len(b))
		half = append(half, b[:n])
		size -= n
	}
	return half
}
