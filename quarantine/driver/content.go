package driver

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
)

// PartKind is what a part of a message is.
type PartKind string

// Kinds of parts.
const (
	PartSubject    PartKind = "subject"
	PartText       PartKind = "text"
	PartHTML       PartKind = "html"
	PartAttachment PartKind = "attachment"
	PartMessage    PartKind = "message"   // an attached message; its parts are parts of the whole
	PartSigned     PartKind = "signed"    // what a signature covers
	PartEncrypted  PartKind = "encrypted" // encrypted, or signed in one piece
	PartRaw        PartKind = "raw"       // what cannot be taken apart
)

// kindNames are the kinds, in the order of [Content.Digest], with their singular
// and plural names for people.
var kindNames = [...]struct {
	kind      PartKind
	one, many string
}{
	{PartSubject, "subject", "subjects"},
	{PartText, "text", "texts"},
	{PartHTML, "HTML text", "HTML texts"},
	{PartAttachment, "attachment", "attachments"},
	{PartMessage, "attached message", "attached messages"},
	{PartSigned, "signed part", "signed parts"},
	{PartEncrypted, "encrypted part", "encrypted parts"},
	{PartRaw, "unreadable part", "unreadable parts"},
	{"", "other part", "other parts"}, // of a kind that is not listed
}

// listed returns the kind if it is one of those above, otherwise the empty kind.
func (k PartKind) listed() PartKind {
	for _, name := range kindNames {
		if name.kind == k {
			return k
		}
	}
	return ""
}

// ContentPart is a part of an item. It has no name, because a server may rename
// attachments.
type ContentPart struct {
	Kind   PartKind
	SHA256 [sha256.Size]byte // of the part in the driver's form
	Size   int64             // of that form, in bytes
	// Alternative means that the part is the text of another part in a simpler
	// form, which a server may add or leave out.
	Alternative bool
}

// Content is everything that people see of an item. The order of the parts does
// not matter.
type Content struct {
	Parts []ContentPart
	// Unended is how many containers of parts have no closing delimiter.
	Unended int
	// Truncated means that the server seems to have cut off the item: the
	// content then proves nothing.
	Truncated bool
}

// Digest returns the SHA-256 of the content in hexadecimal, without the parts that
// are alternatives. Two contents that do not differ have the same digest.
func (c Content) Digest() string {
	h := sha256.New()
	for _, k := range kindNames {
		for _, p := range c.of(k.kind, false) {
			fmt.Fprintf(h, "%s:%x\n", p.Kind, p.SHA256)
		}
	}
	h.Write([]byte("unended:" + strconv.Itoa(c.Unended)))
	return hex.EncodeToString(h.Sum(nil))
}

// of returns the parts of a kind, sorted.
func (c Content) of(kind PartKind, alternative bool) []ContentPart {
	var parts []ContentPart
	for _, p := range c.Parts {
		if p.Kind.listed() == kind && p.Alternative == alternative {
			parts = append(parts, p)
		}
	}
	slices.SortFunc(parts, func(a, b ContentPart) int { return bytes.Compare(a.SHA256[:], b.SHA256[:]) })
	return parts
}

// Differs describes for people how a copy with this content differs from the
// original, or returns "". The description contains kinds, numbers and sizes, and
// no text of the message.
func (c Content) Differs(original Content) string {
	switch {
	case original.Truncated:
		return "the server returns only a part of the original: what it returned ends in the marker of a truncated export"
	case c.Truncated:
		return "the server returns only a part of it: what it returned ends in the marker of a truncated export"
	}
	for _, k := range kindNames {
		if why := compare(c.of(k.kind, false), original.of(k.kind, false), k.one, k.many); why != "" {
			return why
		}
		had, has := original.of(k.kind, true), c.of(k.kind, true)
		if len(had) == 0 || len(has) == 0 {
			continue
		}
		if why := compare(has, had, "alternative "+k.one, "alternative "+k.many); why != "" {
			return why
		}
	}
	switch {
	case c.Unended > original.Unended:
		return "its end is missing"
	case c.Unended < original.Unended:
		return "the end of the original is missing"
	}
	return ""
}

// compare describes how two sorted lists of parts differ.
func compare(has, had []ContentPart, one, many string) string {
	name := func(n int) string {
		if n == 1 {
			return one
		}
		return many
	}
	if len(has) != len(had) {
		return fmt.Sprintf("it has %d %s instead of %d", len(has), name(len(has)), len(had))
	}
	missing := make(map[[sha256.Size]byte]int)
	for _, p := range had {
		missing[p.SHA256]++
	}
	differing := 0
	for _, p := range has {
		if missing[p.SHA256]--; missing[p.SHA256] < 0 {
			differing++
		}
	}
	switch {
	case differing == 0:
		return ""
	case len(has) == 1 && has[0].Size != had[0].Size:
		return fmt.Sprintf("its %s differs: it is %d bytes long instead of %d", one, has[0].Size, had[0].Size)
	case len(has) == 1:
		return fmt.Sprintf("its %s differs", one)
	}
	return fmt.Sprintf("%d of its %d %s differ", differing, len(has), many)
}
