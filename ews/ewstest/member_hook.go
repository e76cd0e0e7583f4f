package ewstest

import "slices"

// OnMember registers a hook that is called before the server processes each member of a
// batch, with the sequence numbers of the request and of the member, both counted from 0.
// Members are the items of a request for items, the folders of FindItem and FindFolder,
// and the changes of UpdateItem. The hook is called after [Server.OnRequest] and the
// charge to the budget. No lock is held, so a test can change the state between two
// members, and other requests can come in between, as on a real server. What the request
// has already read stays as it was read: its restriction, its shape, the folder it moves
// to. For a folder that is deleted meanwhile, the answer is the error for a folder that
// does not exist. The hook is not called for requests that are acted on later. Nil
// removes all hooks, as in [Server.OnRequest].
func (s *Server) OnMember(f func(n, member int, r *Request)) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	if f == nil {
		s.log.members = nil
		return
	}
	s.log.members = append(s.log.members, f)
}

// between calls the hooks before a member of a batch. It releases the server's lock
// meanwhile, and holds it again when it returns or panics.
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
