package passage

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// printOf returns what an item is recognised by: everything that a search returns and
// every way keeps. A stamp that was copied to another message does not fit that message.
func printOf(it driver.Item) string {
	h := sha256.New()
	for _, part := range []string{
		driver.BareMessageID(it.MessageID), strings.ToLower(it.Class), seconds(it.Received), seconds(it.Sent),
	} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

func seconds(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.Unix(), 10)
}

// seal returns the code of a stamp under a key. It covers everything except what a driver
// or a later step of the same attempt may change. It is computed for the stamp as it will
// be read back: a path that is too long is not stored, so the stamp that is read contains
// less.
func seal(s driver.Stamp, key []byte) string {
	h := hmac.New(sha256.New, key)
	values := s.Values()
	if stored := driver.ParseStamp(values); stored != nil {
		values = stored.Values()
	}
	for _, part := range []string{
		values[driver.StampOperation], values[driver.StampMailbox], values[driver.StampFolderID], values[driver.StampPath],
		string(s.Direction), s.Attempt, strconv.FormatInt(s.Lease.UnixMilli(), 10), s.Print,
	} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// sealed reports whether one of the keys made the seal of a stamp.
func (e *Engine) sealed(s driver.Stamp) bool {
	for _, key := range e.Keys {
		if hmac.Equal([]byte(seal(s, key)), []byte(s.Seal)) {
			return true
		}
	}
	return false
}

// Seals reports whether there are keys and stamps therefore have seals.
func (e *Engine) Seals() bool { return len(e.Keys) > 0 }

// Sealed reports whether one of the keys has sealed a stamp. It returns true if
// there are no keys.
func (e *Engine) Sealed(s driver.Stamp) bool { return !e.Seals() || e.sealed(s) }

// lease begins a new attempt for a stamp. The lease ends when anything sent at the
// last moment would have arrived, and a search would show it.
func (e *Engine) lease(s *driver.Stamp, it driver.Item, now time.Time) {
	s.Attempt = driver.NewOperation()
	s.Lease = now.Add(e.window() + e.Doubt + e.Lag).UTC().Truncate(time.Millisecond)
	s.Rebuilt = false
	s.Print = printOf(it)
	s.Seal = ""
	if len(e.Keys) > 0 {
		s.Seal = seal(*s, e.Keys[0])
	}
}

// expired reports whether nothing of the attempt of a stamp can arrive any more.
// The stamps of version 1 have no lease.
func (e *Engine) expired(s driver.Stamp) bool { return s.Attempt == "" || !time.Now().Before(s.Lease) }
