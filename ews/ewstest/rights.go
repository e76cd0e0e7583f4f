package ewstest

// GrantFullAccess lets a user open a mailbox as a delegate, with all rights in
// it. The user is named as in signing in, without domain if it is the server's;
// the mailbox by its address, or "*" for all.
func (s *Server) GrantFullAccess(user, mailbox string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	grant(s.directory.fullAccess, s.directory.account(user), s.directory.account(mailbox))
}

// RevokeFullAccess takes the right away again; "*" takes away only what was
// granted as "*".
func (s *Server) RevokeFullAccess(user, mailbox string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.directory.fullAccess[s.directory.account(user)], s.directory.account(mailbox))
}

// GrantImpersonation lets a user act as the owner of a mailbox, "*": of any.
func (s *Server) GrantImpersonation(user, mailbox string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	grant(s.directory.impersonate, s.directory.account(user), s.directory.account(mailbox))
}

// RevokeImpersonation takes the right away again; "*" takes away only what was
// granted as "*".
func (s *Server) RevokeImpersonation(user, mailbox string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.directory.impersonate[s.directory.account(user)], s.directory.account(mailbox))
}

// AddUser creates an account without a mailbox, as service accounts often are.
// Signed in with it, every distinguished folder must name its mailbox
// (ErrorMissingEmailAddress), and names cannot be resolved
// (ErrorNameResolutionNoMailbox).
func (s *Server) AddUser(name, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.directory.accounts[s.directory.account(name)] = password
}
