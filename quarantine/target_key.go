package quarantine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Key identifies what the target asks for, in 32 hexadecimal digits. It is equal for
// targets that are [Target.Same], whatever their reason and time zones, and different for
// others. Journals store it to find the intents and marks of a target. It stays the same in
// later versions.
func (t Target) Key() string {
	text, err := json.Marshal(t.asked())
	if err != nil {
		text = fmt.Appendf(nil, "%v", t.asked()) // a time beyond the year 9999 has no JSON
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
