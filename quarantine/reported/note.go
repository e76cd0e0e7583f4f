package reported

import (
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// note is what is written on a report: its id, who holds it until when, whether it is done,
// and what became of its answer.
type note struct {
	id     string
	holder string    // of the lease; empty: nobody
	until  time.Time // when the lease, or the pause after a release, ends; to the millisecond
	done   bool
	answer answerState
	sentAt time.Time // when sending began; to the millisecond
}

// answerState is how far an answer has got.
type answerState string

const (
	notAnswered answerState = ""
	sending     answerState = "sending" // it may have been sent
	answered    answerState = "sent"
)

// Versions of notes: the second one ends in a seal.
const (
	noteVersion       = "1"
	sealedNoteVersion = "2"
)

// String returns the note as it is written without a seal.
func (n note) String() string {
	done := ""
	if n.done {
		done = "done"
	}
	return strings.Join([]string{noteVersion, n.id, n.holder, millis(n.until), done, string(n.answer), millis(n.sentAt)}, "|")
}

func millis(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// parseNote reads a note without its seal. It reports false if the text was not written
// by this package, or is empty: the report then counts as new.
func parseNote(text string) (note, bool) {
	parts := strings.Split(text, "|")
	if len(parts) != 7 || parts[0] != noteVersion || !driver.ValidOperation(parts[1]) || parts[2] != "" && !driver.ValidOperation(parts[2]) {
		return note{}, false
	}
	n := note{id: parts[1], holder: parts[2], done: parts[4] == "done", answer: answerState(parts[5])}
	if parts[4] != "" && !n.done {
		return note{}, false
	}
	switch n.answer {
	case notAnswered, sending, answered:
	default:
		return note{}, false
	}
	for _, at := range []struct {
		text string
		time *time.Time
	}{{parts[3], &n.until}, {parts[6], &n.sentAt}} {
		if at.text == "" {
			continue
		}
		ms, err := strconv.ParseInt(at.text, 10, 64)
		if err != nil || ms <= 0 || ms > maxMillis {
			return note{}, false
		}
		*at.time = time.UnixMilli(ms).UTC()
	}
	return n, true
}

// maxMillis is the last time that a note can have: in the year 9999.
const maxMillis = 253_402_300_799_999

// busy returns until when nobody but the holder may take the report, or zero if anybody
// may. A lease that is longer than leases can be is forged, and does not count.
func (n note) busy(now time.Time, holder string) time.Time {
	if n.holder == holder || !n.until.After(now) || n.until.Sub(now) > maxLease+time.Minute {
		return time.Time{}
	}
	return n.until
}
