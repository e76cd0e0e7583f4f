package reported

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// minKey is the minimum length of a key, in bytes, as for the keys of stamps.
const minKey = 16

// written returns a note as it is written on a message that was received at a time.
func (o *Options) written(n note, received time.Time) string {
	if len(o.Keys) == 0 {
		return n.String()
	}
	body := sealedNoteVersion + strings.TrimPrefix(n.String(), noteVersion)
	return body + "|" + sealOf(body, received, o.Keys[0])
}

// sealOf returns the code of a note under a key. The time of receipt, which no sender can
// choose, ties it to the message and its copies.
func sealOf(body string, received time.Time, key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("report note\x00" + strconv.FormatInt(received.Unix(), 10) + "\x00" + body))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// read reads the note of a message that was received at a time. It reports false if no note
// can be believed: the report then counts as new.
func (o *Options) read(text string, received time.Time) (note, bool) {
	body, seal := text, ""
	if strings.HasPrefix(text, sealedNoteVersion+"|") {
		cut := strings.LastIndexByte(text, '|')
		body, seal = text[:cut], text[cut+1:]
	}
	if len(o.Keys) > 0 && !o.sealed(body, seal, received) && (seal != "" || !received.Before(o.SealedSince)) {
		return note{}, false
	}
	if seal != "" {
		body = noteVersion + strings.TrimPrefix(body, sealedNoteVersion)
	}
	return parseNote(body)
}

// sealed reports whether one of the keys made a seal.
func (o *Options) sealed(body, seal string, received time.Time) bool {
	for _, key := range o.Keys {
		if hmac.Equal([]byte(sealOf(body, received, key)), []byte(seal)) {
			return true
		}
	}
	return false
}
