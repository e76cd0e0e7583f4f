package graphmail

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

// Arrivals is a page of what has come into a folder.
type Arrivals struct {
	Messages []Arrival
	// State is where to go on behind this page, also in another process: keep it once the
	// messages are done with. It is the address of a request and no secret.
	State string
	// Anew means that Graph no longer knew the state, and that this page and those behind
	// it list all that is in the folder once more.
	Anew bool
}

// Arrival is a message that has come.
type Arrival struct {
	ItemID    string // it changes when the message is moved
	MessageID string
	Subject   string
	Received  time.Time
}

// arrivalFields are those that a delta returns.
var arrivalFields = []string{"id", "internetMessageId", "subject", "receivedDateTime"}

// Arrivals yields what has come into a folder since a state, page by page, and ends when
// nothing more is there: call it again after half a minute or so with the last State, for
// Graph has neither streams nor a way to wait. Without a state, all that is in the folder
// comes first. The folder is an id or a well-known name of Graph, such as "inbox".
//
// A message may come twice, or late, and one that is moved on within seconds not at all, so
// look through the folder now and then. An error is the last; call again with the last
// State. Not in the cloud of China.
// See https://learn.microsoft.com/en-us/graph/api/message-delta.
func (s *Strategy) Arrivals(ctx context.Context, address, folder, state string) iter.Seq2[Arrivals, error] {
	return func(yield func(Arrivals, error) bool) {
		m := s.mailbox(address)
		box, err := m.open(ctx)
		if err != nil {
			yield(Arrivals{}, translate(err))
			return
		}
		for anew := false; ; anew, state = true, "" {
			lost := false
			for page, err := range box.Arrivals(ctx, folder, state, arrivalFields) {
				if lost = errors.Is(err, graph.ErrStateLost) && !anew; lost {
					break
				}
				if err != nil {
					yield(Arrivals{}, translate(asGone(m.unreachable(err))))
					return
				}
				if !yield(arrived(page, anew), nil) {
					return
				}
			}
			if !lost {
				return
			}
		}
	}
}

func arrived(page graph.DeltaPage, anew bool) Arrivals {
	a := Arrivals{State: page.State, Anew: anew}
	for _, raw := range page.Messages {
		a.Messages = append(a.Messages, Arrival{raw.ID, raw.MessageID, raw.Subject, raw.Received.Time})
	}
	return a
}
