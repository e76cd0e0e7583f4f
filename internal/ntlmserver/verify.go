package ntlmserver

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"errors"
	"fmt"
	"strings"
)

// verify checks an AUTHENTICATE message against the challenge it answers.
// binding is the channel binding of the connection, nil if it has none.
func (s *Server) verify(h *handshake, msg, binding []byte) (User, error) {
	a, err := ParseAuthenticate(msg)
	if err != nil {
		return User{}, err
	}
	user := User{Domain: a.Domain, Name: a.User}
	password, ok := s.opts.Password(a.Domain, a.User)
	if !ok {
		return user, errors.New("no such account")
	}
	key := hmacMD5(md4(toUTF16(password)), toUTF16(strings.ToUpper(a.User)+a.Domain)) // NTOWFv2
	proof := hmacMD5(key, h.nonce[:], a.NT[16:])
	if !hmac.Equal(proof, a.NT[:16]) {
		return user, errors.New("wrong password")
	}
	if err := checkMIC(h, a, msg, hmacMD5(key, proof)); err != nil {
		return user, err
	}
	return user, s.checkBinding(a.AV[avChannelBindings], binding)
}

// checkMIC checks the message integrity code if the client announces one.
// sessionKey is the session base key, because no key exchange is offered.
func checkMIC(h *handshake, a *Authenticate, msg, sessionKey []byte) error {
	if a.MIC == nil {
		return nil
	}
	if a.Flags&flagKeyExchange != 0 {
		return errors.New("a key exchange was not offered")
	}
	zeroed := bytes.Clone(msg)
	clear(zeroed[micOffset : micOffset+micSize])
	if !hmac.Equal(hmacMD5(sessionKey, h.negotiate, h.challenge, zeroed), a.MIC) {
		return errors.New("wrong message integrity code")
	}
	return nil
}

func (s *Server) checkBinding(got, want []byte) error {
	sent := len(got) > 0 && !bytes.Equal(got, make([]byte, 16))
	switch {
	case s.opts.Protection == ProtectionOff:
		return nil
	case !sent && s.opts.Protection == ProtectionRequire:
		return errors.New("channel binding required and none sent")
	case sent && !hmac.Equal(got, want):
		return fmt.Errorf("wrong channel binding: got %x, want %x", got, want)
	}
	return nil
}

func hmacMD5(key []byte, data ...[]byte) []byte {
	mac := hmac.New(md5.New, key)
	for _, d := range data {
		mac.Write(d)
	}
	return mac.Sum(nil)
}
