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
	// Mark stands for what was struck out.
	Mark = "[redacted]"
	// hidden stands for a text with a secret that is too short to be struck out.
	hidden = "[not shown: it contains a secret that is too short to be struck out]"

	// shortest is the length, in characters, from which a secret is struck out.
	shortest = 4
	// longest is the length, in bytes, up to which a secret is looked for as a whole.
	longest = 1024

	// Bounds on what is remembered: the last passwords, and the last tokens, of which
	// each connection of NTLM has three.
	maxPasswords = 16
	maxTokens    = 256
)

// Secrets are what a transport has sent lately. The zero value knows none. Its methods
// may be called concurrently. It shows nothing when it is printed.
type Secrets struct {
	mu        sync.RWMutex
	passwords []password // the latest last
	tokens    []string
	pieces    map[string]int // of the tokens, with how many have them
}

// password is a secret that a person may have chosen, with the forms in which it may
// come back.
type password struct {
	user, text string
	forms      func() []form // made when a text is looked through: most have nothing to strike out
}

// Add remembers a password, which went along with a user name; the user name may be
// empty.
func (s *Secrets) Add(user, secret string) { s.add(user, secret, nil) }

// add is Add. Of a password that one of others knows, the forms are made only once.
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

// password returns a password that is remembered.
func (s *Secrets) password(user, secret string) (password, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i := slices.IndexFunc(s.passwords, func(p password) bool { return p.user == user && p.text == secret })
	if i < 0 {
		return password{}, false
	}
	return s.passwords[i], true
}

// AddToken remembers a bearer token, a signed assertion, a cookie or another secret
// that is long and random. Pieces of it are recognised, too.
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

// AddBytes remembers a secret that is no text, such as the response in a message of
// NTLM.
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
