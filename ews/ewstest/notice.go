package ewstest

import (
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// Notice is something that reached another person: a read receipt, a "not read" notice, a
// sent message or a meeting response. If that person has a mailbox of the server, all but
// the last are also messages in its Inbox.
type Notice struct {
	Kind    string // "IPNRN" (read), "IPNNRN" (not read), "Sent", "MeetingResponse"
	From    string
	To      string
	Subject string
	Item    ews.ItemID
}

// Notices returns what has reached other people so far; with Options.MaxRecords, only the
// latest. To test that a client works unnoticed, check that the result is empty.
func (s *Server) Notices() []Notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notices)
}

// notified records a notice, with the lock held.
func (s *Server) notified(n mailstore.Notice) {
	notice := Notice{Kind: n.Kind, From: n.From, To: n.To, Subject: n.Subject}
	if n.Item != nil && n.Item.Folder != nil {
		notice.Item = ews.ItemID{ID: n.Item.ID().String(), ChangeKey: n.Item.ChangeKey()}
	}
	s.notices = newest(append(s.notices, notice), s.opts.MaxRecords)
	if n.Item != nil && receipts[n.Kind].class != "" {
		s.deliverReceipt(n)
	}
}
