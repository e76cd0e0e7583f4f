// Package xmlwire reads and writes the XML of Exchange Web Services.
//
// It exists because encoding/xml gives up where this module must not: one
// character that XML 1.0 forbids (a subject with &#x1F; in it, as real servers
// send them) makes a whole page of results unreadable, a large text is held
// whole, and a page of items costs more than a hundred allocations an item.
//
// A [Decoder] is a cursor. [Decoder.NextChild] steps through the children of
// an element, skipping what the caller did not read of the one before, so a
// decoder of an element is a loop with a switch, and an unknown element costs
// nothing and breaks nothing:
//
//	depth := d.Depth()
//	for d.NextChild(depth) {
//		switch d.Local() {
//		case "Subject":
//			item.Subject = d.Text()
//		case "Size":
//			item.Size = d.Int64()
//		}
//	}
//
// The first error sticks: every later call returns a zero value, and
// [Decoder.Err] tells. Depth, number of elements, length of a tag and of a
// text are bounded by [Limits]; a text that may be large is read as a stream
// by [Decoder.TextReader]. Text is handed on as the server wrote it, forbidden
// characters included. Document type declarations are refused, so there are no
// entities to expand.
//
// An [Encoder] writes elements in the order it is told and never lets a
// character through that XML 1.0 cannot carry.
package xmlwire
