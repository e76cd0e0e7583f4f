package quarantine

import (
	"context"
	"sync"
	"time"
)

// slowAfter is how long a target may hold its slot alone. After that another one is begun
// beside it, up to PerServer of them on a server: a few mailboxes that do not come to an
// end, each for a reason of its own, must not hold up thousands.
const slowAfter = 10 * time.Second

// lane is what one call has in progress on one server.
type lane struct {
	turn chan struct{} // held by the mailbox whose targets are begun
	// room is held by targets in progress, and by results that are not taken: a loop that
	// does not go on begins nothing more, though it leaves the slots to other calls.
	room chan struct{}
	slow chan struct{} // held by targets in progress that have lent their slot because they are slow
}

func newLane(perServer int) *lane {
	return &lane{turn: make(chan struct{}, 1), room: make(chan struct{}, perServer), slow: make(chan struct{}, perServer)}
}

// seat is the room and the slot that one target has.
type seat struct {
	lane *lane

	mu    sync.Mutex
	slots chan struct{} // of the server; nil: none is held
	roomy bool          // room is held
	lent  bool          // others have both, though the target goes on
	slow  *time.Timer   // until it counts as slow
	takes bool          // it counts as slow
	ended bool
}

// sit waits for room and a slot. The error is the cause of the context.
func sit(ctx context.Context, l *lane, slots chan struct{}) (*seat, error) {
	if err := take(ctx, l.room); err != nil {
		return nil, err
	}
	if err := take(ctx, slots); err != nil {
		<-l.room
		return nil, err
	}
	s := &seat{lane: l, slots: slots, roomy: true}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow = time.AfterFunc(slowAfter, s.lendIfFew)
	return s, nil
}

// take takes one of what a channel holds.
func take(ctx context.Context, from chan struct{}) error {
	select {
	case from <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if ctx.Err() != nil {
		<-from
		return context.Cause(ctx)
	}
	return nil
}

// move waits for a slot of another server, in place of the one that is held.
func (s *seat) move(ctx context.Context, to chan struct{}) error {
	s.mu.Lock()
	same := s.slots == to || s.lent
	if !same {
		s.leaveSlot()
	}
	s.mu.Unlock()
	if same {
		return nil
	}
	if err := take(ctx, to); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slots = to; s.lent || s.ended {
		s.leaveSlot()
	}
	return nil
}

// lend gives slot and room to others, though the target goes on.
func (s *seat) lend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.lent = true
		s.leaveSlot()
		s.leaveRoom()
	}
}

// lendIfFew lends the seat unless many have been lent so.
func (s *seat) lendIfFew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.lent {
		return
	}
	select {
	case s.lane.slow <- struct{}{}:
		s.takes, s.lent = true, true
		s.leaveSlot()
		s.leaveRoom()
	default:
		s.slow.Reset(slowAfter)
	}
}

// worked gives up the slot: what is left is to tell the result.
func (s *seat) worked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.slow.Stop()
	s.leaveSlot()
	if s.takes {
		s.takes = false
		<-s.lane.slow
	}
}

// leave gives up what is left.
func (s *seat) leave() {
	s.worked()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveRoom()
}

func (s *seat) leaveSlot() {
	if s.slots != nil {
		<-s.slots
		s.slots = nil
	}
}

func (s *seat) leaveRoom() {
	if s.roomy {
		s.roomy = false
		<-s.lane.room
	}
}
