package ewstest

import "slices"

// OnMember registers a hook that is called before the server processes each member
// of a batch, with the sequence number of the request and that of the member, both
// counted from 0: the items of a request for items, the folders of FindItem and
// FindFolder, the changes of UpdateItem. It is called after [Server.OnRequest] and
// the charge to the budget. No lock is held, so a test may change the state between
// two members, and other requests may come in between, as on a real server; what a
// request read before stays as it was read: its restriction, its shape, the folder
// it moves to. A folder that is deleted meanwhile is answered with the error of a
// folder that is not there. Not called for requests that are acted on later. Nil
// takes away all hooks, as in [Server.OnRequest].
func (s *Server) OnMember(f func(n, member int, r *Request)) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	if f == nil {
		s.log.members = nil
		return
	}
	s.log.members = append(s.log.members, f)
}

// between calls the hooks before a member of a batch, without the server's lock,
// which is held again when it returns or panics.
func (c *call) between(member int) {
	j := &c.log
	j.mu.Lock()
	hooks := slices.Clone(j.members)
	j.mu.Unlock()
	if c.turn.late || len(hooks) == 0 {
		return
	}
	c.mu.Unlock()
	defer c.mu.Lock()
	for _, f := range hooks {
		f(c.number, member, j.now(c.turn.entry))
	}
}
