package ewstest

// GrantFullAccess lets a user open a mailbox as a delegate, with all rights in it. The
// user is named as when signing in, and the server's own domain can be omitted; the
// mailbox is named by its address, or "*" for all.
func (s *Server) GrantFullAccess(user, mailbox string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	grant(s.directory.fullAccess, s.directory.account(user), s.directory.account(mailbox))
}

// RevokeFullAccess revokes the right; "*" revokes only what was granted as "*".
func (s *Server) RevokeFullAccess(user, mailbox string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.directory.fullAccess[s.directory.account(user)], s.directory.account(mailbox))
}

// GrantImpersonation lets a user act as the owner of a mailbox, or of any mailbox with
// "*".
func (s *Server) GrantImpersonation(user, mailbox string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	grant(s.directory.impersonate, s.directory.account(user), s.directory.account(mailbox))
}

// RevokeImpersonation revokes the right; "*" revokes only what was granted as
// "*".
func (s *Server) RevokeImpersonation(user, mailbox string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.directory.impersonate[s.directory.account(user)], s.directory.account(mailbox))
}

// GrantSendAs lets a user send as another mailbox or list, or as any with "*": its
// address is in From, and nothing reveals the actual sender. Without this right or
// [Server.GrantSendOnBehalf], sending fails with ErrorSendAsDenied, even with FullAccess.
func (s *Server) GrantSendAs(user, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	grant(s.directory.sendAs, s.directory.account(user), s.directory.account(address))
}

// RevokeSendAs revokes the right; "*" revokes only what was granted as "*".
func (s *Server) RevokeSendAs(user, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.directory.sendAs[s.directory.account(user)], s.directory.account(address))
}

// GrantSendOnBehalf lets a user with a mailbox send on behalf of another mailbox or list,
// or of any with "*": that address is in From, and the user's own in Sender.
func (s *Server) GrantSendOnBehalf(user, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	grant(s.directory.onBehalf, s.directory.account(user), s.directory.account(address))
}

// RevokeSendOnBehalf revokes the right; "*" revokes only what was granted as "*".
func (s *Server) RevokeSendOnBehalf(user, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.directory.onBehalf[s.directory.account(user)], s.directory.account(address))
}

// SetPassword changes the password of an account, given as NAME@DOMAIN or DOMAIN\NAME. It
// panics if the account does not exist. Connections that are signed in with NTLM stay
// signed in.
func (s *Server) SetPassword(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.directory.account(user)
	if _, ok := s.directory.accounts[account]; !ok {
		panic("ewstest: SetPassword: no account " + user)
	}
	s.directory.accounts[account] = password
}

// AddUser creates an account without a mailbox, like many service accounts. Under this
// account, every distinguished folder must name its mailbox (ErrorMissingEmailAddress),
// and names cannot be resolved (ErrorNameResolutionNoMailbox).
func (s *Server) AddUser(name, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.directory.accounts[s.directory.account(name)] = password
}
