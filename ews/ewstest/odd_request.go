package ewstest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// refusedAtGate returns the answer to a request that is refused before the server knows
// who sent it, or nil if it is let through.
func (s *Server) refusedAtGate(r *http.Request) *answer {
	switch odd := s.opts.Odd; {
	case odd.Has(OddPostOnly) && r.Method != http.MethodPost && strings.HasPrefix(strings.ToLower(r.URL.Path), "/ews/"):
		a := textAnswer(http.StatusMethodNotAllowed, "text/html", "<html><body>405 - Method not allowed.</body></html>")
		a.header.Set("Allow", http.MethodPost)
		return a
	case odd.Has(OddNoChunks) && chunked(r):
		return textAnswer(http.StatusBadRequest, "text/html", "<html><body>400 - The request needs a Content-Length.</body></html>")
	}
	return nil
}

// chunked reports whether a body has no length. In a request that has not yet been sent,
// as Direct gets it, a length of zero means the same.
func chunked(r *http.Request) bool {
	return slices.Contains(r.TransferEncoding, "chunked") || r.ContentLength < 0 ||
		r.ContentLength == 0 && r.Body != nil && r.Body != http.NoBody
}

// lacked returns the fault for an operation that the server lacks, or nil if it has it.
func (s *Server) lacked(operation string) *answer {
	if !s.opts.Odd.Has(OddNoTransfer) || operation != "ExportItems" && operation != "UploadItems" {
		return nil
	}
	return s.bareFault("s:Client", "Unknown request: "+operation)
}

// forgetChangeKeys returns the operation without the change keys of its ids, if the
// server accepts any change key.
func (o Oddities) forgetChangeKeys(op *ewsschema.Node) *ewsschema.Node {
	if !o.Has(OddNoChangeKeys) {
		return op
	}
	switch op.Local {
	case "UpdateItem", "DeleteItem", "MoveItem", "UploadItems":
		return withoutChangeKeys(op)
	}
	return op
}

// withoutChangeKeys returns a copy, because the request may be cached.
func withoutChangeKeys(n *ewsschema.Node) *ewsschema.Node {
	c := *n
	if n.Local == "ItemId" {
		c.Attrs = slices.DeleteFunc(slices.Clone(n.Attrs), func(a ewsschema.Attr) bool {
			return a.Local == "ChangeKey" && a.Space == xmlwire.SpaceNone
		})
	}
	c.Children = make([]*ewsschema.Node, len(n.Children))
	for i, k := range n.Children {
		c.Children[i] = withoutChangeKeys(k)
	}
	return &c
}

// mailboxAt finds the mailbox with an address that a request names, or nil if it does not
// exist.
func (s *Server) mailboxAt(address string) *mailstore.Mailbox {
	box := s.org.ByAddress(address)
	if box != nil && s.opts.Odd.Has(OddCaseSensitive) && box.Address != address && !slices.Contains(box.Proxies, address) {
		return nil
	}
	return box
}

// noMailbox refuses a mailbox that does not exist; an empty text means the usual
// one.
func (s *Server) noMailbox(text string) *refusal {
	if s.opts.Odd.Has(OddCannotFindUser) {
		return refuseText("ErrorCannotFindUser", "The user cannot be found.")
	}
	return refuseText("ErrorNonExistentMailbox", text)
}
