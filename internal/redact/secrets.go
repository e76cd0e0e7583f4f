package redact

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

const (
	// Mark replaces what was struck out.
	Mark = "[redacted]"
	// hidden replaces a text with a secret that is too short to be struck out.
	hidden = "[not shown: it contains a secret that is too short to be struck out]"

	// shortest is the length, in characters, from which a secret is struck out.
	shortest = 4
	// longest is the length, in bytes, up to which a secret is searched for as a whole.
	longest = 1024

	// Limits on what is remembered: the last passwords, and the last tokens, of which
	// each NTLM connection has three.
	maxPasswords = 16
	maxTokens    = 256
)

// Secrets holds the secrets that a transport has sent lately. The zero value holds none.
// Its methods can be called concurrently. Printing it reveals nothing.
type Secrets struct {
	mu        sync.RWMutex
	passwords []password // the latest last
	tokens    []string
	pieces    map[string]int // of the tokens, with the number of tokens that contain them
}

// password is a secret that a person may have chosen, with the forms in which it may
// come back.
type password struct {
	user, text string
	forms      func() []form // made when a text is searched, because most texts have nothing to strike out
}

// Add remembers a password, which was sent with a user name; the user name can be empty.
func (s *Secrets) Add(user, secret string) { s.add(user, secret, nil) }

// add is Add. If one of others knows the password, its forms are made only once.
func (s *Secrets) add(user, secret string, others []*Secrets) {
	if secret == "" {
		return
	}
	if len(secret) > longest {
		s.AddToken(secret)
		return
	}
	if _, known := s.password(user, secret); known {
		return
	}
	var added password
	known := false
	for i := 0; i < len(others) && !known; i++ {
		added, known = others[i].password(user, secret)
	}
	if !known {
		added = password{user, secret, sync.OnceValue(func() []form { return forms(user, secret) })}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := append(slices.Clone(s.passwords), added)
	s.passwords = kept[max(0, len(kept)-maxPasswords):]
}

// password returns a remembered password.
func (s *Secrets) password(user, secret string) (password, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i := slices.IndexFunc(s.passwords, func(p password) bool { return p.user == user && p.text == secret })
	if i < 0 {
		return password{}, false
	}
	return s.passwords[i], true
}

// AddToken remembers a bearer token, a signed assertion, a cookie or another secret that
// is long and random. Pieces of it are recognised as well.
func (s *Secrets) AddToken(text string) {
	if len(text) < 2*pieceSize {
		s.Add("", text)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.tokens, text) {
		return
	}
	if s.pieces == nil {
		s.pieces = make(map[string]int)
	}
	s.tokens = append(s.tokens, text)
	for piece := range pieces(text) {
		s.pieces[piece]++
	}
	if len(s.tokens) <= maxTokens {
		return
	}
	for piece := range pieces(s.tokens[0]) {
		if s.pieces[piece]--; s.pieces[piece] == 0 {
			delete(s.pieces, piece)
		}
	}
	s.tokens = slices.Delete(s.tokens, 0, 1)
}

// AddBytes remembers a secret that is not text, such as the response in an NTLM message.
func (s *Secrets) AddBytes(secret []byte) {
	s.AddToken(base64.StdEncoding.EncodeToString(secret))
	s.AddToken(hex.EncodeToString(secret))
}

// AddAuthorization remembers the value of an Authorization or Proxy-Authorization
// header.
func (s *Secrets) AddAuthorization(value string) { s.addAuthorization(value, nil) }

func (s *Secrets) addAuthorization(value string, others []*Secrets) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	rest = strings.TrimSpace(rest)
	if strings.EqualFold(scheme, "Basic") {
		if pair, err := base64.StdEncoding.DecodeString(rest); err == nil {
			user, secret, _ := strings.Cut(string(pair), ":")
			s.add(user, secret, others)
			return
		}
	}
	if utf8.RuneCountInString(rest) >= shortest {
		s.AddToken(rest)
	}
}

// Format writes [Mark] for every verb.
func (s *Secrets) Format(f fmt.State, _ rune) { fmt.Fprint(f, Mark) }
