// Package xmlwire reads and writes the XML of Exchange Web Services.
//
// It exists because encoding/xml gives up where this module must not: one character that
// XML 1.0 forbids (a subject containing &#x1F;, as real servers send it) makes a whole
// page of results unreadable. It also holds large texts in memory, and needs more than a
// hundred allocations for each item of a page.
//
// A [Decoder] is a cursor. [Decoder.NextChild] steps through the children of an element,
// skipping whatever the caller did not read of the previous one. An element is thus
// decoded by a loop with a switch, and an unknown element costs and breaks nothing:
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
// [Decoder.Err] returns the error. [Limits] bound the depth, the number of
// elements, and the length of a tag or text; read a text that may be large as a
// stream, with [Decoder.TextReader]. Text is returned as the server wrote it,
// including forbidden characters. Document type declarations are refused, so
// there are no entities to expand.
//
// An [Encoder] writes elements in the order of its calls and never writes a
// character that XML 1.0 cannot represent.
package xmlwire
