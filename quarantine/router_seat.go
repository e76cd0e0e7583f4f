package quarantine

import (
	"context"
	"sync"
	"time"
)

// A target that takes several times as long as others on its server is slow, within these
// bounds. Another one is then begun alongside it, for up to PerServer slow ones on a
// server: a few mailboxes that do not finish, each for a reason of its own, must not hold
// up thousands.
const (
	slowTimes    = 5
	slowAtLeast  = 500 * time.Millisecond
	slowAtMost   = 10 * time.Second
	slowAveraged = 16 // how many of the latest targets dominate the average
)

// lane is what one call has in progress on one server.
type lane struct {
	turn chan struct{} // held by the mailbox whose targets are being begun
	// room is held by targets in progress, and by results that have not been taken: a
	// stalled loop begins nothing more, though it leaves the slots to other calls.
	room chan struct{}
	slow chan struct{} // held by targets in progress that have lent their slot because they are slow

	mu    sync.Mutex
	ended int
	usual time.Duration // usual time per target, weighted towards the latest
}

func newLane(perServer int) *lane {
	return &lane{turn: make(chan struct{}, 1), room: make(chan struct{}, perServer), slow: make(chan struct{}, perServer)}
}

// took records how long a target has taken.
func (l *lane) took(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = min(l.ended+1, slowAveraged)
	l.usual += (d - l.usual) / time.Duration(l.ended)
}

// slowAfter returns how long a target may hold its slot alone.
func (l *lane) slowAfter() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended == 0 {
		return slowAtMost
	}
	return min(max(slowTimes*l.usual, slowAtLeast), slowAtMost)
}

// seat is the room and the slot that one target holds.
type seat struct {
	lane  *lane
	began time.Time

	mu    sync.Mutex
	slots chan struct{} // of the server; nil: none is held
	roomy bool          // room is held
	lent  bool          // others have both, though the target is still in progress
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
	s := &seat{lane: l, began: time.Now(), slots: slots, roomy: true}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow = time.AfterFunc(slowAtLeast, s.lendIfSlow)
	return s, nil
}

// take takes one place in a channel.
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

// lend gives the slot and the room to others, though the target is still in progress.
func (s *seat) lend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.lent = true
		s.leaveSlot()
		s.leaveRoom()
	}
}

// lendIfSlow lends the seat if it has been held for long, unless too many have
// been lent for that reason.
func (s *seat) lendIfSlow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.lent {
		return
	}
	if time.Since(s.began) < s.lane.slowAfter() {
		s.slow.Reset(slowAtLeast)
		return
	}
	select {
	case s.lane.slow <- struct{}{}:
		s.takes, s.lent = true, true
		s.leaveSlot()
		s.leaveRoom()
	default:
		s.slow.Reset(slowAtLeast)
	}
}

// worked gives up the slot: only the result remains to be reported.
func (s *seat) worked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	if s.slow.Stop(); !s.lent { // otherwise its time is not typical
		s.lane.took(time.Since(s.began))
	}
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
