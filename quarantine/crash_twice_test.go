//go:build unix

package quarantine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// carrying are the operations that bring a message to the other mailbox.
var carrying = map[quarantine.Way]ews.Operation{
	quarantine.WayMove: ews.OpMoveItem, quarantine.WayTransfer: ews.OpUploadItems, quarantine.WayMIME: ews.OpCreateItem,
}

// mostWrites is more writes than the recovery of one message takes.
const mostWrites = 12

// TestCrashTwice kills a process after the message was carried (or, with
// -crash.all, after any write), and then the process that recovers after each
// of its own writes in turn.
func TestCrashTwice(t *testing.T) {
	t.Parallel()
	// Sequences that begin with the same crash are run concurrently, until one
	// recovery has fewer writes.
	var firsts []crash
	for i, kind := range errandKinds() {
		if !wholeCrash() && i%5 != 0 {
			continue
		}
		steps, err := kind.undisturbed(t.Context(), t.TempDir())
		require.NoError(t, err, "%s", kind)
		for _, s := range steps {
			if s.operation == carrying[kind.way] || *crashAll && isWrite[s.operation] {
				firsts = append(firsts, crash{kind: kind, first: deathBlow{strike: &strike{s.operation, s.nth, acted, 0}}})
			}
		}
		if *crashAll {
			firsts = append(firsts, crash{kind: kind, first: deathBlow{at: afterBegin}})
		}
	}
	var struck []*wreck
	for nth := 0; len(firsts) > 0; nth++ {
		require.Less(t, nth, mostWrites, "a recovery has no end")
		var crashes []crash
		for i, c := range firsts {
			c.second = &deathBlow{strike: &strike{nth: nth, phase: acted}}
			c.elsewhere = i%8 == 0
			crashes = append(crashes, c)
		}
		firsts = nil
		for _, w := range runAll(t, crashes) {
			if w.missed {
				continue
			}
			struck = append(struck, w)
			firsts = append(firsts, crash{kind: w.kind, first: w.first})
		}
	}
	t.Logf("killed twice:\n%s", crashTable(struck, func(w *wreck) []string {
		return []string{w.kind.String(), w.first.String()}
	}, "ERRAND", "FIRST"))
	if wholeCrash() {
		assert.Greater(t, len(struck), 20, "recoveries that were killed")
	}
}
