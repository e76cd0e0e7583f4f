package fleet

import (
	"encoding/json"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Whatever is in a row, it is read as it was written or refused, even if somebody has given
// it a new checksum.
func FuzzRow(f *testing.F) {
	in := quarantine.Intent{Operation: "a", Target: quarantine.Target{Mailbox: "alice@example.test", MessageID: "<\x00@evil.example>"}}
	r, err := newRow(in)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r.operation, r.text)
	f.Add("", `{"target":{"criteria":{"receivedAfter":"2026"}}}`)
	f.Add("b", `[`)
	f.Fuzz(func(t *testing.T, operation, text string) {
		r := row{operation: operation, text: text}
		if _, err := r.decode(); err == nil {
			t.Fatal("read without a checksum")
		}
		r.seal = r.sum()
		in, err := r.decode()
		if err == nil {
			if _, err := json.Marshal(in); err != nil {
				t.Logf("%v", err) // such as a time in the year 10000
			}
		}
		m := mark{campaign: operation, text: text}
		if _, err := m.decode(); err == nil {
			t.Fatal("read without a checksum")
		}
		m.seal = m.sum()
		if r, err := m.decode(); err == nil && r == nil {
			t.Fatal("neither a receipt nor an error")
		}
	})
}
