package boltjournal

import (
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// claims are the claims to the intents of a journal. They are kept in memory: only one
// process can have the file open, so the claims of earlier processes have ended.
type claims struct {
	mu    sync.Mutex
	done  sync.Cond // signalled when an operation is no longer busy
	token int64
	of    map[string]*claim
}

type claim struct {
	quarantine.Claim
	busy bool // the file is being read or written for it, and nobody may interfere
}

// newClaims returns an empty set of claims. Its tokens are greater than those of earlier
// processes, as long as the clock is not set back.
func newClaims() *claims {
	c := &claims{token: time.Now().UnixNano(), of: make(map[string]*claim)}
	c.done.L = &c.mu
	return c
}

// wait waits until an operation is not busy, and returns the claim to it, or nil. The
// claims must be locked.
func (c *claims) wait(operation string) *claim {
	for {
		now := c.of[operation]
		if now == nil || !now.busy {
			return now
		}
		c.done.Wait()
	}
}

// make claims an operation for an owner while do updates the file. If do fails,
// everything stays as it was.
func (c *claims) make(operation, owner string, lease time.Duration, do func() error) (quarantine.Claim, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.wait(operation)
	if now != nil && now.Owner != owner && time.Now().Before(now.Until) {
		return quarantine.Claim{}, &quarantine.HeldError{Operation: operation, Owner: now.Owner, Until: now.Until}
	}
	c.token++
	made := &claim{quarantine.Claim{Operation: operation, Owner: owner, Token: c.token}, true}
	c.of[operation] = made
	err := c.unlocked(made, do)
	if err == nil {
		made.Until = time.Now().Add(lease)
		return made.Claim, nil
	}
	if c.of[operation] = now; now == nil {
		delete(c.of, operation)
	}
	return quarantine.Claim{}, err
}

// end ends the last claim to an operation while do updates the file.
func (c *claims) end(of quarantine.Claim, do func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.wait(of.Operation)
	if now == nil {
		// The intent was finished, or nobody in this process has claimed it.
		return errUnclaimed
	}
	if now.Token != of.Token {
		return quarantine.ErrClaimLost
	}
	now.busy = true
	err := c.unlocked(now, do)
	if err == nil {
		delete(c.of, of.Operation)
	}
	return err
}

// unlocked calls a function with the claims unlocked.
func (c *claims) unlocked(busy *claim, do func() error) error {
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		busy.busy = false
		c.done.Broadcast()
	}()
	return do()
}

// renew extends a claim to last for a lease from now.
func (c *claims) renew(of quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.wait(of.Operation)
	if now == nil || now.Token != of.Token {
		return quarantine.Claim{}, quarantine.ErrClaimLost
	}
	now.Until = time.Now().Add(lease)
	return now.Claim, nil
}
