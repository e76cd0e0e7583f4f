package ntlmserver

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"errors"
	"fmt"
	"strings"
)

// verify checks an AUTHENTICATE message against the challenge it answers. binding is the
// channel binding of the connection, or nil if it has none.
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
	session, err := a.sessionKey(hmacMD5(key, proof))
	if err != nil {
		return user, err
	}
	if a.MIC != nil && !hmac.Equal(mic(session, h, msg), a.MIC) {
		return user, errors.New("wrong message integrity code")
	}
	return user, s.checkBinding(a.AV[avChannelBindings], binding)
}

// sessionKey returns the signing key: if keys are exchanged (MS-NLMP 3.1.5.1.2), the one
// that the client generated and encrypted with the session base key; otherwise the
// session base key itself.
func (a *Authenticate) sessionKey(base []byte) ([]byte, error) {
	if a.Flags&flagKeyExchange == 0 {
		return base, nil
	}
	if len(a.SessionKey) != len(base) {
		return nil, fmt.Errorf("a session key of %d bytes", len(a.SessionKey))
	}
	c, err := rc4.NewCipher(base)
	if err != nil {
		return nil, err
	}
	session := make([]byte, len(base))
	c.XORKeyStream(session, a.SessionKey)
	return session, nil
}

// mic returns the message integrity code of a handshake.
func mic(key []byte, h *handshake, authenticate []byte) []byte {
	zeroed := bytes.Clone(authenticate)
	clear(zeroed[micOffset : micOffset+micSize])
	return hmacMD5(key, h.negotiate, h.challenge, zeroed)
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
