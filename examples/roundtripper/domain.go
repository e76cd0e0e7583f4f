package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
)

// domain stands in for the domain controller: it issues tickets, which the
// server can verify. Each is valid for one request.
type domain struct {
	key []byte

	mu   sync.Mutex
	used map[string]bool
}

func newDomain() *domain {
	return &domain{key: []byte(rand.Text()), used: map[string]bool{}}
}

// ticketsFor returns a source of tickets for an account.
func (d *domain) ticketsFor(account string) ticketSource {
	return func(_ context.Context, service string) ([]byte, error) {
		text := account + "\n" + service + "\n" + rand.Text()
		return append(d.sign(text), text...), nil
	}
}

func (d *domain) sign(text string) []byte {
	mac := hmac.New(sha256.New, d.key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

var (
	errForged      = errors.New("the ticket is forged")
	errReplayed    = errors.New("the ticket was used before")
	errOtherServer = errors.New("the ticket is for another service")
)

// accept returns the account named in a ticket for the service.
func (d *domain) accept(ticket []byte, service string) (string, error) {
	if len(ticket) < sha256.Size {
		return "", errForged
	}
	text := string(ticket[sha256.Size:])
	f := strings.Split(text, "\n")
	if !hmac.Equal(ticket[:sha256.Size], d.sign(text)) || len(f) != 3 {
		return "", errForged
	}
	if f[1] != service {
		return "", errOtherServer
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.used[text] {
		return "", errReplayed
	}
	d.used[text] = true
	return f[0], nil
}

// accepted returns how many tickets have been used.
func (d *domain) accepted() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.used)
}
