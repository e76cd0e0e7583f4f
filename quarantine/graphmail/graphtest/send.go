package graphtest

import (
	"net/http"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// sendMessage sends a draft as the owner of the mailbox, and keeps it in Sent Items under
// another id (https://learn.microsoft.com/en-us/graph/api/message-send). It refuses a
// message that is no longer a draft.
func sendMessage(c *call) (*answer, *refusal) {
	it, refused := c.addressedItem()
	switch {
	case refused != nil:
		return nil, refused
	case len(c.in.body) > 0:
		return nil, bad("This action takes no body.")
	case !it.Draft():
		return nil, refuse(http.StatusBadRequest, "ErrorInvalidOperation", "The operation is valid for drafts only.")
	}
	out := &answer{status: http.StatusAccepted, header: make(http.Header)}
	if c.strikes(faultNothing) {
		return out, nil
	}
	if d := c.server.opts.SendDelay; d > 0 {
		c.server.sendLater(it, d)
		c.acted = true
		return out, nil
	}
	if code := c.server.exchange.Send(it); code != "" {
		status := http.StatusBadRequest
		if code == "ErrorSendAsDenied" {
			status = http.StatusForbidden
		}
		return nil, refuse(status, code, "The message cannot be sent.")
	}
	c.acted = true
	return out, nil
}

// sendLater sends a draft some time after the answer, unless it is no longer a draft.
func (s *Server) sendLater(it *mailstore.Item, d time.Duration) {
	time.AfterFunc(d, func() {
		s.mu.Lock()
		closed := s.closed
		s.mu.Unlock()
		if closed {
			return
		}
		s.exchange.Share(func(*mailstore.Organisation) {
			if it.Folder != nil && it.Folder.Mailbox.Item(it.ID().Number) == it && it.Draft() {
				s.exchange.Send(it)
			}
		})
	})
}
