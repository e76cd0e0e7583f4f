package quarantine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Key identifies what the target asks for, in 32 hexadecimal digits: it is equal for
// targets that are [Target.Same], whatever the reason and the time zones, and different for
// others. Journals store it to find the intents and marks of a target. It stays the same
// in later versions.
func (t Target) Key() string {
	text, err := json.Marshal(t.asked())
	if err != nil {
		// Only a time beyond the year 9999 has no JSON, and no target with one is valid.
		text = []byte(err.Error() + "\x00" + t.Mailbox + "\x00" + t.MessageID)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
